"""Single facts that the ledger keeps about itself, each by its name."""

from __future__ import annotations

import datetime as dt

from publisher.ledger.books import Ledger
from publisher.ledger.database import Transaction
from publisher.ledger.moments import moment, stamp


def recall(ledger: Ledger, name: str) -> str:
    """The fact, or ""."""
    with ledger.transaction() as books:
        return _recall(books, name)


def note(ledger: Ledger, name: str, value: str) -> None:
    """Note the fact."""
    with ledger.transaction() as books:
        _note(books, name, value)


def count(ledger: Ledger, name: str, at_least: int = 0) -> int:
    """Add one to a number, or to `at_least` when that is more; the sum."""
    with ledger.transaction() as books:
        number = max(int(_recall(books, name) or 0), at_least) + 1
        _note(books, name, str(number))
        return number


def beat(ledger: Ledger, now: dt.datetime | None) -> None:
    """Note that a daemon is alive; with None, that it left."""
    note(ledger, "heartbeat", stamp(now) if now else "")


def heartbeat(ledger: Ledger) -> dt.datetime | None:
    """When a daemon was alive the last time; None when there is none, or it left."""
    last = recall(ledger, "heartbeat")
    return moment(last) if last else None


def _recall(books: Transaction, name: str) -> str:
    found = books.rows("SELECT value FROM memo WHERE name = ?", name)
    return str(found[0][0]) if found else ""


def _note(books: Transaction, name: str, value: str) -> None:
    books.run(
        """INSERT INTO memo (name, value) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
        name,
        value,
    )
