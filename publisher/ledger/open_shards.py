"""Shards that can be delivered now, for processes that deliver one at a time; and how many there are."""

from __future__ import annotations

import datetime as dt

from publisher.ledger.database import Transaction
from publisher.ledger.leases import is_held
from publisher.ledger.models import DeliveryCounts, format_utc
from publisher.ledger.process_id import is_process_gone
from publisher.ledger.shards import SHARD_REF_COLUMNS, SUMS, ShardRef, build_counts
from publisher.named_tuple import NamedTuple


def select_open_shards(
    tx: Transaction, newsletter: str, channel: str, queue: str, now: dt.datetime, limit: int
) -> list[ShardRef]:
    """Return the first shards of a queue that can be delivered, of a newsletter (by its id): in their order, and not
    those that a living process has.

    They have a delivery that is due, or one that a former owner left in `sending`.
    """
    prefix, at = f"{newsletter}/", format_utc(now)
    publications = tx.fetch_all(
        """SELECT id, owner, leased_until FROM publication WHERE done = 0 AND planning = 0 AND channel = ?
           AND (issue = ? OR SUBSTR(issue, 1, ?) = ?) ORDER BY id""",
        *(channel, newsletter, len(prefix), prefix),
    )
    shards: list[ShardRef] = []
    for publication, owner, leased_until in publications:
        if is_held(owner, leased_until, now):
            continue
        owners = tx.fetch_all("SELECT DISTINCT owner FROM shard WHERE publication = ? AND owner <> ''", publication)
        gone = ["", *(one for (one,) in owners if is_process_gone(one))]
        is_free = f"(shard.leased_until <= ? OR shard.owner IN ({', '.join('?' * len(gone))}))"
        for has_work, values in (("next_at <= ?", (at,)), ("sending > 0", ())):
            rows = tx.fetch_all(
                f"""SELECT {SHARD_REF_COLUMNS} WHERE publication = ? AND queue = ? AND is_open = 1 AND {has_work}
                    AND {is_free} ORDER BY next_at, number LIMIT ?""",
                *(publication, queue, *values, at, *gone, limit),
            )
            shards += [one for row in rows if (one := ShardRef(*row)) not in shards]
    return shards[:limit]


def find_open_queues(tx: Transaction, newsletter: str) -> list[tuple[str, str]]:
    """Return the channels and queues of a newsletter (by its id) that have open shards."""
    prefix = f"{newsletter}/"
    rows = tx.fetch_all(
        """SELECT DISTINCT channel, queue FROM shard JOIN publication ON publication.id = shard.publication
           WHERE done = 0 AND planning = 0 AND is_open = 1 AND (issue = ? OR SUBSTR(issue, 1, ?) = ?)
           ORDER BY channel, queue""",
        *(newsletter, len(prefix), prefix),
    )
    return [(channel, queue) for channel, queue in rows]


def is_being_delivered(tx: Transaction, publication: int, now: dt.datetime) -> bool:
    """Return whether a living process has a shard of a publication."""
    rows = tx.fetch_all(
        "SELECT owner, MAX(leased_until) FROM shard WHERE publication = ? AND owner <> '' GROUP BY owner", publication
    )
    return any(is_held(owner, leased_until, now) for owner, leased_until in rows)


def find_shard(tx: Transaction, shard: int) -> ShardRef | None:
    """Return a shard by its id, None if there is none."""
    rows = tx.fetch_all(f"SELECT {SHARD_REF_COLUMNS} WHERE shard.id = ?", shard)
    return ShardRef(*rows[0]) if rows else None


class QueueCounts(NamedTuple):
    """The shards of a queue, over all issues: `held` are those of the `open` ones that a process has, `new` are being
    planned. `deliveries` are counted by state."""

    channel: str
    queue: str
    new: int
    open: int
    held: int
    done: int
    deliveries: DeliveryCounts


def count_shards(tx: Transaction, newsletter: str) -> list[QueueCounts]:
    """Return the counts of the queues of a newsletter (by its id), by channel and queue."""
    prefix = f"{newsletter}/"
    states = ("planning = 1", "planning = 0 AND is_open = 1", "shard.owner <> ''", "planning = 0 AND is_open = 0")
    by_state = ", ".join(f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)" for condition in states)
    rows = tx.fetch_all(
        f"""SELECT channel, queue, {by_state}, {SUMS} FROM shard JOIN publication ON publication.id = publication
            WHERE issue = ? OR SUBSTR(issue, 1, ?) = ? GROUP BY channel, queue ORDER BY channel, queue""",
        *(newsletter, len(prefix), prefix),
    )
    return [
        QueueCounts(channel, queue, int(new), int(open_), int(held), int(done), build_counts(sums))
        for channel, queue, new, open_, held, done, *sums in rows
    ]
