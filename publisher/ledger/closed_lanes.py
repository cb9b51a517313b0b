"""Closed lanes: those of providers that refuse the sender, whatever the recipient. Deliveries wait for them."""

from __future__ import annotations

import datetime as dt

from publisher.ledger.database import Transaction
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import Lease, format_utc, parse_utc
from publisher.ledger.plan import postpone_closed_lanes
from publisher.ledger.transitions import clean_evidence, owns
from publisher.named_tuple import NamedTuple


class ClosedLane(NamedTuple):
    """A lane that gets no deliveries until `until` (aware), because its provider refuses the sender.

    `waiting` counts the deliveries that wait for it.
    """

    channel: str
    lane: str
    until: dt.datetime
    reason: str
    waiting: int


def describe_closed_lane(lane: ClosedLane, zone: dt.tzinfo | None) -> str:
    """Say in a line which provider refuses the sender, how many deliveries wait until when, and why."""
    count = "1 delivery waits" if lane.waiting == 1 else f"{lane.waiting:,} deliveries wait"
    return f"{lane.lane} refuses the sender: {count} until {lane.until.astimezone(zone):%H:%M}: {lane.reason}"


def close_lane(ledger: Ledger, lease: Lease, lane: str, until: dt.datetime, reason: str) -> int:
    """Let the deliveries of a lane wait until a time, for all publications of the channel.

    Return how many wait of what was leased; those of other shards wait as soon as they are looked at. No effect if the
    lease was lost.
    """
    with ledger.transaction() as tx:
        if not owns(tx, ledger.dialect, lease):
            return 0
        tx.execute(
            """INSERT INTO lane (channel, name, tokens, filled_at, closed_until, reason)
               SELECT channel, ?, 1, ?, ?, ? FROM publication WHERE id = ?
               ON CONFLICT (channel, name) DO UPDATE SET closed_until = excluded.closed_until,
               reason = excluded.reason""",
            *(lane, format_utc(until), format_utc(until), clean_evidence(reason), lease.publication_id),
        )
        return postpone_closed_lanes(tx, lease.publication_id, [lease.shard] if lease.shard else None)


def open_lanes(tx: Transaction, publication: int) -> None:
    """Open the closed lanes of the channel of a publication again."""
    tx.execute(
        """UPDATE lane SET closed_until = '', reason = ''
           WHERE channel = (SELECT channel FROM publication WHERE id = ?)""",
        publication,
    )


def find_closed_lanes(ledger: Ledger, now: dt.datetime, channel: str = "") -> list[ClosedLane]:
    """Return the lanes that are closed now, of one channel or of all."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            """SELECT lane.channel, name, closed_until, lane.reason,
                      (SELECT COUNT(*) FROM publication JOIN delivery ON delivery.publication = publication.id
                       WHERE publication.channel = lane.channel AND publication.done = 0
                       AND delivery.lane = lane.name AND next_at <> '' AND unsent_state = 'planned')
               FROM lane WHERE closed_until > ? AND ? IN ('', lane.channel) ORDER BY lane.channel, name""",
            *(format_utc(now), channel),
        )
    return [
        ClosedLane(channel, lane, parse_utc(until), reason, waiting) for channel, lane, until, reason, waiting in rows
    ]
