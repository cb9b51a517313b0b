"""Starts deliveries: those that are due, in their order, as far as the rate limits allow."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping

from publisher.channel import RateLimit
from publisher.ledger.database import Row, Transaction
from publisher.ledger.lanes import take_tokens
from publisher.ledger.models import Delivery, DeliveryState, Lease, Turn, format_utc, parse_utc
from publisher.ledger.shards import NEVER, CountChanges, find_due_shards, find_sending, update_due
from publisher.ledger.subscriber_recipients import SubscriberSelection, unlist_inactive
from publisher.ledger.transitions import OPEN_STATES
from publisher.named_tuple import NamedTuple


class QueueSelection(NamedTuple):
    """Which queues to start deliveries from, at most `limit` in all; `limits` are the rates of those that have one.

    They belong to `channel`. With `ordered`, only the first delivery that has not arrived is started. `subscribed`:
    recipients are subscribers, and get nothing if they are not on the list any more.
    """

    channel: str
    limit: int
    queues: Collection[str] = ("",)
    limits: Mapping[str, RateLimit] = {}
    ordered: bool = False
    subscribed: SubscriberSelection | None = None


def start_deliveries(
    tx: Transaction,
    dialect: dict[str, str],
    lease: Lease,
    wanted: QueueSelection,
    changes: CountChanges,
    now: dt.datetime,
) -> Turn:
    """Start deliveries that are due: first of the queues with a rate limit, as many as have a token.

    The counts of the shards are to be changed by `changes`.
    """
    deliveries: list[Delivery] = []
    exhausted: list[int] = []
    open_at: dict[str, dt.datetime] = {}
    empty = set[str]()
    if wanted.ordered:
        deliveries, open_at = _select_first(tx, dialect, lease, wanted, now)
    else:
        for queue in sorted(wanted.queues, key=lambda one: (one not in wanted.limits, one)):
            if free := wanted.limit - len(deliveries):
                selected, used_up = _select_queue(tx, dialect, lease, wanted, queue, free, changes, now)
                count = len(selected)
                if selected and queue in wanted.limits:
                    count, open_at[queue] = take_tokens(
                        tx, dialect, wanted.channel, queue, wanted.limits[queue], len(selected), now
                    )
                if count == len(selected) < free:
                    empty.add(queue)
                left = {one.shard for one in selected[count:]}
                exhausted += [shard for shard in used_up if shard not in left]
                deliveries += selected[:count]
    started_at = format_utc(now)
    started = tx.update_many(
        """UPDATE delivery SET state = 'sending', tries = new.tries, fence = new.fence,
           attempted_content = COALESCE((SELECT content.id FROM content WHERE content.digest = new.digest), 0),
           first_started_at = CASE first_started_at WHEN '' THEN delivery.started_at ELSE first_started_at END,
           started_at = new.started_at, next_at = '' FROM {new} WHERE delivery.id = new.id
           AND delivery.unsent_state = 'planned'""",
        ("id", "tries", "fence", "digest", "started_at"),
        [(one.id, one.tries, lease.fence, one.digest, started_at) for one in deliveries],
    )
    for shard in exhausted:
        update_due(tx, shard)
    in_progress = [one for one in deliveries if one.id in started]
    for shard, number in Counter(one.shard for one in in_progress).items():
        changes.move(shard, DeliveryState.PLANNED, DeliveryState.SENDING, number)
    return Turn(in_progress, open_at, frozenset(empty))


_DELIVERY_COLUMNS = """delivery.id, recipient, delivery.part, COALESCE(part.digest, ''), remote_id, tries,
    started_at, first_started_at, lane, queue, delivery.shard, state, delivery.next_at
    FROM delivery JOIN shard ON shard.id = delivery.shard
    LEFT JOIN part ON part.publication = delivery.publication AND part.part = delivery.part"""


def find_started(tx: Transaction, lease: Lease, known: Collection[int]) -> list[Delivery]:
    """Return the deliveries of this owner that are in progress, but for the `known` ones (their ids).

    They were started by a transaction that was committed without the owner's knowledge, so nothing was sent yet.
    """
    started = [
        _build_delivery(row)
        for shard, first, last in find_sending(tx, lease)
        for row in tx.fetch_all(
            f"""SELECT {_DELIVERY_COLUMNS} WHERE delivery.id BETWEEN ? AND ? AND delivery.shard = ?
                AND state = 'sending' AND delivery.fence = ? ORDER BY delivery.id""",
            *(first, last, shard, lease.fence),
        )
    ]
    return [delivery for delivery in started if delivery.id not in known]


def list_queues(tx: Transaction, lease: Lease) -> list[str]:
    """Return the queues with planned deliveries."""
    rows = tx.fetch_all(
        f"""SELECT DISTINCT queue FROM shard WHERE publication = ? AND ? IN (0, id) AND is_open = 1
            AND next_at < '{NEVER}'""",
        *(lease.publication_id, lease.shard),
    )
    return [queue for (queue,) in rows]


def find_first_due(tx: Transaction, publication: int, after: str) -> str:
    """Return when the first planned delivery of a publication is due after a time, "" if none is."""
    [(first,)] = tx.fetch_all(
        "SELECT MIN(next_at) FROM delivery WHERE publication = ? AND next_at <> '' AND next_at > ?", publication, after
    )
    return first or ""


def find_first_due_in_shard(tx: Transaction, shard: int, after: str) -> str:
    """Return when the first planned delivery of a shard is due after a time, "" if none is."""
    [(first,)] = tx.fetch_all(
        "SELECT MIN(next_at) FROM delivery WHERE shard = ? AND unsent_state = 'planned' AND next_at > ?", shard, after
    )
    return first or ""


def _select_queue(
    tx: Transaction,
    dialect: dict[str, str],
    lease: Lease,
    wanted: QueueSelection,
    queue: str,
    limit: int,
    changes: CountChanges,
    now: dt.datetime,
) -> tuple[list[Delivery], list[int]]:
    """Return the first planned deliveries of a queue whose recipients are still subscribed, and the shards that have no
    others that are due."""
    selected: list[Delivery] = []
    used_up: list[int] = []
    for shard in find_due_shards(tx, dialect, lease, queue, format_utc(now)):
        free = limit - len(selected)
        found = _select_due(tx, shard, free, now)
        if wanted.subscribed:
            while found and (gone := unlist_inactive(tx, wanted.subscribed, [one.id for one in found])):
                changes.move(shard, DeliveryState.PLANNED, DeliveryState.UNLISTED, gone)
                found = _select_due(tx, shard, free, now)
        selected += found
        if len(found) < free:
            used_up.append(shard)
        else:
            break
    return selected, used_up


def _select_due(tx: Transaction, shard: int, limit: int, now: dt.datetime) -> list[Delivery]:
    """Return the first planned deliveries of a shard."""
    rows = tx.fetch_all(
        f"""SELECT {_DELIVERY_COLUMNS} WHERE delivery.shard = ? AND unsent_state = 'planned' AND delivery.next_at <= ?
            ORDER BY delivery.next_at, delivery.position, delivery.id LIMIT ?""",
        *(shard, format_utc(now), limit),
    )
    return [_build_delivery(row, now) for row in rows]


def _select_first(
    tx: Transaction, dialect: dict[str, str], lease: Lease, wanted: QueueSelection, now: dt.datetime
) -> tuple[list[Delivery], dict[str, dt.datetime]]:
    """Return the first delivery that has not arrived, if it can be started now; else when its queue has a token."""
    states = ", ".join(f"'{state.value}'" for state in OPEN_STATES)
    rows = tx.fetch_all(
        f"""SELECT {_DELIVERY_COLUMNS} WHERE delivery.publication = ? AND state IN ({states})
            ORDER BY delivery.position, delivery.id LIMIT 1""",
        lease.publication_id,
    )
    for row in rows:
        *_, queue, shard, state, next_at = row
        tx.lock_rows("shard", [shard])
        if state == DeliveryState.PLANNED.value and next_at <= format_utc(now):
            count, open_at = 1, dict[str, dt.datetime]()
            if queue in wanted.limits:
                count, open_at[queue] = take_tokens(tx, dialect, wanted.channel, queue, wanted.limits[queue], 1, now)
            return ([_build_delivery(row, now)] if count else []), open_at
    return [], {}


def _build_delivery(row: Row, now: dt.datetime | None = None) -> Delivery:
    """Return a delivery that starts now, or that was started before."""
    delivery_id, recipient, part, digest, remote_id, tries, started, first, *place, _, _ = row
    started_at = now or parse_utc(started)
    first = first or started
    first_started_at = parse_utc(first) if first else started_at
    tries += now is not None
    return Delivery(delivery_id, recipient, part, digest, remote_id, tries, started_at, first_started_at, *place)
