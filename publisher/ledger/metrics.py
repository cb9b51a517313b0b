"""Numbers from the ledger, for monitoring a daemon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from publisher.ledger.lane_metrics import LaneMetrics
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import ADOPTED, DeliveryState, PublicationKey, parse_utc
from publisher.ledger.process_id import get_process_id
from publisher.ledger.shards import count_deliveries
from publisher.named_tuple import NamedTuple


class LedgerMetrics(NamedTuple):
    """`deliveries` counts by (channel, state); `last_published` is the last time of an issue, by channel; `lanes` are
    those of each channel."""

    deliveries: Mapping[tuple[str, str], int] = {}
    last_published: Mapping[str, dt.datetime] = {}
    lanes: Sequence[LaneMetrics] = ()


def collect_metrics(ledger: Ledger, newsletter: str, channels: Iterable[str]) -> LedgerMetrics:
    """Return the numbers of one newsletter, by its id.

    States without deliveries are included with 0, for these channels and all that ever had a delivery.
    """
    prefix = f"{newsletter}/"
    with ledger.transaction() as tx:
        publications = tx.fetch_all(
            """SELECT channel, id FROM publication WHERE (issue = ? OR SUBSTR(issue, 1, ?) = ?)
               AND EXISTS (SELECT 1 FROM shard WHERE shard.publication = publication.id)""",
            *(newsletter, len(prefix), prefix),
        )
        counts = [(channel, count_deliveries(tx, publication)) for channel, publication in publications]
        last_times = tx.fetch_all(
            """SELECT channel, destination, MAX(published_at) AS last FROM publication
               WHERE SUBSTR(issue, 1, ?) = ? AND published_at <> '' AND digest <> ?
               GROUP BY channel, destination ORDER BY last""",
            *(len(prefix), prefix, ADOPTED),
        )
    names = dict.fromkeys([*channels, *(channel for channel, _ in counts)])
    deliveries = {(channel, state.value): 0 for channel in names for state in DeliveryState}
    for channel, count in counts:
        for state, number in count._asdict().items():
            deliveries[channel, state] += number
    issues = [
        (channel, time)
        for channel, destination, time in last_times
        if not PublicationKey("", channel, destination).notice_of
    ]
    return LedgerMetrics(deliveries, {channel: parse_utc(time) for channel, time in issues})


def find_lease_expiry(ledger: Ledger) -> dt.datetime | None:
    """Return when the first lease of this process ends, None if it has none.

    Each checkpoint extends a lease, so a process that gets past this time is stuck.
    """
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            """SELECT leased_until FROM publication WHERE owner = ?
               UNION SELECT leased_until FROM shard WHERE owner <> '' AND owner = ?""",
            *(get_process_id(), get_process_id()),
        )
    first = min((until for (until,) in rows), default="")
    return parse_utc(first) if first else None
