"""The sign-ups of a list that were let through, so that their number stays within limits.

Subjects are keyed hashes: whose address, which client, which network. One transaction decides, and those of all
processes take turns, so that no limit is passed however many requests come at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from publisher.ledger.database import Transaction
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import format_utc
from publisher.named_tuple import NamedTuple


class RequestLimit(NamedTuple):
    """At most `most` requests with the same `subject` of a `kind` in the time before; ever if `window` is None."""

    kind: str
    subject: str
    most: int
    window: dt.timedelta | None


def record_request(ledger: Ledger, newsletter: str, limits: Sequence[RequestLimit], now: dt.datetime) -> str:
    """Record a request, unless that would pass a limit. Return the kind of the first such limit, "" if it is recorded.

    What no limit of these kinds counts any more is deleted.
    """
    with ledger.transaction() as tx:
        _take_turn(tx, newsletter)
        for kind in {limit.kind for limit in limits}:
            windows = [limit.window for limit in limits if limit.kind == kind]
            if lengths := [window for window in windows if window is not None]:
                _delete_old(tx, newsletter, kind, now - max(lengths), keep=None in windows)
        for limit in limits:
            since = format_utc(now - limit.window) if limit.window else ""
            [(count,)] = tx.fetch_all(
                "SELECT COUNT(*) FROM request WHERE newsletter = ? AND kind = ? AND subject = ? AND at > ?",
                *(newsletter, limit.kind, limit.subject, since),
            )
            if count >= limit.most:
                return limit.kind
        subjects = dict.fromkeys((limit.kind, limit.subject) for limit in limits)
        rows = [(newsletter, *subject, format_utc(now)) for subject in subjects]
        tx.execute_many("INSERT INTO request (newsletter, kind, subject, at) VALUES (?, ?, ?, ?)", rows)
    return ""


def forget_requests(ledger: Ledger, newsletter: str, kind: str, subject: str, at: dt.datetime | None) -> None:
    """Delete the requests with a subject, those at one time or (None) all, so that they no longer count."""
    with ledger.transaction() as tx:
        tx.execute(
            "DELETE FROM request WHERE newsletter = ? AND kind = ? AND subject = ? AND ? IN ('', at)",
            *(newsletter, kind, subject, format_utc(at) if at else ""),
        )


def _take_turn(tx: Transaction, newsletter: str) -> None:
    """Let no other transaction do this until the end of this one: PostgreSQL locks the row, SQLite the file."""
    tx.execute(
        """INSERT INTO meta (name, value) VALUES (?, '') ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
        f"requests:{newsletter}",
    )


def _delete_old(tx: Transaction, newsletter: str, kind: str, before: dt.datetime, *, keep: bool) -> None:
    if not keep:
        tx.execute(
            "DELETE FROM request WHERE newsletter = ? AND kind = ? AND at <= ?", *(newsletter, kind, format_utc(before))
        )
