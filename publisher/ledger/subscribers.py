"""The rows of subscribers, their consent records, and suppressed addresses: SQL for one newsletter in a transaction.

Which change of state is allowed is decided in `publisher.subscribers`. Times are texts of `format_utc`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from publisher.ledger.database import Row, Transaction
from publisher.named_tuple import NamedTuple

_COLUMNS = "key, address, name, state, since, tag, asked_at, paused_until"

_BATCH_SIZE = 500
"""How many rows or values a statement has at most: SQLite before 3.32 takes 999 values."""


class SubscriberRow(NamedTuple):
    """A row of the list, as texts; `asked_at` and `paused_until` are '' if there is none."""

    key: str
    address: str
    name: str
    state: str
    since: str
    tag: str
    asked_at: str = ""
    paused_until: str = ""


class ConsentRow(NamedTuple):
    """A consent record, as texts."""

    key: str
    event: str
    at: str
    via: str
    text: str
    network: str


def select_subscriber(tx: Transaction, newsletter: str, *, key: str = "", tag: str = "") -> SubscriberRow | None:
    """Return the row with this key, or with this tag."""
    column, value = ("key", key) if key else ("tag", tag)
    rows = tx.fetch_all(f"SELECT {_COLUMNS} FROM subscriber WHERE newsletter = ? AND {column} = ?", newsletter, value)
    return SubscriberRow(*rows[0]) if rows else None


def lock_subscriber(tx: Transaction, dialect: dict[str, str], newsletter: str, key: str) -> SubscriberRow | None:
    """Return the row with this key, which no one else can change before the transaction ends."""
    rows = tx.fetch_all(
        f"SELECT {_COLUMNS} FROM subscriber WHERE newsletter = ? AND key = ? {dialect['lock']}", newsletter, key
    )
    return SubscriberRow(*rows[0]) if rows else None


def select_subscribers(tx: Transaction, newsletter: str, keys: Collection[str]) -> dict[str, SubscriberRow]:
    """Return the rows with these keys, by key."""
    found = _select_in_batches(tx, f"SELECT {_COLUMNS} FROM subscriber WHERE newsletter = ? AND key", newsletter, keys)
    return {row[0]: SubscriberRow(*row) for row in found}


def list_subscribers(tx: Transaction, newsletter: str, states: Collection[str], after: str) -> list[SubscriberRow]:
    """Return the next rows after a key, in the order of their keys; those in one of these states, or all."""
    condition = f"AND state IN ({_marks(states)})" if states else ""
    rows = tx.fetch_all(
        f"SELECT {_COLUMNS} FROM subscriber WHERE newsletter = ? AND key > ? {condition} ORDER BY key LIMIT ?",
        *(newsletter, after, *states, _BATCH_SIZE),
    )
    return [SubscriberRow(*row) for row in rows]


def count_subscribers(tx: Transaction, newsletter: str) -> dict[str, int]:
    """Return how many subscribers there are by state, without those who were erased."""
    return dict(tx.fetch_all("SELECT state, COUNT(*) FROM subscriber WHERE newsletter = ? GROUP BY state", newsletter))


def insert_subscribers(tx: Transaction, newsletter: str, rows: Sequence[SubscriberRow]) -> int:
    """Add rows whose key is not on the list. Return how many that were."""
    return tx.execute_many(
        f"""INSERT INTO subscriber (newsletter, domain, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING""",
        [(newsletter, row.address.rpartition("@")[2], *row) for row in rows],
    )


def update_subscriber(tx: Transaction, newsletter: str, row: SubscriberRow) -> None:
    """Replace the row of this key."""
    tx.execute(
        """UPDATE subscriber SET address = ?, domain = ?, name = ?, state = ?, since = ?, asked_at = ?, paused_until = ?
           WHERE newsletter = ? AND key = ?""",
        *(row.address, row.address.rpartition("@")[2], row.name, row.state, row.since, row.asked_at),
        *(row.paused_until, newsletter, row.key),
    )


def delete_subscriber(tx: Transaction, newsletter: str, key: str) -> None:
    """Delete a row, its consent records and its bounces."""
    for table in ("consent", "bounce", "subscriber"):
        tx.execute(f"DELETE FROM {table} WHERE newsletter = ? AND key = ?", newsletter, key)


def select_expired(tx: Transaction, newsletter: str, asked_before: str) -> list[SubscriberRow]:
    """Return the rows whose pending confirmation was asked for before this time."""
    rows = tx.fetch_all(
        f"SELECT {_COLUMNS} FROM subscriber WHERE newsletter = ? AND asked_at BETWEEN '1' AND ?",
        *(newsletter, asked_before),
    )
    return [SubscriberRow(*row) for row in rows]


def select_pauses_over(tx: Transaction, newsletter: str, now: str) -> list[SubscriberRow]:
    """Return the rows of those whose pause ended before this time."""
    rows = tx.fetch_all(
        f"""SELECT {_COLUMNS} FROM subscriber
            WHERE newsletter = ? AND state = 'paused' AND paused_until BETWEEN '1' AND ?""",
        *(newsletter, now),
    )
    return [SubscriberRow(*row) for row in rows]


# ------------------------------------------------------------------- consent


def insert_consents(tx: Transaction, newsletter: str, rows: Sequence[ConsentRow]) -> None:
    """Add consent records."""
    tx.execute_many(
        "INSERT INTO consent (newsletter, key, event, at, via, text, network) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(newsletter, *row) for row in rows],
    )


def select_consents(tx: Transaction, newsletter: str, key: str) -> list[ConsentRow]:
    """Return the consent records of a subscriber, oldest first."""
    rows = tx.fetch_all(
        """SELECT key, event, at, via, text, network FROM consent WHERE newsletter = ? AND key = ? ORDER BY id""",
        *(newsletter, key),
    )
    return [ConsentRow(*row) for row in rows]


# --------------------------------------------------------------- suppression


def insert_suppression(tx: Transaction, newsletter: str, digest: str, reason: str, at: str) -> bool:
    """Suppress an address by its hash. Return False if it was refused before, which stays so."""
    changed = tx.execute(
        """INSERT INTO suppression (newsletter, hash, reason, at) VALUES (?, ?, ?, ?)
           ON CONFLICT (newsletter, hash) DO UPDATE SET reason = excluded.reason, at = excluded.at
           WHERE suppression.reason <> 'refused'""",
        *(newsletter, digest, reason, at),
    )
    return bool(changed)


def select_suppressions(tx: Transaction, newsletter: str, hashes: Collection[str]) -> dict[str, str]:
    """Return the reasons of those of the hashes that are suppressed."""
    sql = "SELECT hash, reason FROM suppression WHERE newsletter = ? AND hash"
    return dict(_select_in_batches(tx, sql, newsletter, hashes))


def delete_suppressions(tx: Transaction, newsletter: str, hashes: Collection[str]) -> None:
    """Suppress an address no longer, whichever key its hash was made with."""
    tx.execute(f"DELETE FROM suppression WHERE newsletter = ? AND hash IN ({_marks(hashes)})", newsletter, *hashes)


def count_suppressions(tx: Transaction, newsletter: str) -> dict[str, int]:
    """Return how many addresses are suppressed by reason."""
    return dict(
        tx.fetch_all("SELECT reason, COUNT(*) FROM suppression WHERE newsletter = ? GROUP BY reason", newsletter)
    )


def select_sample_hashes(tx: Transaction, newsletter: str) -> list[str]:
    """Return one suppressed name for each different beginning, which tells with which key they were made."""
    rows = tx.fetch_all(
        "SELECT MIN(hash) FROM suppression WHERE newsletter = ? GROUP BY SUBSTR(hash, 1, 2), LENGTH(hash)", newsletter
    )
    return [name for (name,) in rows]


def _select_in_batches(tx: Transaction, sql: str, newsletter: str, values: Collection[str]) -> Iterator[Row]:
    """Yield the rows of a query that ends with a column, for all values of this column."""
    every = list(values)
    for start in range(0, len(every), _BATCH_SIZE):
        batch = every[start : start + _BATCH_SIZE]
        yield from tx.fetch_all(f"{sql} IN ({_marks(batch)})", newsletter, *batch)


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))
