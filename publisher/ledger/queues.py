"""Starts deliveries: those that are due, in their order, as far as the rate limits allow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from publisher.channel import RateLimit
from publisher.ledger.database import Row, Transaction
from publisher.ledger.lanes import take_tokens
from publisher.ledger.models import Delivery, DeliveryState, Lease, Turn, format_utc, parse_utc
from publisher.ledger.subscriber_recipients import SubscriberSelection, unlist_inactive
from publisher.ledger.transitions import OPEN_STATES


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
    tx: Transaction, dialect: dict[str, str], lease: Lease, wanted: QueueSelection, now: dt.datetime
) -> Turn:
    """Start deliveries that are due: first of the queues with a rate limit, as many as have a token."""
    deliveries: list[Delivery] = []
    open_at: dict[str, dt.datetime] = {}
    empty = set[str]()
    if wanted.ordered:
        deliveries, open_at = _select_first(tx, dialect, lease, wanted, now)
    else:
        for queue in sorted(wanted.queues, key=lambda one: (one not in wanted.limits, one)):
            if free := wanted.limit - len(deliveries):
                selected = _select_subscribed(tx, lease, wanted, queue, free, now)
                if len(selected) < free:
                    empty.add(queue)
                if selected and queue in wanted.limits:
                    count, open_at[queue] = take_tokens(
                        tx, dialect, wanted.channel, queue, wanted.limits[queue], len(selected), now
                    )
                    if count < len(selected):
                        empty.discard(queue)
                    selected = selected[:count]
                deliveries += selected
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
    if deliveries and not started:  # all of them have left in between; there may be others
        return start_deliveries(tx, dialect, lease, wanted, now)
    return Turn([one for one in deliveries if one.id in started], open_at, frozenset(empty))


_DELIVERY_COLUMNS = """delivery.id, recipient, delivery.part, COALESCE(part.digest, ''), remote_id, tries,
    started_at, first_started_at, lane, queue, state, next_at
    FROM delivery LEFT JOIN part ON part.publication = delivery.publication AND part.part = delivery.part"""


def find_started(tx: Transaction, lease: Lease, known: Collection[int]) -> list[Delivery]:
    """Return the deliveries of this owner that are in progress, but for the `known` ones (their ids).

    They were started by a transaction that was committed without the owner's knowledge, so nothing was sent yet.
    """
    rows = tx.fetch_all(
        f"""SELECT {_DELIVERY_COLUMNS} WHERE delivery.publication = ? AND state = 'sending' AND fence = ?
            AND (SELECT sending FROM publication WHERE id = delivery.publication) > ?
            ORDER BY delivery.position, delivery.id""",
        *(*lease, len(known)),
    )
    started = [_build_delivery(row) for row in rows]
    return [delivery for delivery in started if delivery.id not in known]


def list_queues(tx: Transaction, publication: int) -> Iterator[str]:
    """Yield the queues with planned deliveries, each by a look at an index."""
    after_last = "SELECT MIN(queue) FROM delivery WHERE publication = ? AND unsent_state = 'planned'"
    [(queue,)] = tx.fetch_all(after_last, publication)
    while queue is not None:
        yield queue
        [(queue,)] = tx.fetch_all(f"{after_last} AND queue > ?", publication, queue)


def find_first_due(tx: Transaction, publication: int, after: str) -> str:
    """Return when the first of the planned deliveries is due that are postponed beyond a time, '' if none is."""
    times = [
        tx.fetch_all(
            """SELECT MIN(next_at) FROM delivery
               WHERE publication = ? AND unsent_state = 'planned' AND queue = ? AND next_at > ?""",
            *(publication, queue, after),
        )[0][0]
        for queue in list_queues(tx, publication)
    ]
    return min((time for time in times if time), default="")


def _select_subscribed(
    tx: Transaction, lease: Lease, wanted: QueueSelection, queue: str, limit: int, now: dt.datetime
) -> list[Delivery]:
    """Return the first planned deliveries of a queue whose recipients are still subscribed."""
    selected = _select_due(tx, lease, queue, limit, now)
    if wanted.subscribed:
        while selected and unlist_inactive(tx, wanted.subscribed, [one.id for one in selected]):
            selected = _select_due(tx, lease, queue, limit, now)
    return selected


def _select_due(tx: Transaction, lease: Lease, queue: str, limit: int, now: dt.datetime) -> list[Delivery]:
    """Return the first planned deliveries of a queue."""
    rows = tx.fetch_all(
        f"""SELECT {_DELIVERY_COLUMNS} WHERE delivery.publication = ? AND queue = ? AND unsent_state = 'planned'
            AND next_at <= ? ORDER BY next_at, delivery.position, delivery.id LIMIT ?""",
        *(lease.publication_id, queue, format_utc(now), limit),
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
        *_, queue, state, next_at = row
        if state == DeliveryState.PLANNED.value and next_at <= format_utc(now):
            count, open_at = 1, dict[str, dt.datetime]()
            if queue in wanted.limits:
                count, open_at[queue] = take_tokens(tx, dialect, wanted.channel, queue, wanted.limits[queue], 1, now)
            return ([_build_delivery(row, now)] if count else []), open_at
    return [], {}


def _build_delivery(row: Row, now: dt.datetime | None = None) -> Delivery:
    """Return a delivery that starts now, or that was started before."""
    delivery_id, recipient, part, digest, remote_id, tries, started, first, lane, queue, _, _ = row
    started_at = now or parse_utc(started)
    first = first or started
    first_started_at = parse_utc(first) if first else started_at
    tries += now is not None
    return Delivery(delivery_id, recipient, part, digest, remote_id, tries, started_at, first_started_at, lane, queue)
