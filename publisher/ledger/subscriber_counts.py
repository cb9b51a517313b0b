"""Counts of subscribers, of what was sent to them and of what they reported as spam, by the domain of their address."""

from __future__ import annotations

import datetime as dt

from publisher.ledger.database import Transaction
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import format_utc
from publisher.named_tuple import NamedTuple


class DomainCounts(NamedTuple):
    """Numbers by domain: of subscribers to whom issues are sent, and in a period of emails and of complaints."""

    subscribers: dict[str, int]
    sent: dict[str, int]
    complaints: dict[str, int]


def count_by_domain(ledger: Ledger, newsletter: str, channel: str, since: dt.datetime) -> DomainCounts:
    """Return the numbers of a newsletter (by its id) on a channel; the period began at `since` (aware).

    What was sent to those who were erased since then is not counted, nor are their complaints.
    """
    start, prefix = format_utc(since), f"{newsletter}/"
    with ledger.transaction() as tx:
        return DomainCounts(
            _count_domains(tx, "FROM subscriber WHERE newsletter = ? AND state = 'confirmed'", newsletter),
            _count_domains(
                tx,
                """FROM publication JOIN delivery ON delivery.publication = publication.id
                   JOIN subscriber ON subscriber.newsletter = ? AND subscriber.key = delivery.recipient
                   WHERE publication.channel = ? AND (issue = ? OR SUBSTR(issue, 1, ?) = ?)
                   AND delivery.state = 'sent' AND delivery.started_at >= ?""",
                *(newsletter, channel, newsletter, len(prefix), prefix, start),
            ),
            _count_domains(
                tx,
                """FROM consent JOIN subscriber USING (newsletter, key)
                   WHERE newsletter = ? AND event = 'complained' AND at >= ?""",
                *(newsletter, start),
            ),
        )


def _count_domains(tx: Transaction, source: str, *values: object) -> dict[str, int]:
    return dict(tx.fetch_all(f"SELECT domain, COUNT(*) {source} GROUP BY domain", *values))
