"""Single facts that the ledger keeps about itself, each by its name."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from publisher.ledger.database import Transaction
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import moment, stamp

SILENCE = dt.timedelta(minutes=2)
"""So long after it was last alive a daemon is missed."""

_BETWEEN_LOOKS = dt.timedelta(hours=25)
"""So long may lie between two looks of a timer, which may be set to once a day."""


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


class Watch(NamedTuple):
    """Who looks at the clock: when a daemon was alive the last time, None when there is none, it left, or
    `publish tick` came in its place; and when that last looked."""

    heartbeat: dt.datetime | None = None
    looked: dt.datetime | None = None

    def is_silent(self, now: dt.datetime) -> bool:
        """Whether a daemon is missed."""
        return self.heartbeat is not None and now - self.heartbeat > SILENCE

    def is_kept(self, now: dt.datetime) -> bool:
        """Whether a daemon or a timer looks at the clock, as far as can be seen."""
        if self.heartbeat:
            return not self.is_silent(now)
        return self.looked is not None and now - self.looked <= _BETWEEN_LOOKS


def beat(ledger: Ledger, newsletter: str, now: dt.datetime | None) -> None:
    """Note that the daemon of a newsletter, by its id, is alive; with None, that it left."""
    note(ledger, f"heartbeat of {newsletter}", stamp(now) if now else "")


def look(ledger: Ledger, newsletter: str, now: dt.datetime) -> None:
    """Note that somebody who is no daemon looks at the clock for a newsletter."""
    note(ledger, f"looked for {newsletter}", stamp(now))


def watch(ledger: Ledger, newsletter: str) -> Watch:
    """Who looks at the clock for a newsletter: several may share a ledger."""
    with ledger.transaction() as books:
        alive = _recall(books, f"heartbeat of {newsletter}")
        looked = _recall(books, f"looked for {newsletter}")
    return Watch(moment(alive) if alive > looked else None, moment(looked) if looked else None)


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
