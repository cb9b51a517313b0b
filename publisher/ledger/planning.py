"""Plans a publication: in one transaction if its list is short, in many if it is long.

From the first of them until the last, the publication is marked as being planned, and nothing of it can be sent. A plan
that was interrupted leaves deliveries that the next one finds: it goes through the whole list again, and adds those
that are missing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from operator import itemgetter

from publisher.channel import Part
from publisher.failpoints import hit_failpoint
from publisher.ledger.database import Transaction
from publisher.ledger.listing import ActiveSubscribers, CopiedList, Listing
from publisher.ledger.models import RECIPIENTS_PER_SHARD, format_utc
from publisher.ledger.plan import accept_recipients, adjust_planned, postpone_closed_lanes, replace_content
from publisher.ledger.rolling import RollingTransaction
from publisher.ledger.shards import ShardRef, count_again, select_due, split
from publisher.ledger.subscriber_recipients import FindLane, SubscriberSelection
from publisher.named_tuple import NamedTuple

_SHARDS_PER_STEP = 10
"""How many shards of an earlier plan are adjusted together."""

OnOpen = Callable[[Transaction, Sequence[ShardRef]], None]


class PlanSettings(NamedTuple):
    """How to plan: see Ledger.plan."""

    keep_content: bool
    find_lane: FindLane
    only: Collection[str] | None
    add_recipients: bool
    accept_fewer: bool
    shard_size: int | None
    on_open: OnOpen | None


def plan_publication(
    rolling: RollingTransaction,
    parts: Sequence[Part],
    recipients: Iterable[str] | SubscriberSelection,
    now: dt.datetime,
    settings: PlanSettings,
) -> None:
    """Plan a publication under its lease, as Ledger.plan says."""
    hit_failpoint("planning")
    if isinstance(recipients, SubscriberSelection):
        _plan_listing(
            rolling, parts, ActiveSubscribers(rolling.tx, recipients, settings.find_lane, settings.only), now, settings
        )
    else:
        with closing(CopiedList(rolling, recipients, settings.find_lane, settings.only)) as listing:
            _plan_listing(rolling, parts, listing, now, settings)


def _plan_listing(
    rolling: RollingTransaction, parts: Sequence[Part], listing: Listing, now: dt.datetime, settings: PlanSettings
) -> None:
    publication = rolling.lease.publication_id
    accept_recipients(rolling.tx, publication, listing.counts, accept_fewer=settings.accept_fewer)
    rolling.tx.execute("UPDATE publication SET planning = 1, done = 0 WHERE id = ?", publication)
    if not settings.keep_content:
        replace_content(rolling.tx, publication, parts, format_utc(now))
    older = rolling.tx.fetch_all(
        "SELECT id FROM shard WHERE publication = ? AND planned + dropped + unlisted > 0 ORDER BY id", publication
    )
    _add_missing(rolling, listing, settings)
    for chunk in split([shard for (shard,) in older], _SHARDS_PER_STEP):
        adjust_planned(rolling.tx, publication, chunk, *listing.build_condition(rolling.tx, chunk))
        rolling.count(len(chunk) * RECIPIENTS_PER_SHARD)
    rolling.tx.execute("UPDATE publication SET planning = 0 WHERE id = ?", publication)
    if settings.on_open:
        settings.on_open(rolling.tx, select_due(rolling.tx, publication, format_utc(now)))


def _add_missing(rolling: RollingTransaction, listing: Listing, settings: PlanSettings) -> None:
    """Plan deliveries of all parts to all on the list, but for those that there are."""
    publication = rolling.lease.publication_id
    parts = rolling.tx.fetch_all("SELECT part, position FROM part WHERE publication = ? ORDER BY position", publication)
    shards = _Shards(rolling.tx, publication, settings.shard_size, max(1, len(parts)))
    for batch in listing.read(rolling):
        planned = {} if shards.are_new else _select_planned(rolling.tx, publication, [one.recipient for one in batch])
        rows = [
            (publication, shard, position, one.recipient, part, one.lane, "planned")
            for one in batch
            if settings.add_recipients or one.recipient in planned
            if (missing := [pair for pair in parts if pair[0] not in planned.get(one.recipient, ())])
            for shard in [shards.find(rolling.tx, one.queue)]
            for part, position in missing
        ]
        _insert(rolling.tx, publication, rows)
        rolling.count(len(batch))


def _select_planned(tx: Transaction, publication: int, recipients: Collection[str]) -> dict[str, set[str]]:
    """Return the parts of the deliveries that there are for these recipients."""
    planned: defaultdict[str, set[str]] = defaultdict(set)
    if recipients:
        marks = ", ".join("?" * len(recipients))
        for recipient, part in tx.fetch_all(
            f"SELECT recipient, part FROM delivery WHERE publication = ? AND recipient IN ({marks})",
            *(publication, *recipients),
        ):
            planned[recipient].add(part)
    return planned


def _insert(tx: Transaction, publication: int, rows: list[tuple[int, int, int, str, str, str, str]]) -> None:
    counts = Counter(row[1] for row in rows)
    if not counts:
        return
    tx.lock_rows("shard", counts)
    columns = ("publication", "shard", "position", "recipient", "part", "lane", "state")
    rows.sort(key=itemgetter(1))  # so that the ids of a shard are close together
    tx.insert_many("delivery", columns, rows)
    tx.execute_many(
        "UPDATE shard SET deliveries = deliveries + ? WHERE id = ?", [(count, shard) for shard, count in counts.items()]
    )
    postpone_closed_lanes(tx, publication, [*counts])
    count_again(tx, counts)


class _Shards:
    """The shards that recipients are added to: the last one of each queue, and when it is full, a new one.

    `are_new`: the publication had none before, and so no deliveries.
    """

    def __init__(self, tx: Transaction, publication: int, size: int | None, parts: int) -> None:
        self._publication = publication
        self._size = size or float("inf")
        self._last: dict[str, tuple[int, int, float]] = {
            queue: (shard, number, self._size - deliveries // parts)
            for queue, shard, number, deliveries in tx.fetch_all(
                """SELECT queue, id, number, deliveries FROM shard WHERE publication = ? AND number =
                   (SELECT MAX(number) FROM shard other WHERE other.publication = shard.publication
                    AND other.queue = shard.queue)""",
                publication,
            )
        }
        self.are_new = not self._last

    def find(self, tx: Transaction, queue: str) -> int:
        """Return the shard for the next recipient in a queue."""
        shard, number, room = self._last.get(queue, (0, -1, 0))
        if room < 1:
            number, room = number + 1, self._size
            [(shard,)] = tx.fetch_all(
                "INSERT INTO shard (publication, queue, number) VALUES (?, ?, ?) RETURNING id",
                *(self._publication, queue, number),
            )
        self._last[queue] = (shard, number, room - 1)
        return shard
