"""Delivers one shard of a publication that another process has planned. Its content comes from the ledger."""

from __future__ import annotations

import datetime as dt
from functools import cache
from threading import Event, Semaphore

from publisher.channel import MessageChannel, Part
from publisher.clock import Clock
from publisher.delivery.held_lease import HeldLease
from publisher.delivery.sender import Sender
from publisher.delivery.sender_pool import SenderPool
from publisher.delivery.turns import DeliveryLoop
from publisher.errors import PublisherError
from publisher.ledger import Delivery, LeaseLostError, Ledger
from publisher.named_tuple import NamedTuple


class ShardOutcome(NamedTuple):
    """How many messages of a shard were sent. `error` is why the channel cannot deliver anything now, and
    `paused_until` when its platform wants more, with the `pause_reason`; `notes` are for the editor."""

    sent: int = 0
    error: PublisherError | None = None
    paused_until: dt.datetime | None = None
    pause_reason: str = ""
    notes: tuple[str, ...] = ()


def deliver_shard(
    ledger: Ledger,
    channel: MessageChannel,
    shard: int,
    *,
    clock: Clock,
    stop: Event,
    zone: dt.tzinfo,
    fence: int | None,
    max_wait: float = 0.0,
    spare: Semaphore | None,
) -> ShardOutcome:
    """Deliver a shard (its id) until nothing of it is due, or `stop` is set: one message at a time, more while there
    are `spare` senders. Waits for its own rate limit, and at most `max_wait` seconds because the platform asks for it.
    `zone` is the newsletter's time zone.

    Does nothing if it cannot be claimed, or was claimed since it had that `fence`; ends if its lease is lost. Raises
    StorageError.
    """
    can = channel.capabilities
    now, duration = clock.time(), dt.timedelta(seconds=2 * can.timeout)
    lease = ledger.claim_shard(shard, now, duration, fence=fence, idempotent=can.idempotent)
    if lease is None:
        return ShardOutcome()
    held = HeldLease(ledger, lease, now + duration, clock, stop, can.timeout)
    load_part = cache(ledger.load_part)

    def get_part(delivery: Delivery) -> Part:
        return load_part(delivery.digest, delivery.part)

    with SenderPool(lambda: Sender(channel, get_part, clock.time, zone), 1, can.timeout, spare) as pool:
        loop = DeliveryLoop(
            *(ledger, channel, clock, held, pool, stop, Event(), max_wait), lambda delivery: delivery.recipient
        )
        try:
            loop.resolve_unknown()
            loop.run()
            if channel.subscribers_of:
                held.persist(lambda: ledger.drop_refused(lease), is_urgent=False)
        except LeaseLostError:  # another process has it
            pass
        finally:
            held.persist(lambda: ledger.release(lease, clock.time()), is_urgent=False)
    return ShardOutcome(loop.sent, loop.fatal_error, loop.paused_until, loop.pause_reason, tuple(loop.notes))
