"""Numbers of each lane with a rate limit, and of all others together: for monitoring, and for `publish status`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from publisher.ledger.ledger import Ledger
from publisher.ledger.models import DeliveryCounts, format_utc
from publisher.ledger.open_shards import count_shards
from publisher.ledger.shards import SUMS, build_counts
from publisher.named_tuple import NamedTuple

OTHER_LANES = "other"
"""What people call the lanes without a rate limit."""


class LaneMetrics(NamedTuple):
    """A lane of a channel: its deliveries and its shards by state. Of the `open` shards, a process sends those that are
    `held`.

    `tokens` are those that its rate limit had left when it was last asked, None without one. It is closed while its
    provider refuses the sender; then it may be one without a limit.
    """

    channel: str
    name: str
    deliveries: Mapping[str, int] = {}
    shards: Mapping[str, int] = {}
    tokens: float | None = None
    is_closed: bool = False


def collect_lane_metrics(ledger: Ledger, newsletter: str, now: dt.datetime) -> tuple[LaneMetrics, ...]:
    """Return the lanes with deliveries of a newsletter (by its id), and those that are closed."""
    with ledger.transaction() as tx:
        counted = {(one.channel, one.queue): one for one in count_shards(tx, newsletter)}
        rows = tx.fetch_all("SELECT channel, name, tokens, closed_until > ? FROM lane", format_utc(now))
    limits = {(channel, name): (float(tokens), bool(is_closed)) for channel, name, tokens, is_closed in rows}
    closed = {lane for lane, (_, is_closed) in limits.items() if is_closed}
    return tuple(
        LaneMetrics(
            channel,
            name or OTHER_LANES,
            one.deliveries._asdict() if (one := counted.get((channel, name))) else {},
            {"new": one.new, "open": one.open, "held": one.held, "done": one.done} if one else {},
            *limits.get((channel, name), (None, False)),
        )
        for channel, name in sorted(closed | counted.keys())
    )


class LaneProgress(NamedTuple):
    """How far a publication is in a lane: its shards that are open, those of them that a process sends, all shards, and
    the deliveries."""

    lane: str
    open: int
    held: int
    shards: int
    deliveries: DeliveryCounts


def find_progress(ledger: Ledger, publication: int) -> tuple[LaneProgress, ...]:
    """Return how far a publication (its id) is in each lane."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            f"""SELECT queue, SUM(is_open), SUM(CASE WHEN owner <> '' THEN 1 ELSE 0 END), COUNT(*), {SUMS} FROM shard
                WHERE publication = ? GROUP BY queue ORDER BY queue""",
            publication,
        )
    return tuple(
        LaneProgress(queue or OTHER_LANES, int(is_open), int(held), number, build_counts(sums))
        for queue, is_open, held, number, *sums in rows
    )
