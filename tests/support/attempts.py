"""Reads the attempts that the ledger has recorded, as evidence of what was done."""

from __future__ import annotations

import datetime as dt
from heapq import merge
from itertools import accumulate
from operator import itemgetter

from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.models import parse_utc
from publisher.ledger.transitions import resolve_key
from publisher.named_tuple import NamedTuple

_HAS_KEY = "publication = (SELECT id FROM publication WHERE issue = ? AND channel = ? AND destination = ?)"


class Attempt(NamedTuple):
    """One attempt of a delivery, as recorded at the time."""

    recipient: str
    part: str
    started_at: dt.datetime
    ended_at: dt.datetime
    outcome: str
    evidence: str


def load_attempts(ledger: Ledger, key: PublicationKey) -> list[Attempt]:
    """Return all attempts for a publication, in the order in which they were recorded."""
    with ledger.transaction() as tx:
        resolved = resolve_key(tx, key)
        recorded = tx.fetch_all(
            f"""SELECT delivery.id, recipient, part, attempt.started_at, attempt.ended_at, outcome, evidence
                FROM attempt JOIN delivery ON delivery.id = attempt.delivery
                WHERE {_HAS_KEY} ORDER BY attempt.id""",
            *resolved,
        )
        in_deliveries = tx.fetch_all(
            f"""SELECT id, recipient, part, started_at, ended_at, 'sent', remote_id FROM delivery
                WHERE {_HAS_KEY} AND ended_at <> '' ORDER BY ended_at, id""",
            *resolved,
        )
    # what came late, from a former owner, was recorded after others that ended later
    latest = accumulate((row[4] for row in recorded), max)
    keyed = [((time, row[0], False), row) for time, row in zip(latest, recorded, strict=True)]
    merged = merge(keyed, [((row[4], row[0], True), row) for row in in_deliveries], key=itemgetter(0))
    return [
        Attempt(recipient, part, parse_utc(started_at), parse_utc(ended_at), outcome, evidence)
        for _, (_, recipient, part, started_at, ended_at, outcome, evidence) in merged
    ]
