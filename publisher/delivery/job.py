"""Delivers one publication: lease it, plan it, and send batch after batch until nothing is left.

Each delivery is recorded in the ledger before it is sent, and its result afterwards. What was certainly not
sent is retried; what may have been sent is not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from threading import Event
from typing import TYPE_CHECKING

from msgspec import Struct, field

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
"""While pending, the job checks at this interval whether to stop."""

_SKIPPED_REASON = "unknown whether it arrived; not sent again"

_SECOND_PROBE_DELAY = 60.0
"""Seconds until the platform is asked again about a message it does not have; it may still arrive."""


class DeliveryJob(Struct):
    """Delivers a rendering over one channel.

    `max_wait` limits the total time spent waiting for rate limits, in seconds; `stop` ends the job after the
    current batch. With `is_retry` failed deliveries are planned again and postponed ones are due now.
    `only_recipients` restricts the job to some recipients; None means all.
    """

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
        """Deliver.

        Raises the errors of the ledger, any error that stops the whole channel, and DeliveryError or
        OutcomeUnknownError if not everything was delivered.
        """
        lease = self.ledger.claim(
            self.key, self.clock.time(), self._lease_duration, idempotent=self.channel.capabilities.idempotent
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
                for sender in self._senders:
                    stack.callback(sender.close)
                self._resolve_unknown(lease)  # before planning, which drops recipients who have unsubscribed
                self._plan(lease)
                self._run_batches(lease, stack)
                if self._resolve_unknown(lease):
                    self._run_batches(lease, stack)
        finally:
            self.ledger.release(lease, self.clock.time())
        if self._fatal_error:
            raise self._fatal_error
        if error := find_delivery_error(find_status(self.ledger, self.key)):
            raise error

    def _plan(self, lease: Lease) -> None:
        # read before the recipients, so that no later change is missed
        self._planned_version = self.channel.recipients_version
        recipients, now = iter(self.channel.recipients()), self.clock.time()
        if (only := self.only_recipients) is not None:
            recipients = (recipient for recipient in recipients if recipient in only)
        self.ledger.plan(lease, self.rendering.parts, recipients, now, keep_content=self.changes.keep_content)
        hit_failpoint("planned")

    def _replan_if_recipients_changed(self, lease: Lease) -> None:
        """Plan again if the list of recipients has changed."""
        try:
            if self.channel.recipients_version != self._planned_version:
                self._plan(lease)
        except PublisherError as error:  # the results of the last batch must still be recorded
            self._fatal_error = self._fatal_error or error

    @property
    def _lease_duration(self) -> dt.timedelta:
        """Twice the longest time that one delivery may take."""
        return 2 * self.channel.capabilities.timeout * _SECOND

    def _get_part(self, delivery: Delivery) -> Part:
        for part in self.rendering.parts:
            if part.key == delivery.part and part.digest == delivery.digest:
                return part
        return self.ledger.load_part(delivery.digest, delivery.part)  # of the original content

    # ----------------------------------------------------------------- batches

    def _run_batches(self, lease: Lease, stack: ExitStack) -> None:
        results: list[DeliveryResult] = []
        while deliveries := self._checkpoint(lease, results) or self._checkpoint_after_pause(lease):
            batch_results = self._send_batch(deliveries, stack)
            results = [sent.result for sent in batch_results]
            self._process_results(batch_results)

    def _checkpoint(
        self, lease: Lease, results: list[DeliveryResult], extend_lease: float = 0.0
    ) -> list[Delivery]:
        """Record the results of the last batch and return the next one; empty if the job must stop or pause.

        `extend_lease`: seconds that the lease must last longer; no deliveries are returned then.
        """
        self._replan_if_recipients_changed(lease)
        now = self.clock.time()
        paused = extend_lease or (self._paused_until and now < self._paused_until)
        idle = paused or self.stop.is_set() or self._fatal_error
        return self.ledger.checkpoint(
            lease,
            results,
            0 if idle else self.channel.concurrency,
            now,
            self._lease_duration + extend_lease * _SECOND,
            ordered=self.channel.capabilities.ordered,
        )

    def _checkpoint_after_pause(self, lease: Lease) -> list[Delivery]:
        """Wait until postponed deliveries are due, and return them.

        Empty if there are none, or if they are due later than `max_wait` allows.
        """
        due = self._paused_until or self.ledger.find_next_attempt(lease)
        if due is None or self._fatal_error or self.stop.is_set():
            return []
        pause = max(0.0, (due - self.clock.time()) / _SECOND)
        if pause > self.max_wait:
            return []
        if pause:  # without a pause this would return deliveries
            self._checkpoint(lease, [], pause)  # the lease must outlast the pause
        self.max_wait -= pause
        self._wait(pause)
        self._paused_until = None
        return self._checkpoint(lease, [])

    def _wait(self, pause: float) -> None:
        while pause > 0 and not self.stop.is_set():
            self.clock.wait(min(pause, _STOP_POLL_SECONDS))
            pause -= _STOP_POLL_SECONDS

    def _send_batch(self, deliveries: Sequence[Delivery], stack: ExitStack) -> list[SendResult]:
        """Send a batch, each delivery over its own connection."""
        jobs = [
            (sender, delivery, self._aliases.get(delivery.recipient, delivery.recipient))
            for sender, delivery in zip(self._senders, deliveries, strict=False)
        ]
        if len(jobs) == 1:
            [(sender, delivery, to)] = jobs
            return [sender.send(delivery, to)]
        return list(self._thread_pool(stack).map(lambda job: job[0].send(*job[1:]), jobs))

    def _thread_pool(self, stack: ExitStack) -> Executor:
        """Return the pool, with one thread per connection."""
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor

            self._threads = stack.enter_context(ThreadPoolExecutor(self.channel.concurrency))
        return self._threads

    def _process_results(self, batch_results: Sequence[SendResult]) -> None:
        """Update the state of the job: counts, notes, pauses, fatal errors, moved recipients."""
        for sent in batch_results:
            delivery = sent.result.delivery
            self._fatal_error = self._fatal_error or sent.fatal_error
            if sent.pause:
                until = sent.result.ended_at + sent.pause * _SECOND
                self._paused_until = max(self._paused_until or until, until)
            if receipt := sent.receipt:
                self.sent += receipt.changed and not delivery.remote_id
                self.changed += receipt.changed and bool(delivery.remote_id)
                self.notes += receipt.notes
                self.url = self.url or receipt.url
            if to := sent.result.moved_to:
                self._aliases[delivery.recipient] = to
                save_recipient_alias(self.ledger, self.channel.name, delivery.recipient, to)

    # -------------------------------------------------------- unknown outcomes

    def _resolve_unknown(self, lease: Lease) -> bool:
        """Resolve unknown deliveries by the rule of the channel, or by asking the platform.

        Return whether any was resolved.
        """
        unresolved = find_unresolved_deliveries(self.ledger, lease)
        if not unresolved or self._fatal_error:
            return False
        match self.channel.on_unknown:
            case "resend":
                first_tries = [delivery for delivery in unresolved if delivery.tries == 1]  # resent only once
                results = [
                    DeliveryResult(delivery, DeliveryState.PLANNED, self.clock.time(), reason="sent again")
                    for delivery in first_tries
                ]
            case "skip":
                results = [
                    DeliveryResult(delivery, DeliveryState.DROPPED, self.clock.time(), reason=_SKIPPED_REASON)
                    for delivery in unresolved
                ]
                self.notes += [f"unknown whether {delivery.recipient} received it" for delivery in unresolved]
            case _ if self.channel.capabilities.can_probe:
                results = self._probe(lease, unresolved)
            case _:
                results = []
        record_resolutions(self.ledger, lease, results)
        return bool(results)

    def _probe(self, lease: Lease, unresolved: Sequence[Delivery]) -> list[DeliveryResult]:
        """Ask the platform about each delivery, twice if it is not found: it may still be on its way."""
        sender, results = self._senders[0], []
        with suppress(PublisherError):  # no answer: they stay unknown
            for delivery in unresolved:
                to = self._aliases.get(delivery.recipient, delivery.recipient)
                receipt = sender.probe(delivery, to)
                if receipt is None:
                    self._checkpoint(lease, [], _SECOND_PROBE_DELAY)  # the lease must outlast the wait
                    self._wait(_SECOND_PROBE_DELAY)
                    if self.stop.is_set():  # too early to conclude that it was not sent
                        break
                    receipt = sender.probe(delivery, to)
                state = DeliveryState.SENT if receipt else DeliveryState.PLANNED
                remote_id, url = (receipt.remote_id, receipt.url) if receipt else ("", "")
                self.sent += state is DeliveryState.SENT
                self.url = self.url or url
                reason = "found on the platform" if receipt else "not found on the platform, asked twice"
                results.append(DeliveryResult(delivery, state, self.clock.time(), remote_id, url, reason))
        return results


def find_delivery_error(status: PublicationStatus | None) -> PublisherError | None:
    """Return why a publication is not complete, as an error; None if it is done."""
    if status is None or status.done:
        return None
    counts, channel = status.counts, status.key.channel
    _, slash, issue = status.key.issue.rpartition("/")  # no slash: of the newsletter, not of an issue
    which = f" {issue} --channel {channel}" if slash else ""
    why = f": {status.reasons[0]}" if status.reasons else ""
    if counts.unknown:
        return OutcomeUnknownError(
            f"unknown whether {counts.unknown} of {counts.total} were sent{why}",
            f"check the destination, then run publish resolve{which}",
        )
    if counts.failed:
        return DeliveryError(
            f"{counts.failed} of {counts.total} failed{why}",
            f"when the cause is fixed: publish retry{which}",
        )
    pending = counts.planned + counts.sending
    if not pending:
        return None
    when = f", next attempt {status.next_at:%Y-%m-%d %H:%M:%S} UTC" if status.next_at else ""
    return DeliveryError(f"{pending} of {counts.total} not sent yet{when}{why}", "run publish again then")
