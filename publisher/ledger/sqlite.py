"""The ledger in an SQLite file: the default."""

from __future__ import annotations

import datetime as dt
import os
import re
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import ClassVar

from publisher.errors import StorageError
from publisher.files import TEMPORARY_PREFIX, flush_folder, wrap_os_error
from publisher.ledger.database import Row, Transaction

_MAX_CHECKED_BYTES = 32 << 20
"""Files smaller than this are checked for damage each time they are opened."""

_open_lock = threading.Lock()


@cache
def _build_update_of_one(sql: str, columns: tuple[str, ...]) -> str:
    """Return the statement of `update_many` for one row of values."""
    sql = sql.replace("FROM {new} ", "")
    for number, column in enumerate(columns, 1):
        sql = re.sub(rf"\bnew\.{column}\b", f"?{number}", sql)
    return sql


class _SqliteTransaction:
    """The statements of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, *values: object) -> int:
        return self._connection.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        return self._connection.executemany(sql, rows).rowcount

    def insert_many(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def update_many(self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> set[object]:
        # a row at a time: there is no server to wait for, and UPDATE FROM would copy each into a table first
        sql = _build_update_of_one(sql, tuple(columns))
        return {row[0] for row in rows if self._connection.execute(sql, row).rowcount}

    def fetch_all(self, sql: str, *values: object) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    def lock_rows(self, table: str, ids: Collection[int]) -> None:
        """Do nothing: the transaction has locked the whole file."""


class SqliteDatabase:
    """A ledger in a file that only its owner can read.

    Raises StorageError when it cannot be opened or is damaged, and when only its backup is left.

    Write-ahead log and synchronous=FULL, because a confirmed send must stay confirmed after a power cut; one
    connection, because SQLite before 3.51.3 could lose pages when two wrote and checkpointed at once.
    Source: sqlite.org/wal.html#walresetbug
    """

    dialect: ClassVar[dict[str, str]] = {
        "id": "INTEGER PRIMARY KEY",
        "bytes": "BLOB",
        "with_space": "",
        "lock": "",
        "texts": "SELECT value FROM JSON_EACH(?)",
        "now": "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')",
    }

    def __init__(self, path: Path, timeout: float = 30.0) -> None:
        """`timeout` is how many seconds to wait for another process that has locked it."""
        self._path = path
        self._backup = path.with_suffix(".backup")
        self._lock = threading.Lock()
        self._create_file()
        with self._translate_errors():
            # no implicit transactions: BEGIN IMMEDIATE takes the lock first, a lock taken late may be refused
            self._connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
            try:
                self._configure(timeout)
            except BaseException:
                self._connection.close()
                raise

    def _create_file(self) -> None:
        # A process that closes a file loses all its locks on it (sqlite.org/howtocorrupt.html, 2.2): only a
        # new file is opened here, and no other thread opens it before it is closed again.
        try:
            with _open_lock:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                if self._backup.exists() and not (self._path.exists() and self._path.stat().st_size):
                    raise self._build_unusable_error("is missing")
                if not self._path.exists():
                    os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
                    flush_folder(self._path.parent.parent)
        except OSError as error:
            raise wrap_os_error(f"cannot open the ledger {self._path}", error) from error

    def _configure(self, timeout: float) -> None:
        if not self._connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall():
            self._enable_wal(time.monotonic() + timeout)  # stays so; a file of another program is left as it is
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA secure_delete = ON")  # an erased address must not stay in a free page
        if self._path.stat().st_size < _MAX_CHECKED_BYTES:
            self._check_integrity(self._connection)

    def _enable_wal(self, deadline: float) -> None:
        """Switch on the write-ahead log. While another process does that, SQLite refuses without waiting."""
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """See Database."""
        with self._lock, self._translate_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield _SqliteTransaction(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def get_version(self, tx: Transaction) -> tuple[int, bool]:
        """See Database."""
        [(version,)] = tx.fetch_all("PRAGMA user_version")
        return int(version), bool(tx.fetch_all("SELECT 1 FROM sqlite_master LIMIT 1"))

    def set_version(self, tx: Transaction, version: int) -> None:
        """See Database."""
        tx.execute(f"PRAGMA user_version = {version:d}")

    def check_health(self) -> Iterator[tuple[str, bool]]:
        """See Database."""
        yield f"SQLite {sqlite3.sqlite_version}, {self._path}", True
        with self._lock, self._translate_errors():
            [(journal,)] = self._connection.execute("PRAGMA journal_mode").fetchall()
            [(synchronous,)] = self._connection.execute("PRAGMA synchronous").fetchall()
            self._check_integrity(self._connection)
            mode = self._path.stat().st_mode & 0o777
        yield f"journal_mode is {journal}", journal == "wal"
        yield f"synchronous is {synchronous}", synchronous == 2
        yield "its pages are intact", True
        yield f"its mode is {mode:o}", os.name == "nt" or not mode & 0o077

    def write_backup(self) -> None:
        """See Database."""
        with suppress(OSError, sqlite3.Error, StorageError):
            self._copy_to_backup()

    def _copy_to_backup(self) -> None:
        """Replace the backup by a copy. Raises OSError, sqlite3.Error or StorageError.

        Nothing is written meanwhile, or a copy of before an erasure could replace the one of after it. The copy is read
        by another connection, because SQLite copies from none that has a lock to write.
        """
        temporary = self._path.with_name(f"{TEMPORARY_PREFIX}{self._backup.name}")
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                temporary.unlink(missing_ok=True)  # left by a killed process
                os.close(os.open(temporary, os.O_RDWR | os.O_CREAT, 0o600))
                with closing(sqlite3.connect(self._path)) as source, closing(sqlite3.connect(temporary)) as copy:
                    source.backup(copy)
                    self._check_integrity(copy)
                temporary.replace(self._backup)
                flush_folder(self._path.parent)
            finally:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
                self._connection.execute("ROLLBACK")

    def find_backup_time(self) -> dt.datetime | None:
        """See Database."""
        try:
            return dt.datetime.fromtimestamp(self._backup.stat().st_mtime, dt.UTC)
        except OSError:
            return None

    def purge(self) -> None:
        """See Database. Deleted rows are overwritten by `secure_delete`, but not those in the write-ahead log and the
        backup."""
        with self._lock, self._translate_errors():
            [(is_busy, _, _)] = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if is_busy:
            raise StorageError(
                f"deleted, but still in {self._path.name}-wal, which another process uses", "do it again in a moment"
            )
        try:
            self._copy_to_backup()
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"deleted, but still in {self._backup.name}, which cannot be replaced: {error}",
                "do it again when it can, or delete that file",
            ) from error

    def close(self) -> None:
        """See Database."""
        self._connection.close()

    def _check_integrity(self, connection: sqlite3.Connection) -> None:
        [(result,), *_] = connection.execute("PRAGMA quick_check(1)").fetchall()
        if result != "ok":
            raise self._build_unusable_error(f"is damaged: {' '.join(result.split())}")

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Turn errors of SQLite into StorageError. https://www.sqlite.org/rescode.html"""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "")
            if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
                raise self._build_unusable_error(f"is damaged: {error}") from error
            message = f"cannot write the ledger {self._path}: {error}"
            hint = "check the disk, and the permissions of its folder"
            if code.startswith("SQLITE_BUSY"):
                message, hint = (f"the ledger {self._path} is in use", "wait for the process that has locked it")
            if code.startswith("SQLITE_FULL"):
                hint = "free some space on that disk"
            raise StorageError(message, f"nothing more is sent: {hint}") from error
        except OSError as error:
            raise wrap_os_error(f"cannot use the ledger {self._path}", error) from error

    def _build_unusable_error(self, reason: str) -> StorageError:
        name = self._path.name
        steps = (
            f"move {name}* away, copy {self._backup.name} to {name}"
            if self._backup.exists()
            else f"replace {name}* with your own backup"
        )
        hint = f"nothing is sent: {steps}, and compare it with what was sent since"
        return StorageError(f"the ledger {self._path} {reason}", hint)
