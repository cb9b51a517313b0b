"""Counts the deliveries of each shard by state, as they change.

A shard is the deliveries to at most some hundred recipients of a publication, all in one queue. Its counts answer what
would take a look at a million rows. Deliveries change their state either in a checkpoint, which knows how many those
are, or by `change_deliveries`, which counts the shards again that they belong to. Shards are locked before their
deliveries everywhere, or two transactions would wait for each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from publisher.ledger.database import Row, Transaction
from publisher.ledger.models import DeliveryCounts, DeliveryState, Lease
from publisher.named_tuple import NamedTuple

NEVER = "~"
"""When the first delivery of a shard is due that has none planned: later than any time."""

_UNSENT_STATES = ("planned", "failed", "unknown", "dropped", "unlisted")
"""The states by which the index of deliveries is ordered."""

_COUNTED_STATES = (*_UNSENT_STATES, "sending")

_CHUNK = 500
"""How many shards a statement is about."""

_ADD_COUNTS = ", ".join(f"{state} = shard.{state} + new.{state}" for state in _COUNTED_STATES)
_SET_COUNTS = ", ".join(f"{state} = new.{state}" for state in _UNSENT_STATES)
SUMS = ", ".join(f"COALESCE(SUM({state}), 0)" for state in ("deliveries", *_COUNTED_STATES))


class ShardRef(NamedTuple):
    """A shard to deliver: its id, the fence of its last claim, its queue, and what it is part of."""

    id: int
    fence: int
    queue: str
    channel: str
    issue: str


SHARD_REF_COLUMNS = """shard.id, shard.fence, queue, channel, issue
    FROM shard JOIN publication ON publication.id = shard.publication"""


class CountChanges:
    """How many deliveries more, or fewer, are in a state: by shard."""

    def __init__(self) -> None:
        self._changes: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def move(self, shard: int, before: DeliveryState, after: DeliveryState, count: int) -> None:
        """Note that so many deliveries of a shard changed their state."""
        self._changes[shard][before.value] -= count
        self._changes[shard][after.value] += count

    def write(self, tx: Transaction) -> None:
        """Change the counts in the ledger. The shards must be locked."""
        rows = [(shard, *(changes[state] for state in _COUNTED_STATES)) for shard, changes in self._changes.items()]
        tx.update_many(
            f"UPDATE shard SET {_ADD_COUNTS} FROM {{new}} WHERE shard.id = new.id",
            ("id", *_COUNTED_STATES),
            sorted(row for row in rows if any(row[1:])),
        )


def change_deliveries(
    tx: Transaction, assignments: str, values: Sequence[object], condition: str, condition_values: Sequence[object]
) -> int:
    """Change deliveries that are not being sent: `UPDATE delivery SET assignments WHERE condition`, which may not make
    any `sending`. Return how many. The counts of their shards are right afterwards."""
    shards = tx.fetch_all(f"SELECT DISTINCT shard FROM delivery WHERE {condition}", *condition_values)
    changed = 0
    for chunk in split([shard for (shard,) in shards]):
        tx.lock_rows("shard", chunk)
        changed += tx.execute(
            f"UPDATE delivery SET {assignments} WHERE shard IN ({_join_marks(chunk)}) AND ({condition})",
            *(*values, *chunk, *condition_values),
        )
        count_again(tx, chunk)
    return changed


def count_again(tx: Transaction, shards: Collection[int]) -> None:
    """Count the deliveries of shards, which must be locked; but for those being sent, which only checkpoints change."""
    for chunk in split(sorted(shards)):
        counts: dict[int, Counter[str]] = {shard: Counter() for shard in chunk}
        due = dict.fromkeys(chunk, NEVER)
        ids: dict[int, list[int]] = {shard: [] for shard in chunk}
        for shard, state, count, next_at, first, last in tx.fetch_all(
            f"""SELECT shard, unsent_state, COUNT(*), MIN(next_at), MIN(id), MAX(id) FROM delivery
                WHERE shard IN ({_join_marks(chunk)}) AND unsent_state IS NOT NULL GROUP BY shard, unsent_state""",
            *chunk,
        ):
            counts[shard][state] = count
            ids[shard] += (first, last)
            if state == DeliveryState.PLANNED.value:
                due[shard] = next_at
        tx.update_many(
            f"""UPDATE shard SET {_SET_COUNTS}, next_at = new.next_at,
                first_id = CASE WHEN new.last_id > 0 AND (new.first_id < shard.first_id OR shard.first_id = 0)
                           THEN new.first_id ELSE shard.first_id END,
                last_id = CASE WHEN new.last_id > shard.last_id THEN new.last_id ELSE shard.last_id END
                FROM {{new}} WHERE shard.id = new.id""",
            ("id", *_UNSENT_STATES, "next_at", "first_id", "last_id"),
            [
                (
                    *(shard, *(counts[shard][state] for state in _UNSENT_STATES), due[shard]),
                    *(min(ids[shard], default=0), max(ids[shard], default=0)),
                )
                for shard in chunk
            ],
        )


def bring_forward(tx: Transaction, due: Mapping[int, str]) -> None:
    """Record that a planned delivery of a shard is due at that time, by shard, unless one is due earlier."""
    tx.update_many(
        "UPDATE shard SET next_at = new.next_at FROM {new} WHERE shard.id = new.id AND new.next_at < shard.next_at",
        ("id", "next_at"),
        sorted(due.items()),
    )


def update_due(tx: Transaction, shard: int) -> None:
    """Record when the first planned delivery of a shard is due, once those that were due have been started."""
    tx.execute(
        f"""UPDATE shard SET next_at = COALESCE((SELECT MIN(next_at) FROM delivery
            WHERE shard = ? AND unsent_state = 'planned'), '{NEVER}') WHERE id = ?""",
        *(shard, shard),
    )


def find_due_shards(tx: Transaction, dialect: dict[str, str], lease: Lease, queue: str, now: str) -> Iterator[int]:
    """Yield the shards of a queue that have a planned delivery that is due, in the order of delivery, each locked."""
    if lease.shard:
        yield from (
            shard for (shard,) in tx.fetch_all("SELECT id FROM shard WHERE id = ? AND queue = ?", lease.shard, queue)
        )
        return
    after: tuple[str, int] = ("", -1)
    while found := tx.fetch_all(
        f"""SELECT id, next_at, number FROM shard WHERE publication = ? AND queue = ? AND is_open = 1 AND next_at <= ?
            AND (next_at, number) > (?, ?) ORDER BY next_at, number LIMIT 1 {dialect["lock"]}""",
        *(lease.publication_id, queue, now, *after),
    ):
        [(shard, *after_this)] = found
        after = (after_this[0], after_this[1])
        yield shard


def select_due(tx: Transaction, publication: int, now: str) -> list[ShardRef]:
    """Return the shards of a publication that have a planned delivery that is due, in the order of delivery."""
    rows = tx.fetch_all(
        f"""SELECT {SHARD_REF_COLUMNS} WHERE publication = ? AND is_open = 1 AND next_at <= ?
            ORDER BY queue, next_at, number""",
        *(publication, now),
    )
    return [ShardRef(*row) for row in rows]


def find_sending(tx: Transaction, lease: Lease) -> list[Row]:
    """Return the shards under a lease with deliveries that are being sent: each with its first and last delivery."""
    scope, value = ("id", lease.shard) if lease.shard else ("publication", lease.publication_id)
    return tx.fetch_all(
        f"SELECT id, first_id, last_id FROM shard WHERE {scope} = ? AND sending > 0 ORDER BY first_id", value
    )


def count_deliveries(tx: Transaction, publication: int, shard: int = 0) -> DeliveryCounts:
    """Return the deliveries of a publication, or of one of its shards, by state."""
    [sums] = tx.fetch_all(f"SELECT {SUMS} FROM shard WHERE publication = ? AND ? IN (0, id)", publication, shard)
    return build_counts(sums)


def build_counts(sums: Sequence[int]) -> DeliveryCounts:
    """Return the counts of which `SUMS` selects the numbers."""
    deliveries, *numbers = map(int, sums)
    counts = dict(zip(_COUNTED_STATES, numbers, strict=True))
    return DeliveryCounts(**counts, sent=deliveries - sum(numbers))


def split(shards: Sequence[int], size: int = _CHUNK) -> Iterator[Sequence[int]]:
    """Yield the shards, so many at a time."""
    for first in range(0, len(shards), size):
        yield shards[first : first + size]


def _join_marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
