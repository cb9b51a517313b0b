"""Single facts that the ledger keeps about itself, each by its name."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from publisher.ledger.database import Transaction
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import format_utc, parse_utc

HEARTBEAT_TIMEOUT = dt.timedelta(minutes=2)
"""So long after it was last alive a daemon is missed."""

_MAX_TICK_INTERVAL = dt.timedelta(hours=25)
"""So long may lie between two looks of a timer, which may be set to once a day."""


def get_meta(ledger: Ledger, name: str) -> str:
    """The fact, or ""."""
    with ledger.transaction() as tx:
        return _select_meta(tx, name)


def set_meta(ledger: Ledger, name: str, value: str) -> None:
    """Note the fact."""
    with ledger.transaction() as tx:
        _upsert_meta(tx, name, value)


def increment_meta(ledger: Ledger, name: str, minimum: int = 0) -> int:
    """Add one to a number, or to `at_least` when that is more; the sum."""
    with ledger.transaction() as tx:
        number = max(int(_select_meta(tx, name) or 0), minimum) + 1
        _upsert_meta(tx, name, str(number))
        return number


class SchedulerActivity(NamedTuple):
    """Who looks at the clock: when a daemon was alive the last time, None when there is none, it left, or
    `publish tick` came in its place; and when that last looked."""

    heartbeat: dt.datetime | None = None
    last_tick: dt.datetime | None = None

    def is_daemon_missing(self, now: dt.datetime) -> bool:
        """Whether a daemon is missed."""
        return self.heartbeat is not None and now - self.heartbeat > HEARTBEAT_TIMEOUT

    def is_active(self, now: dt.datetime) -> bool:
        """Whether a daemon or a timer looks at the clock, as far as can be seen."""
        if self.heartbeat:
            return not self.is_daemon_missing(now)
        return self.last_tick is not None and now - self.last_tick <= _MAX_TICK_INTERVAL


def record_heartbeat(ledger: Ledger, newsletter: str, now: dt.datetime | None) -> None:
    """Note that the daemon of a newsletter, by its id, is alive; with None, that it left."""
    set_meta(ledger, f"heartbeat of {newsletter}", format_utc(now) if now else "")


def record_tick(ledger: Ledger, newsletter: str, now: dt.datetime) -> None:
    """Note that somebody who is no daemon looks at the clock for a newsletter."""
    set_meta(ledger, f"looked for {newsletter}", format_utc(now))


def load_activity(ledger: Ledger, newsletter: str) -> SchedulerActivity:
    """Who looks at the clock for a newsletter: several may share a ledger."""
    with ledger.transaction() as tx:
        alive = _select_meta(tx, f"heartbeat of {newsletter}")
        looked = _select_meta(tx, f"looked for {newsletter}")
    return SchedulerActivity(
        parse_utc(alive) if alive > looked else None, parse_utc(looked) if looked else None
    )


def _select_meta(tx: Transaction, name: str) -> str:
    found = tx.fetch_all("SELECT value FROM meta WHERE name = ?", name)
    return str(found[0][0]) if found else ""


def _upsert_meta(tx: Transaction, name: str, value: str) -> None:
    tx.execute(
        """INSERT INTO meta (name, value) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
        name,
        value,
    )
