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

from publisher.channel import MessageChannel, Part, Rendering
from publisher.clock import Clock
from publisher.delivery.plan import Changes
from publisher.delivery.sender import Sender, SendResult
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError
from publisher.failpoints import hit_failpoint
from publisher.ledger import (
    Delivery,
    DeliveryResult,
    DeliveryState,
    Lease,
    Ledger,
    PublicationKey,
    PublicationStatus,
)
from publisher.ledger.outputs import load_recipient_aliases, save_recipient_alias
from publisher.ledger.queries import find_status, retry_deliveries
from publisher.ledger.unknown import find_unresolved_deliveries, record_resolutions

if TYPE_CHECKING:
    from concurrent.futures import Executor

_SECOND = dt.timedelta(seconds=1)
_STOP_POLL_SECONDS = 1.0
"""How long it sleeps before it looks whether to stop, in seconds."""

_SKIPPED_REASON = "nobody knows whether it arrived, and it is not sent again"

_SECOND_PROBE_DELAY = 60.0
"""How long it waits before it believes that something did not arrive, in seconds."""


@dataclass
class DeliveryJob:
    """A rendering to be delivered by a channel. `patience` is for how many seconds it may wait in all for a
    platform that wants to be left alone; `stop` ends it after the window at hand. With `again` what failed is
    planned once more, and what was put off is due. `only` are the recipients it is for, if not for all."""

    ledger: Ledger
    channel: MessageChannel
    key: PublicationKey
    rendering: Rendering
    changes: Changes
    clock: Clock
    max_wait: float
    stop: Event
    is_retry: bool = False
    only_recipients: frozenset[str] | None = None
    sent: int = 0
    changed: int = 0
    url: str = ""
    notes: list[str] = field(default_factory=list)
    _aliases: dict[str, str] = field(default_factory=dict)
    _senders: list[Sender] = field(default_factory=list)
    _threads: Executor | None = None
    _fatal_error: PublisherError | None = None
    _paused_until: dt.datetime | None = None
    _planned_version: object = None

    def run(self) -> None:
        """Do it.

        Raises, besides what the ledger does, what keeps the channel from going on, and DeliveryError or
        OutcomeUnknownError when not everything arrived.
        """
        claim = self.ledger.claim(
            self.key, self.clock.time(), self._lease_duration, idempotent=self.channel.idempotent
        )
        try:
            if self.is_retry:
                retry_deliveries(self.ledger, self.key, self.clock.time())
            self._aliases = dict(load_recipient_aliases(self.ledger, self.channel.name))
            with ExitStack() as stack:
                self._senders = [
                    Sender(self.channel, self._get_part, self.clock.time)
                    for _ in range(self.channel.concurrency)
                ]
                for courier in self._senders:
                    stack.callback(courier.close)
                self._resolve_unknown(claim)  # before the plan, which knows who wants no mail any more
                self._plan(claim)
                self._run_batches(claim, stack)
                if self._resolve_unknown(claim):
                    self._run_batches(claim, stack)
        finally:
            self.ledger.release(claim, self.clock.time())
        if self._fatal_error:
            raise self._fatal_error
        if fault := find_delivery_error(find_status(self.ledger, self.key)):
            raise fault

    def _plan(self, claim: Lease) -> None:
        self._planned_version = getattr(self.channel, "recipients_version", None)  # before they are read
        recipients, now = iter(self.channel.recipients()), self.clock.time()
        if (only := self.only_recipients) is not None:
            recipients = (one for one in recipients if one in only)
        self.ledger.plan(claim, self.rendering.parts, recipients, now, keep_content=self.changes.keep_content)
        hit_failpoint("planned")

    def _replan_if_recipients_changed(self, claim: Lease) -> None:
        """Plan anew when the recipients are no longer those of the plan."""
        try:
            if getattr(self.channel, "recipients_version", None) != self._planned_version:
                self._plan(claim)
        except PublisherError as error:  # what came of the last tasks must be told all the same
            self._fatal_error = self._fatal_error or error

    @property
    def _lease_duration(self) -> dt.timedelta:
        """Long enough for two of the slowest deliveries."""
        return 2 * self.channel.timeout * _SECOND

    def _get_part(self, task: Delivery) -> Part:
        for part in self.rendering.parts:
            if part.key == task.part and part.digest == task.digest:
                return part
        return self.ledger.load_part(task.digest, task.part)  # of the content it began with

    # ------------------------------------------------------------------- turns

    def _run_batches(self, claim: Lease, stack: ExitStack) -> None:
        results: list[DeliveryResult] = []
        while tasks := self._checkpoint(claim, results) or self._checkpoint_after_pause(claim):
            answers = self._send_batch(tasks, stack)
            results = [answer.result for answer in answers]
            self._process_results(answers)

    def _checkpoint(self, claim: Lease, results: list[DeliveryResult], rest: float = 0.0) -> list[Delivery]:
        """Tell what came of the last tasks, and get the next; none when it is time to stop or to rest."""
        self._replan_if_recipients_changed(claim)
        now = self.clock.time()
        resting = rest or (self._paused_until and now < self._paused_until)
        idle = resting or self.stop.is_set() or self._fatal_error
        return self.ledger.checkpoint(
            claim,
            results,
            0 if idle else self.channel.concurrency,
            now,
            self._lease_duration + rest * _SECOND,
            ordered=self.channel.ordered,
        )

    def _checkpoint_after_pause(self, claim: Lease) -> list[Delivery]:
        """The tasks that were put off, when their time has come; none when nothing waits or not so long."""
        due = self._paused_until or self.ledger.find_next_attempt(claim)
        if due is None or self._fatal_error or self.stop.is_set():
            return []
        rest = max(0.0, (due - self.clock.time()) / _SECOND)
        if rest > self.max_wait:
            return []
        if rest:  # else it would give out tasks
            self._checkpoint(claim, [], rest)  # the claim must last longer than the rest
        self.max_wait -= rest
        self._wait(rest)
        self._paused_until = None
        return self._checkpoint(claim, [])

    def _wait(self, rest: float) -> None:
        while rest > 0 and not self.stop.is_set():
            self.clock.wait(min(rest, _STOP_POLL_SECONDS))
            rest -= _STOP_POLL_SECONDS

    def _send_batch(self, tasks: Sequence[Delivery], stack: ExitStack) -> list[SendResult]:
        """Make the deliveries of a window, each over a connection of its own."""
        work = [
            (courier, task, self._aliases.get(task.recipient, task.recipient))
            for courier, task in zip(self._senders, tasks, strict=False)
        ]
        if len(work) == 1:
            [(courier, task, to)] = work
            return [courier.send(task, to)]
        return list(self._thread_pool(stack).map(lambda one: one[0].send(*one[1:]), work))

    def _thread_pool(self, stack: ExitStack) -> Executor:
        """As many threads as there are couriers."""
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor

            self._threads = stack.enter_context(ThreadPoolExecutor(self.channel.concurrency))
        return self._threads

    def _process_results(self, answers: Sequence[SendResult]) -> None:
        """See what the answers mean for the publication as a whole."""
        for answer in answers:
            task = answer.result.delivery
            self._fatal_error = self._fatal_error or answer.fatal_error
            if answer.pause:
                until = answer.result.ended_at + answer.pause * _SECOND
                self._paused_until = max(self._paused_until or until, until)
            if receipt := answer.receipt:
                self.sent += receipt.changed and not task.remote_id
                self.changed += receipt.changed and bool(task.remote_id)
                self.notes += receipt.notes
                self.url = self.url or receipt.url
            if to := answer.result.moved_to:
                self._aliases[task.recipient] = to
                save_recipient_alias(self.ledger, self.channel.name, task.recipient, to)

    # ------------------------------------------------------------------ doubts

    def _resolve_unknown(self, claim: Lease) -> bool:
        """Settle what is unknown, where the channel has a rule for it or its platform can be asked; whether
        anything was."""
        found = find_unresolved_deliveries(self.ledger, claim)
        if not found or self._fatal_error:
            return False
        match getattr(self.channel, "uncertain", "ask"):
            case "resend":
                again = [task for task in found if task.tries == 1]  # once
                results = [
                    DeliveryResult(task, DeliveryState.PLANNED, self.clock.time(), reason="once more")
                    for task in again
                ]
            case "skip":
                results = [
                    DeliveryResult(task, DeliveryState.DROPPED, self.clock.time(), reason=_SKIPPED_REASON)
                    for task in found
                ]
                self.notes += [f"nobody knows whether {task.recipient} got it" for task in found]
            case _:
                results = self._probe(claim, found)
        record_resolutions(self.ledger, claim, results)
        return bool(results)

    def _probe(self, claim: Lease, found: Sequence[Delivery]) -> list[DeliveryResult]:
        """Ask the platform for each. What is not there the first time may be about to arrive."""
        courier, results = self._senders[0], []
        with suppress(PublisherError):  # nobody answers: it stays unknown
            if not courier.can_probe:
                return []
            for task in found:
                to = self._aliases.get(task.recipient, task.recipient)
                receipt = courier.probe(task, to)
                if receipt is None:
                    self._checkpoint(claim, [], _SECOND_PROBE_DELAY)  # the claim must last longer
                    self._wait(_SECOND_PROBE_DELAY)
                    if self.stop.is_set():  # too early to believe that it is not there
                        break
                    receipt = courier.probe(task, to)
                state = DeliveryState.SENT if receipt else DeliveryState.PLANNED
                name, url = (receipt.remote_id, receipt.url) if receipt else ("", "")
                self.sent += state is DeliveryState.SENT
                self.url = self.url or url
                told = "found" if receipt else "looked for twice, and not there"
                results.append(DeliveryResult(task, state, self.clock.time(), name, url, told))
        return results


def find_delivery_error(status: PublicationStatus | None) -> PublisherError | None:
    """What a publication lacks, as the error to tell; None when it is done."""
    if status is None or status.done:
        return None
    counts, channel = status.counts, status.key.channel
    _, slash, issue = status.key.issue.rpartition("/")  # what is of no issue is of the newsletter
    which = f" {issue} --channel {channel}" if slash else ""
    why = f": {status.reasons[0]}" if status.reasons else ""
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
    when = f", not before {status.next_at:%Y-%m-%d %H:%M:%S} UTC" if status.next_at else ""
    return DeliveryError(f"{waiting} of {counts.total} wait{when}{why}", "publish again then")
