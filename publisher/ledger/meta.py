"""Single values in the ledger, by name: counters, when a scheduler was last active; and newsletters as a whole."""

from __future__ import annotations

import datetime as dt

from publisher.ledger.database import Transaction
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import format_utc, parse_utc
from publisher.named_tuple import NamedTuple

HEARTBEAT_TIMEOUT = dt.timedelta(minutes=2)
"""A daemon without a heartbeat for this long counts as missing."""

_MAX_TICK_INTERVAL = dt.timedelta(hours=25)
"""The longest time between two runs of `publish tick`: a timer may be set to once a day."""


def get_meta(ledger: Ledger, name: str) -> str:
    """Return the value, "" if there is none."""
    with ledger.transaction() as tx:
        return select_meta(tx, name)


def set_meta(ledger: Ledger, name: str, value: str) -> None:
    """Store the value."""
    with ledger.transaction() as tx:
        upsert_meta(tx, name, value)


def increment_meta(ledger: Ledger, name: str, minimum: int = 0) -> int:
    """Add one to a counter, or to `minimum` if that is greater. Return the sum."""
    with ledger.transaction() as tx:
        number = max(int(select_meta(tx, name) or 0), minimum) + 1
        upsert_meta(tx, name, str(number))
        return number


def select_clock(tx: Transaction, dialect: dict[str, str]) -> dt.datetime:
    """Return what time it is for the database: leases are compared with the clocks of all machines that share it."""
    [(now,)] = tx.fetch_all(f"SELECT {dialect['now']}")
    return parse_utc(now)


class SchedulerActivity(NamedTuple):
    """What runs the schedule. `heartbeat` is when a daemon was last alive, None if there is none, it was
    stopped, or `publish tick` ran since; `last_tick` is when that last ran."""

    heartbeat: dt.datetime | None = None
    last_tick: dt.datetime | None = None

    def is_daemon_missing(self, now: dt.datetime) -> bool:
        """Return whether a daemon stopped without notice."""
        return self.heartbeat is not None and now - self.heartbeat > HEARTBEAT_TIMEOUT

    def is_active(self, now: dt.datetime) -> bool:
        """Return whether a daemon or a timer seems to run the schedule."""
        if self.heartbeat:
            return not self.is_daemon_missing(now)
        return self.last_tick is not None and now - self.last_tick <= _MAX_TICK_INTERVAL


def record_heartbeat(ledger: Ledger, newsletter: str, now: dt.datetime | None) -> None:
    """Record that the daemon of a newsletter (by its id) is alive at `now`, or was stopped (None)."""
    set_meta(ledger, f"heartbeat of {newsletter}", format_utc(now) if now else "")


def record_tick(ledger: Ledger, newsletter: str, now: dt.datetime) -> None:
    """Record a run of `publish tick` for a newsletter (by its id)."""
    set_meta(ledger, f"looked for {newsletter}", format_utc(now))


def load_activity(ledger: Ledger, newsletter: str) -> SchedulerActivity:
    """Return what runs the schedule of a newsletter (by its id): several may share a ledger."""
    with ledger.transaction() as tx:
        heartbeat = select_meta(tx, f"heartbeat of {newsletter}")
        last_tick = select_meta(tx, f"looked for {newsletter}")
    return SchedulerActivity(
        parse_utc(heartbeat) if heartbeat > last_tick else None, parse_utc(last_tick) if last_tick else None
    )


def has_publications(ledger: Ledger, newsletter: str) -> bool:
    """Return whether anything of a newsletter (by its id) was published or adopted."""
    prefix = f"{newsletter}/"
    with ledger.transaction() as tx:
        return any(
            tx.fetch_all(f"SELECT 1 FROM {table} WHERE SUBSTR(issue, 1, ?) = ? LIMIT 1", len(prefix), prefix)
            for table in ("publication", "adopted_issue")
        )


def find_nested_newsletters(ledger: Ledger, newsletter: str, names: str) -> frozenset[str]:
    """Return the ids of newsletters whose issues look like those of `newsletter` (by its id), since one
    id begins with the other and a slash. Ids are the values whose names begin with `names`."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all("SELECT value FROM meta WHERE SUBSTR(name, 1, ?) = ? ", len(names), names)
    ids = frozenset(str(value) for (value,) in rows)
    return frozenset(id_ for id_ in ids if id_.startswith(f"{newsletter}/") or newsletter.startswith(f"{id_}/"))


def rename_newsletter(ledger: Ledger, old: str, new: str) -> None:
    """Give all that is recorded about a newsletter to its new id, so that nothing is sent again."""
    prefix = f"{old}/"
    with ledger.transaction() as tx:
        for table in ("publication", "source", "adopted_issue", "schedule_override", "alert", "forced_issue"):
            tx.execute(
                f"UPDATE {table} SET issue = ? || SUBSTR(issue, ?) WHERE SUBSTR(issue, 1, ?) = ?",
                *(new, len(old) + 1, len(prefix), prefix),
            )
        for table in ("subscriber", "consent", "suppression", "request", "bounce", "webhook_request"):
            tx.execute(f"UPDATE {table} SET newsletter = ? WHERE newsletter = ?", new, old)
        tx.execute("UPDATE publication SET issue = ? WHERE issue = ?", new, old)
        tx.execute("UPDATE meta SET value = ? WHERE value = ?", new, old)  # wherever it is known by its id


def select_meta(tx: Transaction, name: str) -> str:
    rows = tx.fetch_all("SELECT value FROM meta WHERE name = ?", name)
    return str(rows[0][0]) if rows else ""


def upsert_meta(tx: Transaction, name: str, value: str) -> None:
    tx.execute(
        """INSERT INTO meta (name, value) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
        name,
        value,
    )
