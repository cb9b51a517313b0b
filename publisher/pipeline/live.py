"""One publication on its way: claim it, plan it, and take turns with the ledger until nothing is left.

What leaves the house is on the books before it leaves, and what became of it after. What is known not to
have happened is tried again; what may have happened is not.
"""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event
from typing import cast

from publisher.channel import LiveChannel, LiveSession, Part, Receipt, Rendering, Session
from publisher.credentials import redact
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError
from publisher.failpoints import reach
from publisher.ledger import Claim, Key, Ledger, Result, Standing, State, Task
from publisher.ledger.account import retry, standing
from publisher.ledger.places import move, moved
from publisher.pipeline.clock import Clock
from publisher.pipeline.survey import Survey

_SECOND = dt.timedelta(seconds=1)
_LONGEST_PAUSE = 64.0
_MOST_TRIES = 8
_NAP = 1.0
"""How long it sleeps before it looks whether to stop, in seconds."""


@dataclass
class Live:
    """A rendering to be delivered by a channel. `patience` is for how many seconds it may wait in all for a
    platform that wants to be left alone; `stop` ends it after the window at hand. With `again` what failed is
    planned once more, and what was put off is due."""

    ledger: Ledger
    channel: LiveChannel
    key: Key
    rendering: Rendering
    survey: Survey
    clock: Clock
    patience: float
    stop: Event
    again: bool = False
    sent: int = 0
    changed: int = 0
    url: str = ""
    notes: list[str] = field(default_factory=list)
    _stopped_by: PublisherError | None = None
    _session: Session | None = None
    _rest_until: dt.datetime | None = None

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
            self.ledger.plan(
                claim,
                self.rendering.parts,
                self.channel.recipients(),
                self.clock.time(),
                keep=self.survey.keep,
            )
            reach("planned")
            with ExitStack() as stack:
                self._take_turns(claim, stack)
        finally:
            self.ledger.release(claim, self.clock.time())
        if self._stopped_by:
            raise self._stopped_by
        if fault := shortfall(standing(self.ledger, self.key)):
            raise fault

    @property
    def _lease(self) -> dt.timedelta:
        """Long enough for two of the slowest deliveries."""
        return 2 * self.channel.patience * _SECOND

    def _take_turns(self, claim: Claim, stack: ExitStack) -> None:
        results: list[Result] = []
        names = dict(moved(self.ledger, self.channel.name))
        while tasks := self._turn(claim, results) or self._turn_after_a_rest(claim):
            results = [self._result(task, names.get(task.recipient, task.recipient), stack) for task in tasks]
            for result in results:
                if result.moved_to:
                    names[result.task.recipient] = result.moved_to
                    move(self.ledger, self.channel.name, result.task.recipient, result.moved_to)

    def _turn(self, claim: Claim, results: list[Result], rest: float = 0.0) -> list[Task]:
        """Tell what came of the last tasks, and get the next; none when it is time to stop or to rest."""
        now = self.clock.time()
        idle = rest or self._resting(now) or self.stop.is_set() or self._stopped_by
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
        if due is None or self._stopped_by:
            return []
        rest = max(0.0, (due - self.clock.time()) / _SECOND)
        if rest > self.patience:
            return []
        self._turn(claim, [], rest)  # the claim must last longer than the rest
        self.patience -= rest
        while rest > 0 and not self.stop.is_set():
            self.clock.wait(min(rest, _NAP))
            rest -= _NAP
        self._rest_until = None
        return self._turn(claim, [])

    def _resting(self, now: dt.datetime) -> bool:
        return self._rest_until is not None and now < self._rest_until

    # ------------------------------------------------------------- one delivery

    def _result(self, task: Task, to: str, stack: ExitStack) -> Result:
        """Make one delivery, and say what came of it by whether its effect could exist."""
        if self._stopped_by or self._resting(self.clock.time()):
            return self._put_off(task, "", 0)
        try:
            if self._session is None:
                self._session = stack.enter_context(self.channel.session())
        except DeliveryError as error:
            return self._refused(task, error)
        except PublisherError as error:
            self._stopped_by = error
            return self._put_off(task, error.message, 0)
        try:
            reach("sending")
            receipt = self._act(self._session, task, to)
            reach("acted")
        except DeliveryError as error:
            return self._refused(task, error)
        except Exception as error:  # whatever it was, nobody knows whether it went out
            reason = redact(f"{type(error).__name__}: {error}")
            if self.channel.repeatable or task.remote_id:
                return self._refused(task, DeliveryError(reason))
            return Result(task, State.UNKNOWN, self.clock.time(), reason=reason)
        return self._arrived(task, receipt)

    def _act(self, session: Session, task: Task, to: str) -> Receipt:
        if not task.digest:
            return cast("LiveSession", session).withdraw(to, task.remote_id)
        part = self._part(task)
        if task.remote_id:
            return cast("LiveSession", session).update(part, to, task.remote_id)
        return session.deliver(part, to)

    def _part(self, task: Task) -> Part:
        for part in self.rendering.parts:
            if part.key == task.part and part.digest == task.digest:
                return part
        return self.ledger.part(task.digest, task.part)  # of the content it began with

    def _arrived(self, task: Task, receipt: Receipt) -> Result:
        if receipt.changed:
            self.sent += not task.remote_id
            self.changed += bool(task.remote_id)
        self.notes += receipt.notes
        self.url = self.url or receipt.url
        name = receipt.remote_id or (task.part if self.channel.repeatable else "")
        return Result(task, State.SENT, self.clock.time(), name, receipt.url, moved_to=receipt.moved_to)

    def _refused(self, task: Task, error: DeliveryError) -> Result:
        """What surely did not happen: over, or once more later."""
        reason = error.message + (f" · {error.hint}" if error.hint else "")
        if error.permanent or task.tries >= _MOST_TRIES:
            return Result(task, State.FAILED, self.clock.time(), reason=reason)
        pause = (
            min(2.0 ** (task.tries - 1), _LONGEST_PAUSE) if error.retry_after is None else error.retry_after
        )
        if error.retry_after is not None or self._session is None:  # it is not about this delivery alone
            self._rest_until = self.clock.time() + pause * _SECOND
        return self._put_off(task, reason, pause)

    def _put_off(self, task: Task, reason: str, pause: float) -> Result:
        now = self.clock.time()
        return Result(task, State.PLANNED, now, reason=reason, next_at=now + pause * _SECOND)


def shortfall(found: Standing | None) -> PublisherError | None:
    """What a publication lacks, as the error to tell; None when it is done."""
    if found is None or found.done:
        return None
    counts, channel = found.counts, found.key.channel
    issue = found.key.issue.rpartition("/")[2]
    why = f": {found.reasons[0]}" if found.reasons else ""
    if counts.unknown:
        return OutcomeUnknownError(
            f"{channel}: nobody knows whether {counts.unknown} of {counts.total} went out{why}",
            f"look there, then say what you saw: publish resolve {issue} --channel {channel}",
        )
    if counts.failed:
        return DeliveryError(
            f"{channel}: {counts.failed} of {counts.total} failed{why}",
            f"when that is mended: publish retry {issue} --channel {channel}",
        )
    if not counts.planned + counts.sending:
        return None
    when = f", not before {found.next_at:%H:%M:%S} UTC" if found.next_at else ""
    return DeliveryError(
        f"{channel}: {counts.planned + counts.sending} of {counts.total} wait{when}{why}",
        "publish again then",
    )
