"""Delivers one publication: lease it, plan it, and send until nothing is left, or leave that to other processes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from threading import Event

from msgspec import Struct, field

from publisher.channel import MessageChannel, Part, RateLimit
from publisher.clock import Clock
from publisher.delivery.held_lease import HeldLease
from publisher.delivery.plan import DeliveryPlan, find_delivery_error
from publisher.delivery.recipients import LONGEST_WAIT, build_selection, require_subscribers, use_recipients
from publisher.delivery.sender import Sender
from publisher.delivery.sender_pool import SenderPool
from publisher.delivery.turns import DeliveryLoop, ListWatch
from publisher.errors import DeliveryError
from publisher.failpoints import hit_failpoint
from publisher.ledger import Delivery, Ledger
from publisher.ledger.destinations import load_destination_ids
from publisher.ledger.models import RECIPIENTS_PER_SHARD
from publisher.ledger.planning import OnOpen
from publisher.ledger.queries import find_status, retry_deliveries
from publisher.ledger.subscriber_recipients import SubscriberSelection

_SECOND = dt.timedelta(seconds=1)

_GIVE_WAY_SECONDS = 60.0
"""Seconds until a job that has let others go first continues."""


class DeliveryJob(Struct):
    """Carries out a plan.

    `max_wait` limits the total time spent waiting because a platform asks for it, in seconds; `stop` ends the job
    after the deliveries in progress, and `give_way` as soon as it only waits for its own rate limits. `zone` is the
    newsletter's time zone. With `is_retry` failed deliveries are planned again and postponed ones are due now; to
    what is complete no recipient is added. With `accept_fewer` the list may be much shorter than before. With `on_open`
    other processes deliver: it is called as Ledger.plan says, and the job ends then. `unlisted`
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
    on_open: OnOpen | None = None
    sent: int = 0
    changed: int = 0
    unlisted: int = 0
    refused: int = 0
    url: str = ""
    notes: list[str] = field(default_factory=list)
    _destination_ids: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _limits: Mapping[str, RateLimit] = field(default_factory=dict)
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
            get_part, concurrency = self._build_get_part(), self.channel.concurrency
            with SenderPool(
                lambda: Sender(self.channel, get_part, self.clock.time, self.zone), concurrency, can.timeout
            ) as pool:
                loop = self._make_loop(held, pool)
                try:
                    self._deliver(held, loop)
                finally:
                    self.sent, self.changed, self.url, self.notes = loop.sent, loop.changed, loop.url, loop.notes
        finally:
            held.persist(lambda: self.ledger.release(lease, self.clock.time()), is_urgent=False)
        if held.is_waited_for:
            self.notes.append("the ledger did not accept what was sent for a while; nothing of it is lost")
        before = self.plan.status
        status = held.persist(lambda: find_status(self.ledger, key), is_urgent=False)
        if status:
            self.unlisted = max(0, status.counts.unlisted - (before.counts.unlisted if before else 0))
        if loop.fatal_error:
            raise loop.fatal_error
        error = find_delivery_error(status)
        if error and loop.gives_way:
            raise DeliveryError(error.message, "it goes on after other messages", retry_after=_GIVE_WAY_SECONDS)
        is_left_to_others = self.on_open and status and not (status.counts.unknown or status.counts.failed)
        if error and not is_left_to_others:
            raise error

    def _deliver(self, held: HeldLease, loop: DeliveryLoop) -> None:
        loop.resolve_unknown()  # before planning, which drops recipients who have unsubscribed
        self._plan(held)
        if self.on_open:
            return
        loop.run()
        if self.channel.subscribers_of:
            self.refused = held.persist(lambda: self.ledger.drop_refused(held.lease), is_urgent=False)

    def _make_loop(self, held: HeldLease, pool: SenderPool) -> DeliveryLoop:
        def get_address(delivery: Delivery) -> str:
            """Return where to send a delivery: what no one has yet, to the name in publisher.toml, which may lead to
            another chat than before; the rest to the same chat as what is there."""
            status = self.plan.status
            if loop.sent or delivery.remote_id or (status and status.counts.sent):
                return delivery.recipient
            return self._names.get(delivery.recipient, delivery.recipient)

        watch = ListWatch(lambda: self.channel.recipients_version != self._planned_version, lambda: self._plan(held))
        loop = DeliveryLoop(
            *(self.ledger, self.channel, self.clock, held, pool, self.stop, self.give_way, self.max_wait),
            get_address,
            None if self.channel.subscribers_of else watch,
        )
        return loop

    @property
    def channel(self) -> MessageChannel:
        """The channel of the plan."""
        return self.plan.channel

    def _build_get_part(self) -> Callable[[Delivery], Part]:
        """Return what finds the part of a delivery: one of the plan, or of the content that the publication keeps."""
        planned = {(part.digest, part.key): part for part in self.plan.rendering.parts}
        load_part = cache(self.ledger.load_part)

        def get_part(delivery: Delivery) -> Part:
            place = (delivery.digest, delivery.part)
            return planned.get(place) or load_part(*place)

        return get_part

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
                shard_size=None if self.channel.capabilities.ordered else RECIPIENTS_PER_SHARD,
                extend=lambda: self._extend(held),
                on_open=self.on_open,
            )

        if subscribed := build_selection(self.channel, self.clock):
            if not (status and status.counts.total):
                require_subscribers(subscribed.newsletter, self.ledger, self.clock)
            plan(subscribed)
        else:
            self._planned_version, _ = use_recipients(
                self.channel, self.clock, self.stop, lambda recipients: plan(map(self._identify, recipients))
            )
        hit_failpoint("planned")

    def _extend(self, held: HeldLease) -> dt.datetime:
        """Return until when the lease lasts, while it is planned. Raises DeliveryError when the job is to stop."""
        if self.stop.is_set():
            raise DeliveryError("stopped before everything was planned", "run publish again")
        return held.extend(LONGEST_WAIT)

    def _find_lane(self, recipient: str) -> tuple[str, str]:
        """Return the lane of a recipient, and its queue."""
        lane = self.channel.find_lane(recipient)
        return lane, lane if lane in self._limits else ""

    def _identify(self, name: str) -> str:
        """Return the platform's id of a recipient whose id is known, else the name."""
        recipient = self._destination_ids.get(name, name)
        if recipient != name:
            self._names[recipient] = name
        return recipient
