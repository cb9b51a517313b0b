"""PostgreSQL through psycopg: one ledger for several machines."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from publisher.credentials import redact
from publisher.errors import ConfigError, StorageError
from publisher.ledger.database import Row, Transaction

if TYPE_CHECKING:
    import psycopg

_MAKING_TABLES = 7236814
"""The number of the lock for those who make tables: any will do that nobody else takes."""

_AT_A_TIME = 5_000


class _Statements:
    """The statements of one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, *values: object) -> int:
        return self._connection.execute(_own(sql), values).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        touched, waiting = 0, iter(rows)
        with self._connection.cursor() as cursor:
            while some := list(islice(waiting, _AT_A_TIME)):
                cursor.executemany(_own(sql), some)
                touched += cursor.rowcount
        return touched

    def rows(self, sql: str, *values: object) -> list[Row]:
        return self._connection.execute(_own(sql), values).fetchall()


class Postgres:
    """A ledger at an address. Raises ConfigError without psycopg, StorageError when nobody answers."""

    words: ClassVar[dict[str, str]] = {
        "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
        "lock": "FOR UPDATE",
    }

    def __init__(self, address: str) -> None:
        try:
            import psycopg
        except ImportError:
            hint = "pip install 'newsletter-publisher[postgres]'"
            raise ConfigError("a ledger on PostgreSQL needs psycopg", hint) from None
        self._error = psycopg.Error
        self._turn = threading.Lock()
        with self._told():
            self._connection = psycopg.connect(address, connect_timeout=10, application_name="publisher")
            self._connection.autocommit = True

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """See Database."""
        with self._turn, self._told(), self._connection.transaction():
            # a server may be set to forget the last moments in a power cut
            self._connection.execute("SET LOCAL synchronous_commit = on")
            yield _Statements(self._connection)

    def version(self, transaction: Transaction) -> int:
        """See Database."""
        # several new workers would race for the tables, and some of them would fail
        transaction.rows(f"SELECT 1 FROM pg_advisory_xact_lock({_MAKING_TABLES})")
        transaction.run("CREATE TABLE IF NOT EXISTS ledger (version INTEGER NOT NULL)")
        return sum(int(version) for (version,) in transaction.rows("SELECT version FROM ledger"))

    def set_version(self, transaction: Transaction, version: int) -> None:
        """See Database."""
        transaction.run("DELETE FROM ledger")
        transaction.run("INSERT INTO ledger (version) VALUES (?)", version)

    def examine(self) -> Iterator[tuple[str, bool]]:
        """See Database."""
        with self.transaction() as transaction:
            [(version,)] = transaction.rows("SHOW server_version")
            [(durable,)] = transaction.rows("SHOW fsync")
        yield f"PostgreSQL {version}", True
        yield f"fsync is {durable}", durable == "on"

    def close(self) -> None:
        """See Database."""
        self._connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what PostgreSQL says as a person can use it."""
        try:
            yield
        except self._error as error:
            reason = redact(str(error)).strip().splitlines()
            hint = "nothing more is sent without it: look at the server, and at [ledger] in publisher.toml"
            raise StorageError(f"the ledger on PostgreSQL: {reason[0] if reason else error}", hint) from error


def _own(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
