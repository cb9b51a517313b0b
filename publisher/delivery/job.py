"""Delivers one publication: lease it, plan it, and send until nothing is left.

Each delivery is recorded in the ledger before it is sent, and its result afterwards. What was certainly not
sent is retried; what may have been sent is not. No thread sleeps until a rate limit allows the next delivery: the
ledger gives out what can be sent now, in one lane or another.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Event

from msgspec import Struct, field

from publisher.channel import MessageChannel, Part, RateLimit
from publisher.clock import Clock
from publisher.delivery.held_lease import HeldLease
from publisher.delivery.lanes import LaneRefusals, OpenQueues
from publisher.delivery.plan import DeliveryPlan, find_delivery_error
from publisher.delivery.recipients import LONGEST_WAIT, require_subscribers, use_recipients
from publisher.delivery.sender import Sender
from publisher.delivery.sender_pool import AddressedResult, SenderPool
from publisher.delivery.unknown_outcomes import can_ask_platform, resolve_by_rule
from publisher.errors import DeliveryError, PublisherError
from publisher.failpoints import hit_failpoint
from publisher.ledger import Delivery, DeliveryState, Ledger, Result
from publisher.ledger.closed_lanes import close_lane
from publisher.ledger.destinations import load_destination_ids, record_destination_id
from publisher.ledger.models import Turn
from publisher.ledger.queries import find_status, retry_deliveries
from publisher.ledger.queues import QueueSelection
from publisher.ledger.subscriber_recipients import SubscriberSelection
from publisher.ledger.unknown import find_unresolved_deliveries, record_resolutions

_SECOND = dt.timedelta(seconds=1)
_STOP_POLL_SECONDS = 1.0
"""While pending, the job checks at this interval whether to stop."""

_LEASE_POLL_SECONDS = 30.0
"""While deliveries take long, the lease is extended and the list looked at after so many seconds."""

_GIVE_WAY_SECONDS = 60.0
"""When a job goes on that has let others go first."""

_SECOND_PROBE_DELAY = 60.0
"""Seconds until the platform is asked again about a message it does not have; it may still arrive."""


class DeliveryJob(Struct):
    """Carries out a plan.

    `max_wait` limits the total time spent waiting because a platform asks for it, in seconds; `stop` ends the job
    after the deliveries in progress, and `give_way` as soon as it only waits for its own rate limits. `zone` is the
    newsletter's time zone. With `is_retry` failed deliveries are planned again and postponed ones are due now; to
    what is complete no recipient is added. With `accept_fewer` the list may be much shorter than before. `unlisted`
    counts the deliveries whose recipients left the list before their turn, `refused` those of subscribers whose servers
    did not accept them.
    """

    ledger: Ledger
    plan: DeliveryPlan
    clock: Clock
    max_wait: float
    stop: Event
    give_way: Event
    zone: dt.tzinfo
    is_retry: bool = False
    accept_fewer: bool = False
    sent: int = 0
    changed: int = 0
    unlisted: int = 0
    refused: int = 0
    url: str = ""
    notes: list[str] = field(default_factory=list)
    _destination_ids: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _limits: Mapping[str, RateLimit] = field(default_factory=dict)
    _refusals: LaneRefusals = field(default_factory=LaneRefusals)
    _queues: OpenQueues = field(default_factory=lambda: OpenQueues(()))
    _gives_way: bool = False
    _fatal_error: PublisherError | None = None
    _paused_until: dt.datetime | None = None
    _planned_version: object = None

    def run(self) -> None:
        """Deliver.

        Raises the errors of the ledger, any error that stops the whole channel, and DeliveryError or
        OutcomeUnknownError if not everything was delivered.
        """
        key, can = self.plan.key, self.channel.capabilities
        now, duration = self.clock.time(), 2 * can.timeout * _SECOND + LONGEST_WAIT  # for the list
        lease = self.ledger.claim(key, now, duration, idempotent=can.idempotent)
        held = HeldLease(self.ledger, lease, now + duration, self.clock, self.stop, can.timeout)
        try:
            if self.is_retry:
                retry_deliveries(self.ledger, key, self.clock.time())
            self._destination_ids = load_destination_ids(self.ledger, self.channel.name)
            self._limits = self.channel.rate_limits
            with SenderPool(self._make_sender, self.channel.concurrency, can.timeout) as pool:
                self._resolve_unknown(held, pool)  # before planning, which drops recipients who have unsubscribed
                self._plan(held)
                self._deliver(held, pool)
                if self._resolve_unknown(held, pool):
                    self._deliver(held, pool)
            if self.channel.subscribers_of:
                self.refused = held.persist(lambda: self.ledger.drop_refused(lease), is_urgent=False)
        finally:
            held.persist(lambda: self.ledger.release(lease, self.clock.time()), is_urgent=False)
        if held.is_waited_for:
            self.notes.append("the ledger did not accept what was sent for a while; nothing of it is lost")
        before = self.plan.status
        status = held.persist(lambda: find_status(self.ledger, key), is_urgent=False)
        if status:
            self.unlisted = max(0, status.counts.unlisted - (before.counts.unlisted if before else 0))
        if self._fatal_error:
            raise self._fatal_error
        error = find_delivery_error(status)
        if error and self._gives_way:
            raise DeliveryError(error.message, "it goes on after other messages", retry_after=_GIVE_WAY_SECONDS)
        if error:
            raise error

    @property
    def channel(self) -> MessageChannel:
        """The channel of the plan."""
        return self.plan.channel

    def _make_sender(self) -> Sender:
        return Sender(self.channel, self._get_part, self.clock.time, self.zone)

    def _get_part(self, delivery: Delivery) -> Part:
        for part in self.plan.rendering.parts:
            if part.key == delivery.part and part.digest == delivery.digest:
                return part
        return self.ledger.load_part(delivery.digest, delivery.part)  # of the original content

    def _plan(self, held: HeldLease) -> None:
        only, status = self.plan.only_recipients, self.plan.status
        is_complete = status is not None and status.published is not None

        def plan(recipients: Iterable[str] | SubscriberSelection) -> None:
            self.ledger.plan(
                held.lease,
                self.plan.rendering.parts,
                recipients,
                self.clock.time(),
                keep_content=self.plan.keep_content,
                find_lane=self._find_lane,
                only=only,
                add_recipients=not (is_complete and self.is_retry and only is None),
                accept_fewer=self.accept_fewer,
            )

        if subscribed := self._select_subscribers():
            if not (status and status.counts.total):
                require_subscribers(subscribed.newsletter, self.ledger, self.clock)
            plan(subscribed)
        else:
            self._planned_version, _ = use_recipients(
                self.channel, self.clock, self.stop, lambda recipients: plan(map(self._identify, recipients))
            )
        self._queues = OpenQueues(self.ledger.find_queues(held.lease))
        hit_failpoint("planned")

    def _select_subscribers(self) -> SubscriberSelection | None:
        """Return whom to send to if the recipients are subscribers, None for other lists."""
        newsletter = self.channel.subscribers_of
        return SubscriberSelection(newsletter, self.clock.time()) if newsletter else None

    def _find_lane(self, recipient: str) -> tuple[str, str]:
        """Return the lane of a recipient, and its queue."""
        lane = self.channel.find_lane(recipient)
        return lane, lane if lane in self._limits else ""

    def _plan_changed_list(self, held: HeldLease) -> None:
        try:
            self._plan(held)
        except PublisherError as error:  # what is not sent yet stays planned
            self._fatal_error = error

    def _is_list_changed(self) -> bool:
        if self.stop.is_set() or self._fatal_error or self.channel.subscribers_of:
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

    # ------------------------------------------------------------- deliveries

    def _deliver(self, held: HeldLease, pool: SenderPool) -> None:
        """Deliver until nothing is left or can be done. Each delivery is on disk before it is sent."""
        outcomes: list[AddressedResult] = []
        while True:
            self._note(held, pool, outcomes)
            fetched_at = self.clock.time()
            turn = self._fetch(held, pool, [outcome.result for outcome in outcomes])
            outcomes = self._start(pool, turn)
            if outcomes or (turn.deliveries and pool.free):
                continue
            if pool.in_progress:
                outcomes = pool.collect(self._get_collect_seconds(held, pool, fetched_at))
            elif not self._wait_until_due(held, pool, fetched_at):
                return

    def _fetch(self, held: HeldLease, pool: SenderPool, results: Sequence[Result], *, longer: float = 0.0) -> Turn:
        """Record results and start the deliveries that can be made now; none if the job must stop or pause.

        `longer`: seconds that the lease must last longer; no deliveries are started then.
        """
        nothing = QueueSelection(self.channel.name, 0, (), self._limits)
        if self._is_list_changed():  # first, so that who has unsubscribed gets nothing more
            # the list may have to be waited for, and results must not be lost meanwhile
            held.checkpoint(results, nothing, pool.in_progress, LONGEST_WAIT)
            results = ()
            self._plan_changed_list(held)
        if any(result.state is not DeliveryState.SENT for result in results):
            self._queues.forget_empty()
        now = self.clock.time()
        queues = self._queues.select(now)
        if longer or self._is_idle(now) or not queues:
            return held.checkpoint(results, nothing, pool.in_progress, longer * _SECOND)
        wanted = QueueSelection(
            self.channel.name,
            pool.free,
            queues,
            self._limits,
            ordered=self.channel.capabilities.ordered,
            subscribed=self._select_subscribers(),
        )
        turn = held.checkpoint(results, wanted, pool.in_progress)
        self._queues.update(turn)
        return turn

    def _is_idle(self, now: dt.datetime) -> bool:
        """Return whether no delivery may be started now."""
        is_paused = self._paused_until is not None and now < self._paused_until
        return is_paused or self.stop.is_set() or self._fatal_error is not None

    def _start(self, pool: SenderPool, turn: Turn) -> list[AddressedResult]:
        """Start deliveries. Return the outcomes of those that cannot be started: nothing was sent of them."""
        outcomes = []
        for delivery in turn.deliveries:
            address, subscriber = self._get_address(delivery), turn.addresses.get(delivery.id)
            now = self.clock.time()
            postponed = Result(delivery, DeliveryState.PLANNED, now, next_at=now, attempted=False)
            if self.channel.subscribers_of and subscriber is None:  # the next turn sees whether they are on the list
                outcomes.append(AddressedResult(postponed, address))
                continue
            try:
                pool.start(delivery, address, subscriber)
            except DeliveryError as error:
                fatal_error = None if pool.in_progress else error
                result = postponed._replace(reason=error.message, fatal_error=fatal_error)
                outcomes.append(AddressedResult(result, address))
        return outcomes

    def _get_collect_seconds(self, held: HeldLease, pool: SenderPool, fetched_at: dt.datetime) -> float:
        """Return how long to wait for outcomes before there may be something else to do."""
        now = self.clock.time()
        if not pool.free or self._is_idle(now):
            return _LEASE_POLL_SECONDS
        due = self._find_next_due(held, fetched_at)
        return min(_LEASE_POLL_SECONDS, max(0.0, (due - now) / _SECOND)) if due else _LEASE_POLL_SECONDS

    def _find_next_due(self, held: HeldLease, fetched_at: dt.datetime) -> dt.datetime | None:
        """Return when a delivery can be started that could not at `fetched_at`; None if there is none."""
        attempt = held.persist(lambda: self.ledger.find_next_attempt(held.lease, fetched_at))
        times = [self._queues.get_next_opening(fetched_at), attempt]
        return min((time for time in times if time), default=None)

    def _wait_until_due(self, held: HeldLease, pool: SenderPool, fetched_at: dt.datetime) -> bool:
        """Wait until there may be deliveries to make again. Return False if there are none, if they are due later
        than `max_wait` allows, or if others shall go first."""
        if self._fatal_error or self.stop.is_set():
            return False
        opening = self._queues.get_next_opening(fetched_at)
        due = self._paused_until or self._find_next_due(held, fetched_at)
        if due is None:
            return False
        is_own_pace = due == opening
        pause = max(0.0, (due - self.clock.time()) / _SECOND)
        self._gives_way = is_own_pace and self.give_way.is_set()
        if self._gives_way or (pause > self.max_wait and not is_own_pace):
            return False
        if pause:  # without a pause this would start deliveries
            self._fetch(held, pool, [], longer=pause)  # the lease must outlast the pause
        if not is_own_pace:
            self.max_wait -= pause
        self._sleep(pause)
        self._paused_until = None
        self._queues.forget_empty()
        return True

    def _sleep(self, pause: float) -> None:
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

    def _note(self, held: HeldLease, pool: SenderPool, outcomes: list[AddressedResult]) -> None:
        """Update the state of the job: counts, notes, pauses, fatal errors, closed lanes, ids of destinations.

        The outcomes are recorded here, and removed, if something else must be recorded after them.
        """
        closures, ids = [], {}
        for result, address in outcomes:
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
                ids[address] = id_
            if closure := self._refusals.count(result):
                closures.append(closure)
        if not (closures or ids):
            return
        results = [outcome.result for outcome in outcomes]
        held.checkpoint(results, QueueSelection(self.channel.name, 0, (), self._limits), pool.in_progress)
        outcomes.clear()
        for address, id_ in ids.items():
            held.persist(partial(record_destination_id, self.ledger, held.lease, self.channel.name, address, id_))
        for closure in closures:
            held.persist(partial(close_lane, self.ledger, held.lease, *closure))

    # -------------------------------------------------------- unknown outcomes

    def _resolve_unknown(self, held: HeldLease, pool: SenderPool) -> bool:
        """Resolve unknown deliveries by the rule of the channel, or by asking the platform.

        Return whether any was resolved.
        """
        unresolved = held.persist(lambda: find_unresolved_deliveries(self.ledger, held.lease))
        if not unresolved or self._fatal_error:
            return False
        if can_ask_platform(self.channel):
            results = self._probe(held, pool, unresolved)
        else:
            results, notes = resolve_by_rule(self.channel, unresolved, self.clock.time())
            self.notes += notes
        held.persist(partial(record_resolutions, self.ledger, held.lease, results))
        self._queues = OpenQueues(self.ledger.find_queues(held.lease))  # of what is planned again
        return bool(results)

    def _probe(self, held: HeldLease, pool: SenderPool, unresolved: Sequence[Delivery]) -> list[Result]:
        """Ask the platform about each delivery, twice if it is not found: it may still be on its way."""
        results = []
        with suppress(PublisherError):  # no answer: they stay unknown
            for delivery in unresolved:
                to = self._get_address(delivery)
                receipt = pool.probe(delivery, to)
                if receipt is None:
                    self._fetch(held, pool, [], longer=_SECOND_PROBE_DELAY)  # the lease must outlast the wait
                    self._sleep(_SECOND_PROBE_DELAY)
                    if self.stop.is_set():  # too early to conclude that it was not sent
                        break
                    receipt = pool.probe(delivery, to)
                state = DeliveryState.SENT if receipt else DeliveryState.PLANNED
                if receipt:
                    self.sent += 1
                    self.url = self.url or receipt.url
                reason = "found on the platform" if receipt else "not found on the platform, asked twice"
                results.append(Result(delivery, state, self.clock.time(), receipt, reason))
        return results
