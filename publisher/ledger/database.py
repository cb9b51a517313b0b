"""What SQLite and PostgreSQL have in common for the ledger: the same SQL, but for a few words.

Not SQLAlchemy: importing its Core alone takes 22 times as long as starting Python.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

Row = tuple[Any, ...]


class Transaction(Protocol):
    """Statements that all take effect, or none. `?` in the SQL marks a value."""

    def execute(self, sql: str, *values: object) -> int:
        """Run a statement. Return the number of rows it changed."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Run a statement for each row of values, in batches. Return the number of rows changed."""
        ...

    def insert_many(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert rows, few in memory at a time. None of them may be there already."""
        ...

    def update_many(self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> set[object]:
        """Run an UPDATE whose `FROM {new}` stands for a table `new` with these columns and rows.

        Each row is for at most one row of the updated table, and none for the same one; its first value identifies
        it. Return the first values of those that changed something. Values are int or str, each column of one type.
        """
        ...

    def fetch_all(self, sql: str, *values: object) -> list[Row]:
        """Return the rows of a query."""
        ...

    def lock_rows(self, table: str, ids: Collection[int]) -> None:
        """Let no one else change the rows with these ids until the transaction ends. Locked in the same order
        everywhere, or two transactions would wait for each other."""
        ...


class Database(Protocol):
    """A database, for one process; its threads take turns.

    `dialect` has the SQL that differs: for the schema the column types `id` and `bytes`, and `with_space`, which ends
    a table whose rows grow; `lock`, which ends a query whose row must not change until the transaction ends; `texts`,
    which selects those of a list in JSON, its value; and `now`, the database's own time as `format_utc` writes it.
    """

    dialect: ClassVar[dict[str, str]]

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that is committed durably at the end of the block.

        Raises StorageError when the database fails; then nothing of it is stored.
        """
        ...

    def get_version(self, tx: Transaction) -> tuple[int, bool]:
        """Return the version of the schema, 0 when there is none, and whether there are tables.

        No other process can create tables until the transaction ends.
        """
        ...

    def set_version(self, tx: Transaction, version: int) -> None:
        """Store the version of the schema."""
        ...

    def check_health(self) -> Iterator[tuple[str, bool]]:
        """Yield facts about the database, and whether each is as it should be."""
        ...

    def write_backup(self) -> None:
        """Write a copy beside the database file, if it is a file. A failure is ignored."""
        ...

    def find_backup_time(self) -> dt.datetime | None:
        """Return when the last copy was written (aware), None if there is none or it is not written here."""
        ...

    def purge(self) -> None:
        """Remove from the files, also the copy, what was deleted from the tables. Raises StorageError if that is not
        possible now."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...
