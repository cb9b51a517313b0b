"""The ledger in numbers, for those who watch over a daemon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from publisher.ledger.ledger import Ledger
from publisher.ledger.models import ADOPTED, DeliveryState, PublicationKey, parse_utc
from publisher.ledger.process_id import get_process_id


class LedgerMetrics(NamedTuple):
    """`deliveries` counts by channel and state; `published` is when an issue was last out, by channel."""

    deliveries: Mapping[tuple[str, str], int] = {}
    last_published: Mapping[str, dt.datetime] = {}


def collect_metrics(ledger: Ledger, newsletter: str, channels: Iterable[str]) -> LedgerMetrics:
    """The figures of one newsletter, by its id. States that nothing is in are told, too, of these channels
    and of all that ever had a delivery."""
    prefix = f"{newsletter}/"
    with ledger.transaction() as tx:
        counted = tx.fetch_all(
            # by publication first, which is the order of the index: a million take a twentieth of the time
            """SELECT channel, state, SUM(number) FROM publication
               JOIN (SELECT publication, state, COUNT(*) AS number FROM delivery GROUP BY publication, state)
               AS counted ON counted.publication = publication.id
               WHERE issue = ? OR SUBSTR(issue, 1, ?) = ? GROUP BY channel, state""",
            *(newsletter, len(prefix), prefix),
        )
        last = tx.fetch_all(
            """SELECT channel, destination, MAX(published_at) AS last FROM publication
               WHERE SUBSTR(issue, 1, ?) = ? AND published_at <> '' AND digest <> ?
               GROUP BY channel, destination ORDER BY last""",
            *(len(prefix), prefix, ADOPTED),
        )
    names = dict.fromkeys([*channels, *(channel for channel, _, _ in counted)])
    deliveries = {(channel, state.value): 0 for channel in names for state in DeliveryState}
    deliveries |= {(channel, state): int(number) for channel, state, number in counted}
    issues = [
        (channel, when) for channel, where, when in last if not PublicationKey("", channel, where).notice_of
    ]
    return LedgerMetrics(deliveries, {channel: parse_utc(when) for channel, when in issues})


def find_lease_expiry(ledger: Ledger) -> dt.datetime | None:
    """When something of what this process is sending must have come of it at the latest; None when it sends
    nothing. Whoever has a publication in hand puts this off with every turn."""
    with ledger.transaction() as tx:
        [(first,)] = tx.fetch_all(
            "SELECT MIN(leased_until) FROM publication WHERE owner = ?", get_process_id()
        )
    return parse_utc(first) if first else None
