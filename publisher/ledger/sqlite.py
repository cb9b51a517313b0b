"""SQLite, from the standard library: the ledger of everyone who has not set up another."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from publisher.errors import StorageError
from publisher.files import storage_error
from publisher.ledger.database import Row, Transaction

_SMALL = 32 << 20
"""A file of so many bytes is looked through each time it is opened."""


class _Statements:
    """The statements of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, *values: object) -> int:
        return self._connection.execute(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        return self._connection.executemany(sql, rows).rowcount

    def rows(self, sql: str, *values: object) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()


class Sqlite:
    """A ledger in a file that only its owner can read. Raises StorageError when it cannot be opened or is
    damaged.

    Write-ahead log and FULL, because a send that was confirmed must stay confirmed after a power cut; one
    connection, because SQLite before 3.51.3 could lose pages when two wrote and checkpointed at once.
    Source: sqlite.org/wal.html#walresetbug
    """

    words: ClassVar[dict[str, str]] = {"id": "INTEGER PRIMARY KEY", "bytes": "BLOB", "lock": ""}

    def __init__(self, path: Path, wait: float = 30.0) -> None:
        """`wait` is for how many seconds another process may hold it."""
        self._path = path
        self._turn = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise storage_error(f"cannot open the ledger {path}", error) from error
        with self._told():
            # each transaction says itself when it begins, because a lock taken late may be refused
            self._connection = sqlite3.connect(
                path, timeout=wait, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            if path.stat().st_size < _SMALL:
                self._look_through()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """See Database."""
        with self._turn, self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield _Statements(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def version(self, transaction: Transaction) -> int:
        """See Database."""
        [(version,)] = transaction.rows("PRAGMA user_version")
        return int(version)

    def set_version(self, transaction: Transaction, version: int) -> None:
        """See Database."""
        transaction.run(f"PRAGMA user_version = {version:d}")

    def examine(self) -> Iterator[tuple[str, bool]]:
        """See Database."""
        yield f"SQLite {sqlite3.sqlite_version}, {self._path}", True
        for pragma, wanted in (("journal_mode", "wal"), ("synchronous", 2)):
            [(found,)] = self._connection.execute(f"PRAGMA {pragma}").fetchall()
            yield f"{pragma} is {found}", found == wanted
        with self._turn, self._told():
            self._look_through()
        yield "every page of it can be read", True
        mode = self._path.stat().st_mode & 0o777
        yield f"its mode is {mode:o}", os.name == "nt" or not mode & 0o077

    def close(self) -> None:
        """See Database."""
        self._connection.close()

    def _look_through(self) -> None:
        [(verdict,), *_] = self._connection.execute("PRAGMA quick_check(1)").fetchall()
        if verdict != "ok":
            raise self._damaged(verdict)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what SQLite says as a person can use it."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                hint = "nothing was sent; another process holds it: wait, or look with: publish doctor"
                raise StorageError(f"the ledger {self._path} is in use: {error}", hint) from error
            hint = "nothing more is sent until the ledger can be written: look at the disk and at its folder"
            raise StorageError(f"cannot write the ledger {self._path}: {error}", hint) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, verdict: str) -> StorageError:
        backup = self._path.with_suffix(".backup")
        there = f"; a copy of an earlier state is {backup}" if backup.exists() else ""
        return StorageError(
            f"the ledger {self._path} is damaged: {verdict}",
            f"nothing is sent without it: restore it, and look what was sent since{there}",
        )
