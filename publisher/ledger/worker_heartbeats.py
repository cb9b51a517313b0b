"""Which worker processes are alive: each records it from time to time, by the clock of the database."""

from __future__ import annotations

import datetime as dt

from publisher.ledger.database import Transaction
from publisher.ledger.meta import select_clock, upsert_meta
from publisher.ledger.models import format_utc
from publisher.ledger.process_id import format_owner, get_process_id, is_process_gone

_TIMEOUT = dt.timedelta(seconds=30)
"""A worker without a heartbeat for this long counts as gone."""


def record_worker(tx: Transaction, dialect: dict[str, str], newsletter: str) -> None:
    """Record that this process, a worker of a newsletter (by its id), is alive, and forget those that are gone."""
    prefix = _name(newsletter)
    now = select_clock(tx, dialect)
    tx.execute(
        "DELETE FROM meta WHERE SUBSTR(name, 1, ?) = ? AND value < ?", len(prefix), prefix, format_utc(now - _TIMEOUT)
    )
    upsert_meta(tx, _name(newsletter, get_process_id()), format_utc(now))


def remove_worker(tx: Transaction, newsletter: str) -> None:
    """Record that this process has ended."""
    tx.execute("DELETE FROM meta WHERE name = ?", _name(newsletter, get_process_id()))


def list_workers(tx: Transaction, dialect: dict[str, str], newsletter: str) -> list[str]:
    """Return the worker processes of a newsletter (by its id) that are alive, like "process 123 on HOST"."""
    prefix = _name(newsletter)
    rows = tx.fetch_all(
        "SELECT name FROM meta WHERE SUBSTR(name, 1, ?) = ? AND value >= ? ORDER BY name",
        *(len(prefix), prefix, format_utc(select_clock(tx, dialect) - _TIMEOUT)),
    )
    owners = [str(name).removeprefix(prefix) for (name,) in rows]
    return [format_owner(owner) for owner in owners if not is_process_gone(owner)]


def _name(newsletter: str, owner: str = "") -> str:
    return f"worker of {newsletter}: {owner}"
