"""Delivers one publication: lease it, plan it, and send batch after batch until nothing is left.

Each delivery is recorded in the ledger before it is sent, and its result afterwards. What was certainly not
sent is retried; what may have been sent is not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from threading import Event

from msgspec import Struct, field

from publisher.channel import MessageChannel, Part
from publisher.clock import Clock
from publisher.delivery.plan import DeliveryPlan, find_delivery_error
from publisher.delivery.recipients import LONGEST_WAIT, use_recipients
from publisher.delivery.sender import Sender
from publisher.errors import PublisherError
from publisher.failpoints import hit_failpoint
from publisher.ledger import Delivery, DeliveryState, Lease, Ledger, Result
from publisher.ledger.destinations import load_destination_ids, record_destination_id
from publisher.ledger.queries import find_status, retry_deliveries
from publisher.ledger.unknown import find_unresolved_deliveries, record_resolutions

_SECOND = dt.timedelta(seconds=1)
_STOP_POLL_SECONDS = 1.0
"""While pending, the job checks at this interval whether to stop."""

_SKIPPED_REASON = "unknown whether it arrived; not sent again"

_SECOND_PROBE_DELAY = 60.0
"""Seconds until the platform is asked again about a message it does not have; it may still arrive."""


class DeliveryJob(Struct):
    """Carries out a plan.

    `max_wait` limits the total time spent waiting for rate limits, in seconds; `stop` ends the job after the
    current batch. `zone` is the newsletter's time zone. With `is_retry` failed deliveries are planned again and
    postponed ones are due now; to what is complete no recipient is added. With `accept_fewer` the list may be much
    shorter than before. `unlisted` counts the deliveries whose recipients left the list before their turn.
    """

    ledger: Ledger
    plan: DeliveryPlan
    clock: Clock
    max_wait: float
    stop: Event
    zone: dt.tzinfo
    is_retry: bool = False
    accept_fewer: bool = False
    sent: int = 0
    changed: int = 0
    unlisted: int = 0
    url: str = ""
    notes: list[str] = field(default_factory=list)
    _destination_ids: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _senders: list[Sender] = field(default_factory=list)
    _map: Callable[..., Iterable[Result]] = map
    _fatal_error: PublisherError | None = None
    _paused_until: dt.datetime | None = None
    _planned_version: object = None

    def run(self) -> None:
        """Deliver.

        Raises the errors of the ledger, any error that stops the whole channel, and DeliveryError or
        OutcomeUnknownError if not everything was delivered.
        """
        key, can = self.plan.key, self.channel.capabilities
        first_lease = self._lease_duration + LONGEST_WAIT  # for the list
        lease = self.ledger.claim(key, self.clock.time(), first_lease, idempotent=can.idempotent)
        try:
            if self.is_retry:
                retry_deliveries(self.ledger, key, self.clock.time())
            self._destination_ids = load_destination_ids(self.ledger, self.channel.name)
            with ExitStack() as stack:
                self._open_senders(stack)
                self._resolve_unknown(lease)  # before planning, which drops recipients who have unsubscribed
                self._plan(lease)
                self._deliver(lease)
                if self._resolve_unknown(lease):
                    self._deliver(lease)
        finally:
            self.ledger.release(lease, self.clock.time())
        status, before = find_status(self.ledger, key), self.plan.status
        if status:
            self.unlisted = max(0, status.counts.unlisted - (before.counts.unlisted if before else 0))
        if self._fatal_error:
            raise self._fatal_error
        if error := find_delivery_error(status):
            raise error

    @property
    def channel(self) -> MessageChannel:
        """The channel of the plan."""
        return self.plan.channel

    @property
    def _lease_duration(self) -> dt.timedelta:
        """Twice the longest time that one delivery may take."""
        return 2 * self.channel.capabilities.timeout * _SECOND

    def _open_senders(self, stack: ExitStack) -> None:
        """Make a sender for each connection, and threads if there are several."""
        count = self.channel.concurrency
        self._senders = [Sender(self.channel, self._get_part, self.clock.time, self.zone) for _ in range(count)]
        for sender in self._senders:
            stack.callback(sender.close)
        if count > 1:
            from concurrent.futures import ThreadPoolExecutor

            self._map = stack.enter_context(ThreadPoolExecutor(count)).map

    def _get_part(self, delivery: Delivery) -> Part:
        for part in self.plan.rendering.parts:
            if part.key == delivery.part and part.digest == delivery.digest:
                return part
        return self.ledger.load_part(delivery.digest, delivery.part)  # of the original content

    def _plan(self, lease: Lease) -> None:
        only, status = self.plan.only_recipients, self.plan.status
        is_complete = status is not None and status.published is not None

        def plan(recipients: Iterable[str]) -> None:
            self.ledger.plan(
                lease,
                self.plan.rendering.parts,
                map(self._identify, recipients),
                self.clock.time(),
                keep_content=self.plan.keep_content,
                only=only,
                add_recipients=not (is_complete and self.is_retry and only is None),
                accept_fewer=self.accept_fewer,
            )

        self._planned_version, _ = use_recipients(self.channel, self.clock, self.stop, plan)
        hit_failpoint("planned")

    def _plan_changed_list(self, lease: Lease) -> None:
        try:
            self._plan(lease)
        except PublisherError as error:  # what is not sent yet stays planned
            self._fatal_error = error

    def _is_list_changed(self) -> bool:
        if self.stop.is_set() or self._fatal_error:
            return False
        try:
            return self.channel.recipients_version != self._planned_version
        except PublisherError as error:  # the results of the last batch must still be recorded
            self._fatal_error = error
            return False

    def _identify(self, name: str) -> str:
        """Return the platform's id of a recipient whose id is known, else the name."""
        recipient = self._destination_ids.get(name, name)
        if recipient != name:
            self._names[recipient] = name
        return recipient

    # ----------------------------------------------------------------- batches

    def _deliver(self, lease: Lease) -> None:
        """Deliver batch after batch, each on disk before it is sent, until nothing is left or can be done."""
        results: list[Result] = []
        while batch := self._fetch(lease, results) or self._wait_and_fetch(lease):
            addresses = [self._get_address(delivery) for delivery in batch]
            results = list(self._map(Sender.send, self._senders, batch, addresses))
            self._finish(lease, results, addresses)

    def _fetch(self, lease: Lease, results: Sequence[Result], extend_lease: float = 0.0) -> list[Delivery]:
        """Record the results of the last batch and return the next one; empty if the job must stop or pause.

        `extend_lease`: seconds that the lease must last longer; no deliveries are returned then.
        """
        duration = self._lease_duration + extend_lease * _SECOND
        if self._is_list_changed():  # first, so that who has unsubscribed gets nothing more
            # the list may have to be waited for, and results must not be lost meanwhile
            self.ledger.checkpoint(lease, results, 0, self.clock.time(), duration + LONGEST_WAIT)
            results = ()
            self._plan_changed_list(lease)
        now = self.clock.time()
        is_paused = extend_lease or (self._paused_until and now < self._paused_until)
        is_idle = is_paused or self.stop.is_set() or self._fatal_error
        limit = 0 if is_idle else self.channel.concurrency
        return self.ledger.checkpoint(lease, results, limit, now, duration, ordered=self.channel.capabilities.ordered)

    def _wait_and_fetch(self, lease: Lease) -> list[Delivery]:
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
            self._fetch(lease, [], pause)  # the lease must outlast the pause
        self.max_wait -= pause
        self._wait(pause)
        self._paused_until = None
        return self._fetch(lease, [])

    def _wait(self, pause: float) -> None:
        while pause > 0 and not self.stop.is_set():
            self.clock.wait(min(pause, _STOP_POLL_SECONDS))
            pause -= _STOP_POLL_SECONDS

    def _get_address(self, delivery: Delivery) -> str:
        """Return where to send a delivery: what no one has yet, to the name in publisher.toml, which may lead to
        another chat than before; the rest to the same chat as what is there."""
        status = self.plan.status
        if self.sent or delivery.remote_id or (status and status.counts.sent):
            return delivery.recipient
        return self._names.get(delivery.recipient, delivery.recipient)

    def _finish(self, lease: Lease, results: Sequence[Result], addresses: Sequence[str]) -> None:
        """Update the state of the job: counts, notes, pauses, fatal errors, ids of destinations."""
        for result, address in zip(results, addresses, strict=True):
            delivery, receipt = result.delivery, result.receipt
            self._fatal_error = self._fatal_error or result.fatal_error
            if result.pauses_channel and (until := result.next_at):
                self._paused_until = max(self._paused_until or until, until)
            if receipt:
                self.sent += receipt.changed and not delivery.remote_id
                self.changed += receipt.changed and bool(delivery.remote_id)
                self.notes += receipt.notes
                self.url = self.url or receipt.url
            id_ = receipt.destination if receipt else result.moved_to
            if id_ not in ("", delivery.recipient):
                record_destination_id(self.ledger, lease, self.channel.name, address, id_)

    # -------------------------------------------------------- unknown outcomes

    def _resolve_unknown(self, lease: Lease) -> bool:
        """Resolve unknown deliveries by the rule of the channel, or by asking the platform.

        Return whether any was resolved.
        """
        unresolved = find_unresolved_deliveries(self.ledger, lease)
        if not unresolved or self._fatal_error:
            return False
        now, can_probe = self.clock.time(), self.channel.capabilities.can_probe
        match self.channel.on_unknown:
            case "resend":
                results = [
                    Result(delivery, DeliveryState.PLANNED, now, reason="sent again")
                    for delivery in unresolved
                    if delivery.tries == 1  # resent only once
                ]
            case "skip":
                results = [
                    Result(delivery, DeliveryState.DROPPED, now, reason=_SKIPPED_REASON) for delivery in unresolved
                ]
                self.notes += [f"unknown whether {delivery.recipient} received it" for delivery in unresolved]
            case _:
                results = self._probe(lease, unresolved) if can_probe else []
        record_resolutions(self.ledger, lease, results)
        return bool(results)

    def _probe(self, lease: Lease, unresolved: Sequence[Delivery]) -> list[Result]:
        """Ask the platform about each delivery, twice if it is not found: it may still be on its way."""
        sender, results = self._senders[0], []
        with suppress(PublisherError):  # no answer: they stay unknown
            for delivery in unresolved:
                to = self._get_address(delivery)
                receipt = sender.probe(delivery, to)
                if receipt is None:
                    self._fetch(lease, [], _SECOND_PROBE_DELAY)  # the lease must outlast the wait
                    self._wait(_SECOND_PROBE_DELAY)
                    if self.stop.is_set():  # too early to conclude that it was not sent
                        break
                    receipt = sender.probe(delivery, to)
                state = DeliveryState.SENT if receipt else DeliveryState.PLANNED
                if receipt:
                    self.sent += 1
                    self.url = self.url or receipt.url
                reason = "found on the platform" if receipt else "not found on the platform, asked twice"
                results.append(Result(delivery, state, self.clock.time(), receipt, reason))
        return results
