"""The two databases under one text of SQL: how each begins a transaction, and what it calls things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

Row = tuple[Any, ...]


class Transaction(Protocol):
    """Statements that hold together or not at all. Values stand as ? in the text."""

    def execute(self, sql: str, *values: object) -> int:
        """Run a statement; how many rows it touched."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Run a statement for each row of values, holding few at a time; how many rows it touched."""
        ...

    def fetch_all(self, sql: str, *values: object) -> list[Row]:
        """The rows a query finds."""
        ...


class Database(Protocol):
    """A database, for one process; its threads take turns.

    `words` are what it spells in its own way: `id` and `bytes` for the schema, `lock` at the end of a
    query whose row must stay as it is until the transaction ends.
    """

    dialect: ClassVar[dict[str, str]]

    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction that commits at the end of the block, durably. Raises StorageError when the
        database does not take it; nothing of it is there then."""
        ...

    def get_version(self, tx: Transaction) -> int:
        """The version of the schema, 0 when there is none. Until the transaction ends, nobody else makes
        tables."""
        ...

    def set_version(self, tx: Transaction, version: int) -> None:
        """Note the version of the schema."""
        ...

    def check_health(self) -> Iterator[tuple[str, bool]]:
        """What there is to know about it, and whether that is good."""
        ...

    def write_backup(self) -> None:
        """Leave a copy beside it, if it is a file; one that cannot be written is no error."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
