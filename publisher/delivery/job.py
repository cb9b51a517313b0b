"""One publication on its way: claim it, plan it, and take turns with the ledger until nothing is left.

What leaves the house is on the books before it leaves, and what became of it after. What is known not to
have happened is tried again; what may have happened is not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from publisher.channel import LiveChannel, Part, Rendering
from publisher.clock import Clock
from publisher.delivery.plan import Survey
from publisher.delivery.sender import Answer, Courier
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError
from publisher.failpoints import reach
from publisher.ledger import Claim, Key, Ledger, Result, Standing, State, Task
from publisher.ledger.outputs import move, moved
from publisher.ledger.queries import retry, standing
from publisher.ledger.unknown import doubts, settle

if TYPE_CHECKING:
    from concurrent.futures import Executor

_SECOND = dt.timedelta(seconds=1)
_NAP = 1.0
"""How long it sleeps before it looks whether to stop, in seconds."""

_SKIPPED = "nobody knows whether it arrived, and it is not sent again"

_SECOND_LOOK = 60.0
"""How long it waits before it believes that something did not arrive, in seconds."""


@dataclass
class Live:
    """A rendering to be delivered by a channel. `patience` is for how many seconds it may wait in all for a
    platform that wants to be left alone; `stop` ends it after the window at hand. With `again` what failed is
    planned once more, and what was put off is due. `only` are the recipients it is for, if not for all."""

    ledger: Ledger
    channel: LiveChannel
    key: Key
    rendering: Rendering
    survey: Survey
    clock: Clock
    patience: float
    stop: Event
    again: bool = False
    only: frozenset[str] | None = None
    sent: int = 0
    changed: int = 0
    url: str = ""
    notes: list[str] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    _couriers: list[Courier] = field(default_factory=list)
    _threads: Executor | None = None
    _fault: PublisherError | None = None
    _rest_until: dt.datetime | None = None
    _planned_for: object = None

    def deliver(self) -> None:
        """Do it.

        Raises, besides what the ledger does, what keeps the channel from going on, and DeliveryError or
        OutcomeUnknownError when not everything arrived.
        """
        claim = self.ledger.claim(
            self.key, self.clock.time(), self._lease, repeatable=self.channel.repeatable
        )
        try:
            if self.again:
                retry(self.ledger, self.key, self.clock.time())
            self._names = dict(moved(self.ledger, self.channel.name))
            with ExitStack() as stack:
                self._couriers = [
                    Courier(self.channel, self._content, self.clock.time) for _ in range(self.channel.window)
                ]
                for courier in self._couriers:
                    stack.callback(courier.close)
                self._settle_doubts(claim)  # before the plan, which knows who wants no mail any more
                self._plan(claim)
                self._take_turns(claim, stack)
                if self._settle_doubts(claim):
                    self._take_turns(claim, stack)
        finally:
            self.ledger.release(claim, self.clock.time())
        if self._fault:
            raise self._fault
        if fault := shortfall(standing(self.ledger, self.key)):
            raise fault

    def _plan(self, claim: Claim) -> None:
        self._planned_for = getattr(self.channel, "recipients_state", None)  # before they are read
        recipients, now = iter(self.channel.recipients()), self.clock.time()
        if (only := self.only) is not None:
            recipients = (one for one in recipients if one in only)
        self.ledger.plan(claim, self.rendering.parts, recipients, now, keep=self.survey.keep)
        reach("planned")

    def _look_for_others(self, claim: Claim) -> None:
        """Plan anew when the recipients are no longer those of the plan."""
        try:
            if getattr(self.channel, "recipients_state", None) != self._planned_for:
                self._plan(claim)
        except PublisherError as error:  # what came of the last tasks must be told all the same
            self._fault = self._fault or error

    @property
    def _lease(self) -> dt.timedelta:
        """Long enough for two of the slowest deliveries."""
        return 2 * self.channel.patience * _SECOND

    def _content(self, task: Task) -> Part:
        for part in self.rendering.parts:
            if part.key == task.part and part.digest == task.digest:
                return part
        return self.ledger.part(task.digest, task.part)  # of the content it began with

    # ------------------------------------------------------------------- turns

    def _take_turns(self, claim: Claim, stack: ExitStack) -> None:
        results: list[Result] = []
        while tasks := self._turn(claim, results) or self._turn_after_a_rest(claim):
            answers = self._make(tasks, stack)
            results = [answer.result for answer in answers]
            self._note(answers)

    def _turn(self, claim: Claim, results: list[Result], rest: float = 0.0) -> list[Task]:
        """Tell what came of the last tasks, and get the next; none when it is time to stop or to rest."""
        self._look_for_others(claim)
        now = self.clock.time()
        resting = rest or (self._rest_until and now < self._rest_until)
        idle = resting or self.stop.is_set() or self._fault
        return self.ledger.turn(
            claim,
            results,
            0 if idle else self.channel.window,
            now,
            self._lease + rest * _SECOND,
            ordered=self.channel.ordered,
        )

    def _turn_after_a_rest(self, claim: Claim) -> list[Task]:
        """The tasks that were put off, when their time has come; none when nothing waits or not so long."""
        due = self._rest_until or self.ledger.next_at(claim)
        if due is None or self._fault or self.stop.is_set():
            return []
        rest = max(0.0, (due - self.clock.time()) / _SECOND)
        if rest > self.patience:
            return []
        if rest:  # else it would give out tasks
            self._turn(claim, [], rest)  # the claim must last longer than the rest
        self.patience -= rest
        self._wait(rest)
        self._rest_until = None
        return self._turn(claim, [])

    def _wait(self, rest: float) -> None:
        while rest > 0 and not self.stop.is_set():
            self.clock.wait(min(rest, _NAP))
            rest -= _NAP

    def _make(self, tasks: Sequence[Task], stack: ExitStack) -> list[Answer]:
        """Make the deliveries of a window, each over a connection of its own."""
        work = [
            (courier, task, self._names.get(task.recipient, task.recipient))
            for courier, task in zip(self._couriers, tasks, strict=False)
        ]
        if len(work) == 1:
            [(courier, task, to)] = work
            return [courier.make(task, to)]
        return list(self._hands(stack).map(lambda one: one[0].make(*one[1:]), work))

    def _hands(self, stack: ExitStack) -> Executor:
        """As many threads as there are couriers."""
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor

            self._threads = stack.enter_context(ThreadPoolExecutor(self.channel.window))
        return self._threads

    def _note(self, answers: Sequence[Answer]) -> None:
        """See what the answers mean for the publication as a whole."""
        for answer in answers:
            task = answer.result.task
            self._fault = self._fault or answer.fault
            if answer.rest:
                until = answer.result.at + answer.rest * _SECOND
                self._rest_until = max(self._rest_until or until, until)
            if receipt := answer.receipt:
                self.sent += receipt.changed and not task.remote_id
                self.changed += receipt.changed and bool(task.remote_id)
                self.notes += receipt.notes
                self.url = self.url or receipt.url
            if to := answer.result.moved_to:
                self._names[task.recipient] = to
                move(self.ledger, self.channel.name, task.recipient, to)

    # ------------------------------------------------------------------ doubts

    def _settle_doubts(self, claim: Claim) -> bool:
        """Settle what is unknown, where the channel has a rule for it or its platform can be asked; whether
        anything was."""
        found = doubts(self.ledger, claim)
        if not found or self._fault:
            return False
        match getattr(self.channel, "uncertain", "ask"):
            case "resend":
                again = [task for task in found if task.tries == 1]  # once
                results = [
                    Result(task, State.PLANNED, self.clock.time(), reason="once more") for task in again
                ]
            case "skip":
                results = [Result(task, State.DROPPED, self.clock.time(), reason=_SKIPPED) for task in found]
                self.notes += [f"nobody knows whether {task.recipient} got it" for task in found]
            case _:
                results = self._look_for(claim, found)
        settle(self.ledger, claim, results)
        return bool(results)

    def _look_for(self, claim: Claim, found: Sequence[Task]) -> list[Result]:
        """Ask the platform for each. What is not there the first time may be about to arrive."""
        courier, results = self._couriers[0], []
        with suppress(PublisherError):  # nobody answers: it stays unknown
            if not courier.can_find:
                return []
            for task in found:
                to = self._names.get(task.recipient, task.recipient)
                receipt = courier.find(task, to)
                if receipt is None:
                    self._turn(claim, [], _SECOND_LOOK)  # the claim must last longer
                    self._wait(_SECOND_LOOK)
                    if self.stop.is_set():  # too early to believe that it is not there
                        break
                    receipt = courier.find(task, to)
                state = State.SENT if receipt else State.PLANNED
                name, url = (receipt.remote_id, receipt.url) if receipt else ("", "")
                self.sent += state is State.SENT
                self.url = self.url or url
                told = "found" if receipt else "looked for twice, and not there"
                results.append(Result(task, state, self.clock.time(), name, url, told))
        return results


def shortfall(found: Standing | None) -> PublisherError | None:
    """What a publication lacks, as the error to tell; None when it is done."""
    if found is None or found.done:
        return None
    counts, channel = found.counts, found.key.channel
    _, slash, issue = found.key.issue.rpartition("/")  # what is of no issue is of the newsletter
    which = f" {issue} --channel {channel}" if slash else ""
    why = f": {found.reasons[0]}" if found.reasons else ""
    if counts.unknown:
        return OutcomeUnknownError(
            f"nobody knows whether {counts.unknown} of {counts.total} went out{why}",
            f"look there, then say what you saw: publish resolve{which}",
        )
    if counts.failed:
        return DeliveryError(
            f"{counts.failed} of {counts.total} failed{why}",
            f"when that is mended: publish retry{which}",
        )
    waiting = counts.planned + counts.sending
    if not waiting:
        return None
    when = f", not before {found.next_at:%Y-%m-%d %H:%M:%S} UTC" if found.next_at else ""
    return DeliveryError(f"{waiting} of {counts.total} wait{when}{why}", "publish again then")
