"""Delivers what is under a lease, a whole publication or a shard, until nothing is left.

Each delivery is recorded in the ledger before it is sent, and its result afterwards. What was certainly not
sent is retried; what may have been sent is not. No thread sleeps until a rate limit allows the next delivery: the
ledger gives out what can be sent now, in one lane or another.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Event

from msgspec import Struct, field

from publisher.channel import MessageChannel, RateLimit
from publisher.clock import Clock
from publisher.delivery.held_lease import HeldLease
from publisher.delivery.lanes import LaneRefusals, OpenQueues
from publisher.delivery.recipients import LONGEST_WAIT, build_selection
from publisher.delivery.sender_pool import AddressedResult, SenderPool
from publisher.delivery.unknown_outcomes import can_ask_platform, resolve_by_rule
from publisher.errors import DeliveryError, PublisherError
from publisher.ledger import Delivery, DeliveryState, Ledger, Result
from publisher.ledger.closed_lanes import close_lane
from publisher.ledger.destinations import record_destination_id
from publisher.ledger.models import Turn
from publisher.ledger.queues import QueueSelection
from publisher.ledger.unknown import find_unresolved_deliveries, record_resolutions
from publisher.named_tuple import NamedTuple

_SECOND = dt.timedelta(seconds=1)
_STOP_POLL_SECONDS = 1.0
"""While pending, the loop checks at this interval whether to stop."""

_LEASE_POLL_SECONDS = 30.0
"""While deliveries take long, the lease is extended and the list looked at after so many seconds."""

_SECOND_PROBE_DELAY = 60.0
"""Seconds until the platform is asked again about a message it does not have; it may still arrive."""


class ListWatch(NamedTuple):
    """Whether the list of recipients has changed since it was planned, and what plans it again; both may raise
    PublisherError."""

    is_changed: Callable[[], bool]
    plan_again: Callable[[], None]


class DeliveryLoop(Struct):
    """Delivers what `held` is the lease of, with the senders of `pool`.

    `max_wait` limits the total time spent waiting because a platform asks for it, in seconds; `stop` ends it
    after the deliveries in progress, and `give_way` as soon as it only waits for its own rate limits: see `gives_way`.
    `get_address` returns where to send a delivery. `watch` is for a list of recipients that may change meanwhile.
    `fatal_error` is why the channel cannot deliver anything, and `paused_until` when its platform wants more, with the
    `pause_reason`.
    """

    ledger: Ledger
    channel: MessageChannel
    clock: Clock
    held: HeldLease
    pool: SenderPool
    stop: Event
    give_way: Event
    max_wait: float
    get_address: Callable[[Delivery], str]
    watch: ListWatch | None = None
    sent: int = 0
    changed: int = 0
    url: str = ""
    notes: list[str] = field(default_factory=list)
    gives_way: bool = False
    fatal_error: PublisherError | None = None
    paused_until: dt.datetime | None = None
    pause_reason: str = ""
    _limits: Mapping[str, RateLimit] = field(default_factory=dict)
    _refusals: LaneRefusals = field(default_factory=LaneRefusals)
    _queues: OpenQueues = field(default_factory=lambda: OpenQueues(()))

    def __post_init__(self) -> None:
        self._limits = self.channel.rate_limits

    def run(self) -> None:
        """Deliver until nothing is left, also of what is unknown at first and can be resolved without a person."""
        self.find_queues()
        self._deliver()
        if self.resolve_unknown():
            self._deliver()

    def find_queues(self) -> None:
        """Look for the queues that have something to deliver, after it was planned."""
        self._queues = OpenQueues(self.ledger.find_queues(self.held.lease))

    def _deliver(self) -> None:
        """Deliver until nothing is left or can be done. Each delivery is on disk before it is sent."""
        outcomes: list[AddressedResult] = []
        while True:
            self._note(outcomes)
            fetched_at = self.clock.time()
            turn = self._fetch([outcome.result for outcome in outcomes])
            outcomes = self._start(turn)
            if outcomes or (turn.deliveries and self.pool.free):
                continue
            self.pool.give_back()
            if self.pool.in_progress:
                outcomes = self.pool.collect(self._get_collect_seconds(fetched_at))
            elif not self._wait_until_due(fetched_at):
                return

    def _fetch(self, results: Sequence[Result], *, longer: float = 0.0) -> Turn:
        """Record results and start the deliveries that can be made now; none if the job must stop or pause.

        `longer`: seconds that the lease must last longer; no deliveries are started then.
        """
        nothing = QueueSelection(self.channel.name, 0, (), self._limits)
        if self.watch and self._is_list_changed(self.watch):  # first, so that who has unsubscribed gets nothing more
            # the list may have to be waited for, and results must not be lost meanwhile
            self.held.checkpoint(results, nothing, self.pool.in_progress, LONGEST_WAIT)
            results = ()
            self._plan_again(self.watch)
        if any(result.state is not DeliveryState.SENT for result in results):
            self._queues.forget_empty()
        now = self.clock.time()
        queues = self._queues.select(now)
        if longer or self._is_idle(now) or not queues:
            return self.held.checkpoint(results, nothing, self.pool.in_progress, longer * _SECOND)
        wanted = QueueSelection(
            self.channel.name,
            self.pool.reserve(),
            queues,
            self._limits,
            ordered=self.channel.capabilities.ordered,
            subscribed=build_selection(self.channel, self.clock),
        )
        turn = self.held.checkpoint(results, wanted, self.pool.in_progress)
        self._queues.update(turn)
        return turn

    def _is_list_changed(self, watch: ListWatch) -> bool:
        if self.stop.is_set() or self.fatal_error:
            return False
        try:
            return watch.is_changed()
        except PublisherError as error:  # the results of the last batch must still be recorded
            self.fatal_error = error
            return False

    def _plan_again(self, watch: ListWatch) -> None:
        try:
            watch.plan_again()
            self.find_queues()
        except PublisherError as error:  # what is not sent yet stays planned
            self.fatal_error = error

    def _is_idle(self, now: dt.datetime) -> bool:
        """Return whether no delivery may be started now."""
        is_paused = self.paused_until is not None and now < self.paused_until
        return is_paused or self.stop.is_set() or self.fatal_error is not None

    def _start(self, turn: Turn) -> list[AddressedResult]:
        """Start deliveries. Return the outcomes of those that cannot be started: nothing was sent of them."""
        outcomes = []
        for delivery in turn.deliveries:
            address, subscriber = self.get_address(delivery), turn.addresses.get(delivery.id)
            now = self.clock.time()
            postponed = Result(delivery, DeliveryState.PLANNED, now, next_at=now, attempted=False)
            if self.channel.subscribers_of and subscriber is None:  # the next turn sees whether they are on the list
                outcomes.append(AddressedResult(postponed, address))
                continue
            try:
                self.pool.start(delivery, address, subscriber)
            except DeliveryError as error:
                fatal_error = None if self.pool.in_progress else error
                result = postponed._replace(reason=error.message, fatal_error=fatal_error)
                outcomes.append(AddressedResult(result, address))
        return outcomes

    def _get_collect_seconds(self, fetched_at: dt.datetime) -> float:
        """Return how long to wait for outcomes before there may be something else to do."""
        now = self.clock.time()
        if not self.pool.free or self._is_idle(now):
            return _LEASE_POLL_SECONDS
        due = self._find_next_due(fetched_at)
        return min(_LEASE_POLL_SECONDS, max(0.0, (due - now) / _SECOND)) if due else _LEASE_POLL_SECONDS

    def _find_next_due(self, fetched_at: dt.datetime) -> dt.datetime | None:
        """Return when a delivery can be started that could not at `fetched_at`; None if there is none."""
        attempt = self.held.persist(lambda: self.ledger.find_next_attempt(self.held.lease, fetched_at))
        times = [self._queues.get_next_opening(fetched_at), attempt]
        return min((time for time in times if time), default=None)

    def _wait_until_due(self, fetched_at: dt.datetime) -> bool:
        """Wait until there may be deliveries to make again. Return False if there are none, if they are due later
        than `max_wait` allows, or if others shall go first."""
        if self.fatal_error or self.stop.is_set():
            return False
        opening = self._queues.get_next_opening(fetched_at)
        due = self.paused_until or self._find_next_due(fetched_at)
        if due is None:
            return False
        is_own_pace = due == opening
        pause = max(0.0, (due - self.clock.time()) / _SECOND)
        self.gives_way = is_own_pace and self.give_way.is_set()
        if self.gives_way or (pause > self.max_wait and not is_own_pace):
            return False
        if pause:  # without a pause this would start deliveries
            self._fetch([], longer=pause)  # the lease must outlast the pause
        if not is_own_pace:
            self.max_wait -= pause
        self._sleep(pause)
        self.paused_until = None
        self._queues.forget_empty()
        return True

    def _sleep(self, pause: float) -> None:
        while pause > 0 and not self.stop.is_set():
            self.clock.wait(min(pause, _STOP_POLL_SECONDS))
            pause -= _STOP_POLL_SECONDS

    def _note(self, outcomes: list[AddressedResult]) -> None:
        """Update the state of the job: counts, notes, pauses, fatal errors, closed lanes, ids of destinations.

        The outcomes are recorded here, and removed, if something else must be recorded after them.
        """
        closures, ids = [], {}
        for result, address in outcomes:
            delivery, receipt = result.delivery, result.receipt
            self.fatal_error = self.fatal_error or result.fatal_error
            if result.pauses_channel and (until := result.next_at):
                self.paused_until, self.pause_reason = max(self.paused_until or until, until), result.reason
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
        self.held.checkpoint(results, QueueSelection(self.channel.name, 0, (), self._limits), self.pool.in_progress)
        outcomes.clear()
        for address, id_ in ids.items():
            self.held.persist(
                partial(record_destination_id, self.ledger, self.held.lease, self.channel.name, address, id_)
            )
        for closure in closures:
            self.held.persist(partial(close_lane, self.ledger, self.held.lease, *closure))

    # -------------------------------------------------------- unknown outcomes

    def resolve_unknown(self) -> bool:
        """Resolve unknown deliveries by the rule of the channel, or by asking the platform.

        Return whether any was resolved.
        """
        unresolved = self.held.persist(lambda: find_unresolved_deliveries(self.ledger, self.held.lease))
        if not unresolved or self.fatal_error:
            return False
        if can_ask_platform(self.channel):
            results = self._probe(unresolved)
        else:
            results, notes = resolve_by_rule(self.channel, unresolved, self.clock.time())
            self.notes += notes
        self.held.persist(partial(record_resolutions, self.ledger, self.held.lease, results))
        self.find_queues()  # of what is planned again
        return bool(results)

    def _probe(self, unresolved: Sequence[Delivery]) -> list[Result]:
        """Ask the platform about each delivery, twice if it is not found: it may still be on its way."""
        results = []
        with suppress(PublisherError):  # no answer: they stay unknown
            for delivery in unresolved:
                to = self.get_address(delivery)
                receipt = self.pool.probe(delivery, to)
                if receipt is None:
                    self._fetch([], longer=_SECOND_PROBE_DELAY)  # the lease must outlast the wait
                    self._sleep(_SECOND_PROBE_DELAY)
                    if self.stop.is_set():  # too early to conclude that it was not sent
                        break
                    receipt = self.pool.probe(delivery, to)
                state = DeliveryState.SENT if receipt else DeliveryState.PLANNED
                if receipt:
                    self.sent += 1
                    self.url = self.url or receipt.url
                reason = "found on the platform" if receipt else "not found on the platform, asked twice"
                results.append(Result(delivery, state, self.clock.time(), receipt, reason))
        return results
