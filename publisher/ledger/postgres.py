"""PostgreSQL through psycopg: one ledger for several machines."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from publisher.credentials import redact
from publisher.errors import ConfigError, StorageError
from publisher.ledger.database import Row, Transaction

if TYPE_CHECKING:
    import psycopg

_SCHEMA_LOCK_ID = 7236814
"""The number of the lock for those who make tables: any will do that nobody else takes."""

_BATCH_SIZE = 5_000

# A server may be set to forget the last moments in a power cut, or to wait for a lock for ever.
_TRANSACTION_SETTINGS = b"SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '30s'"

_CONNECTION_HINT = "nothing more is sent without it: look at the server, and at [ledger] in publisher.toml"


class _PostgresTransaction:
    """The statements of one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, *values: object) -> int:
        return self._connection.execute(_to_psycopg_sql(sql), values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        touched, waiting = 0, iter(rows)
        with self._connection.cursor() as cursor:
            while some := list(islice(waiting, _BATCH_SIZE)):
                cursor.executemany(_to_psycopg_sql(sql), some)
                touched += cursor.rowcount
        return touched

    def fetch_all(self, sql: str, *values: object) -> list[Row]:
        return self._connection.execute(_to_psycopg_sql(sql), values).fetchall()


class PostgresDatabase:
    """A ledger at an address. Raises ConfigError without psycopg or for an address that is none, StorageError
    when nobody answers. A connection that broke is made anew with the next transaction."""

    dialect: ClassVar[dict[str, str]] = {
        "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
        "lock": "FOR UPDATE",
    }

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            hint = "pip install 'newsletter-publisher[postgres]'"
            why = str(error).splitlines()[0]
            raise ConfigError(f"a ledger on PostgreSQL needs psycopg: {why}", hint) from None
        # of a connection that broke it would print a line of its own
        logging.getLogger("psycopg").setLevel(logging.ERROR)
        self._driver_error = psycopg.Error
        self._lock = threading.Lock()
        self._url = url
        _validate_database_url(url)
        with self._translate_errors():
            self._connection = self._connect()

    def _connect(self) -> psycopg.Connection:
        import psycopg

        connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=10,
            # a delivery may take long, and routers forget who is silent
            keepalives_idle=60,
            tcp_user_timeout=30_000,
            application_name="publisher",
            # https://www.psycopg.org/psycopg3/docs/advanced/prepare.html: a pooler may not know them
            prepare_threshold=None,
        )
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """See Database."""
        with self._lock, self._translate_errors():
            self._ensure_connected()
            with self._connection.transaction():
                self._connection.execute(_TRANSACTION_SETTINGS)
                yield _PostgresTransaction(self._connection)

    def _ensure_connected(self) -> None:
        """Make the connection anew if it broke while nobody used it."""
        with suppress(self._driver_error):
            self._connection.execute("SELECT 1")
        if self._connection.closed:
            self._connection = self._connect()

    def get_version(self, tx: Transaction) -> int:
        """See Database."""
        # several new workers would race for the tables, and some of them would fail
        tx.fetch_all(f"SELECT 1 FROM pg_advisory_xact_lock({_SCHEMA_LOCK_ID})")
        there = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'ledger'"
        if not tx.fetch_all(there):
            tx.execute("CREATE TABLE ledger (version INTEGER NOT NULL)")
            tx.execute("INSERT INTO ledger (version) VALUES (0)")
        [(version,)] = tx.fetch_all("SELECT version FROM ledger")
        return int(version)

    def set_version(self, tx: Transaction, version: int) -> None:
        """See Database."""
        tx.execute("UPDATE ledger SET version = ?", version)

    def check_health(self) -> Iterator[tuple[str, bool]]:
        """See Database."""
        with self.transaction() as tx:
            [(version,)] = tx.fetch_all("SHOW server_version")
            [(durable,)] = tx.fetch_all("SHOW fsync")
        yield f"PostgreSQL {version}", True
        yield f"fsync is {durable}", durable == "on"

    def write_backup(self) -> None:
        """See Database. Those who run a server have their own ways."""

    def close(self) -> None:
        """See Database."""
        self._connection.close()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Tell what PostgreSQL says as a person can use it."""
        try:
            yield
        except self._driver_error as error:
            reason, *_ = [*redact(str(error)).strip().splitlines(), type(error).__name__]
            raise StorageError(f"the ledger on PostgreSQL: {reason}", _CONNECTION_HINT) from error


def _validate_database_url(url: str) -> None:
    """Refuse an address that is misspelt: what the library says then shows pieces of the password."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        parts = {"port": "?"}
    port, host = str(parts.get("port", "")), f"{parts.get('host', '')}{parts.get('dbname', '')}"
    if "@" in host or not all(number.isdecimal() for number in port.split(",") if number):
        raise ConfigError(
            "the address of the ledger's database cannot be read",
            "write postgresql://USER:PASSWORD@HOST/DATABASE, and %40 for @, %2F for /, %25 for % in PASSWORD",
        )


def _to_psycopg_sql(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
