"""The ledger in PostgreSQL, through psycopg: one ledger for several machines."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec.json import encode

from publisher.errors import ConfigError, StorageError
from publisher.installation import install_command
from publisher.ledger.database import Row, Transaction
from publisher.redaction import redact

if TYPE_CHECKING:
    import psycopg

_SCHEMA_LOCK_ID = 7236814
"""The advisory lock held while tables are created. An arbitrary number."""

_BATCH_SIZE = 5_000

_TYPES = {int: "BIGINT", str: "TEXT"}

# A server may be configured to lose the last commits in a power cut, or to wait for ever: for a lock, or for the next
# statement of a process that is suspended and keeps the others from the rows that it has locked.
_TRANSACTION_SETTINGS = (
    b"SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '30s';"
    b"SET LOCAL idle_in_transaction_session_timeout = '60s'"
)

CONNECTION_OPTIONS: Final[dict[str, Any]] = {
    "connect_timeout": 10,
    # a delivery may take long, and routers drop idle connections
    "keepalives_idle": 60,
    "tcp_user_timeout": 30_000,
    "application_name": "publisher",
    # poolers may not support prepared statements: https://www.psycopg.org/psycopg3/docs/advanced/prepare.html
    "prepare_threshold": None,
}
"""How psycopg connects to the database."""

_CONNECTION_HINT = "nothing more is sent: check the server, and [ledger] in publisher.toml"


class PostgresTransaction:
    """The statements of one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def execute(self, sql: str, *values: object) -> int:
        return self.connection.execute(_to_psycopg_sql(sql), values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        changed, remaining = 0, iter(rows)
        with self.connection.cursor() as cursor:
            while batch := list(islice(remaining, _BATCH_SIZE)):
                cursor.executemany(_to_psycopg_sql(sql), batch)
                changed += cursor.rowcount
        return changed

    def insert_many(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def update_many(self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> set[object]:
        if not rows:
            return set()
        # one value in JSON: to make an array of each column takes 15 times as long
        types = ", ".join(f"{name} {_TYPES[type(value)]}" for name, value in zip(columns, rows[0], strict=True))
        sql = sql.replace("{new}", f"JSON_TO_RECORDSET(%s) AS new ({types})")
        values = encode([dict(zip(columns, row, strict=True)) for row in rows]).decode()
        returned = self.connection.execute(f"{sql} RETURNING new.{columns[0]}".encode(), (values,))
        return {key for (key,) in returned}

    def fetch_all(self, sql: str, *values: object) -> list[Row]:
        return self.connection.execute(_to_psycopg_sql(sql), values).fetchall()

    def lock_rows(self, table: str, ids: Collection[int]) -> None:
        if ids:
            sql = f"SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
            self.connection.execute(sql.encode(), (list(ids),))


class PostgresDatabase:
    """A ledger in a PostgreSQL database. A broken connection is opened again by the next transaction.

    Raises ConfigError if psycopg is missing or the URL is not valid, StorageError if the server cannot be
    reached.
    """

    dialect: ClassVar[dict[str, str]] = {
        "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
        # of a page, so that a row has room there while it is planned, being sent, and sent
        "with_space": "WITH (fillfactor = 35)",
        # not FOR UPDATE, which waits for those who only refer to the row by a foreign key: a deadlock
        "lock": "FOR NO KEY UPDATE",
        "texts": "SELECT JSON_ARRAY_ELEMENTS_TEXT(?)",
        "now": """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    }

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            hint = install_command("postgres")
            reason = str(error).splitlines()[0]
            raise ConfigError(f"a ledger on PostgreSQL needs psycopg: {reason}", hint) from None
        # it would print a line about each broken connection
        logging.getLogger("psycopg").setLevel(logging.ERROR)
        self._driver_error = psycopg.Error
        self._lock = threading.Lock()
        self._url = url
        _validate_database_url(url)
        with self._translate_errors():
            self._connection = self._connect()

    def _connect(self) -> psycopg.Connection:
        import psycopg

        connection = psycopg.connect(self._url, autocommit=True, **CONNECTION_OPTIONS)
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """See Database."""
        with self._lock, self._translate_errors(), ExitStack() as stack:
            try:
                stack.enter_context(self._connection.transaction())
            except self._driver_error:
                if not self._connection.closed:
                    raise
                self._connection = self._connect()  # it broke while it was idle
                stack.enter_context(self._connection.transaction())
            self._connection.execute(_TRANSACTION_SETTINGS)
            yield PostgresTransaction(self._connection)

    def get_version(self, tx: Transaction) -> tuple[int, bool]:
        """See Database."""
        # or several new processes would create the tables at once, and some would fail
        tx.fetch_all(f"SELECT 1 FROM pg_advisory_xact_lock({_SCHEMA_LOCK_ID})")
        table_exists = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'ledger'"
        if not tx.fetch_all(table_exists):
            tx.execute("CREATE TABLE ledger (version INTEGER NOT NULL)")
            tx.execute("INSERT INTO ledger (version) VALUES (0)")
        [(version,)] = tx.fetch_all("SELECT version FROM ledger")
        return int(version), version != 0

    def set_version(self, tx: Transaction, version: int) -> None:
        """See Database."""
        tx.execute("UPDATE ledger SET version = ?", version)

    def check_health(self) -> Iterator[tuple[str, bool]]:
        """See Database."""
        with self.transaction() as tx:
            [(version,)] = tx.fetch_all("SHOW server_version")
            [(fsync,)] = tx.fetch_all("SHOW fsync")
        yield f"PostgreSQL {version}", True
        yield f"fsync is {fsync}", fsync == "on"

    def write_backup(self) -> None:
        """See Database. Backups of a server are up to its administrator."""

    def find_backup_time(self) -> None:
        """See Database."""

    def purge(self) -> None:
        """See Database. VACUUM frees deleted rows, and cannot be part of a transaction."""
        with self.transaction():
            pass  # connects again if the connection broke
        with self._lock, self._translate_errors():
            self._connection.execute("VACUUM subscriber, consent, bounce, suppression, delivery, attempt, lane, alert")

    def close(self) -> None:
        """See Database."""
        self._connection.close()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Turn errors of the driver into StorageError."""
        try:
            yield
        except self._driver_error as error:
            reason, *_ = [*redact(str(error)).strip().splitlines(), type(error).__name__]
            raise StorageError(f"the ledger on PostgreSQL: {reason}", _CONNECTION_HINT) from error


def _validate_database_url(url: str) -> None:
    """Raise ConfigError for a malformed URL: the message of psycopg could show a piece of the password."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        parts = {"port": "?"}
    port, host = str(parts.get("port", "")), f"{parts.get('host', '')}{parts.get('dbname', '')}"
    if "@" in host or not all(number.isdecimal() for number in port.split(",") if number):
        raise ConfigError(
            "the URL of the ledger's database is not valid",
            "write postgresql://USER:PASSWORD@HOST/DATABASE, and %40 for @, %2F for /, %25 for % in PASSWORD",
        )


def _to_psycopg_sql(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
