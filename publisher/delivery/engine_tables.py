"""The tables of Procrastinate in the database of the ledger, created and upgraded by `publish worker --setup`.

Procrastinate has a script for a new database, which cannot be repeated, and one for each change since; it is up to its
users to remember which were run: https://procrastinate.readthedocs.io/en/stable/howto/production/migrations.html. The
ledger has the name of the last one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from publisher.errors import ConfigError
from publisher.installation import install_command
from publisher.ledger import Ledger
from publisher.ledger.database import Row, Transaction
from publisher.ledger.meta import select_meta, upsert_meta
from publisher.ledger.postgres import PostgresTransaction

TASK_NAME = "deliver a shard"
"""What Procrastinate knows of what a job does."""

_VERSION_NAME = "last migration of procrastinate"

_TABLES = ("procrastinate_jobs", "procrastinate_workers", "procrastinate_events", "procrastinate_periodic_defers")

_HERE = "current_schema()::regnamespace"

_SETUP_LOCK_ID = 7236815
"""The advisory lock held while the tables are changed. An arbitrary number."""

_IS_ALIVE = "last_heartbeat > NOW() - INTERVAL '30 seconds'"
"""Selects those that take jobs: Procrastinate sends a heartbeat every 10 seconds, and says that 30 are too long."""


def import_procrastinate() -> ModuleType:
    """Import Procrastinate, whose errors are reported by those who call it. Raises ConfigError if it is missing."""
    try:
        import procrastinate
    except ImportError as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"workers need Procrastinate: {reason}", install_command("workers")) from None
    for name in ("procrastinate", "psycopg.pool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return procrastinate


def set_up_tables(ledger: Ledger) -> list[str]:
    """Create or upgrade the tables of the queue. Return the names of the scripts that were run, none if all is there.

    It may be repeated, and run by several processes at once. Raises ConfigError if there are tables of Procrastinate
    that were not created here, StorageError.
    """
    done: list[str] = []
    while True:
        # a transaction for each, because a later one may use what an earlier one has added to a type
        with ledger.transaction() as tx:
            assert isinstance(tx, PostgresTransaction)
            tx.fetch_all(f"SELECT 1 FROM pg_advisory_xact_lock({_SETUP_LOCK_ID})")
            version, migrations = select_meta(tx, _VERSION_NAME), _list_migrations()
            parts = _list_parts(tx)
            if parts and not version:
                raise ConfigError(
                    "there are tables of Procrastinate already, which publisher has not created",
                    "give the ledger a schema of its own: postgresql://…?options=-csearch_path%3DNAME",
                )
            if not _has_tables(tx):
                for kind, part in parts:  # of tables that were dropped, types and functions are left
                    tx.execute(f"DROP {kind} IF EXISTS {part} CASCADE")
                name, script = migrations[-1].name, str(import_procrastinate().schema.SchemaManager.get_schema())
            elif later := [path for path in migrations if path.name > version]:
                name, script = later[0].name, later[0].read_text("utf-8")
            else:
                return done
            tx.connection.execute(script.encode())
            upsert_meta(tx, _VERSION_NAME, name)
        done.append(name)


def require_tables(tx: Transaction) -> None:
    """Raise ConfigError if the tables of the queue are missing, or older than this version needs them."""
    version = select_meta(tx, _VERSION_NAME)
    if not version or not _has_tables(tx):
        raise ConfigError("the queue of the workers has no tables yet", "create them: publish worker --setup")
    if version < _list_migrations()[-1].name:
        raise ConfigError("the tables of the workers' queue are of an older version", "publish worker --setup")


def delete_stalled_jobs(tx: Transaction) -> int:
    """Delete the jobs of workers that were killed; return how many. What is left of their shards is enqueued like all
    that is open. A job whose worker was only slow may be deleted, too: it goes on without it."""
    return tx.execute(
        f"""DELETE FROM procrastinate_jobs WHERE status = 'doing' AND task_name = '{TASK_NAME}' AND NOT EXISTS (
            SELECT 1 FROM procrastinate_workers WHERE procrastinate_workers.id = worker_id AND {_IS_ALIVE})"""
    )


def _list_migrations() -> Sequence[Path]:
    """Return the scripts, in the order in which they were made."""
    folder = Path(import_procrastinate().schema.SchemaManager.get_migrations_path())
    return sorted(folder.glob("*.sql"), key=lambda path: path.name)


def _has_tables(tx: Transaction) -> bool:
    """Return whether the tables are there: all, or if they are of an older version, the one that was always there."""
    is_current = select_meta(tx, _VERSION_NAME) == _list_migrations()[-1].name
    wanted = _TABLES if is_current else _TABLES[:1]
    marks = ", ".join("?" * len(wanted))
    found = tx.fetch_all(f"SELECT 1 FROM pg_class WHERE relnamespace = {_HERE} AND relname IN ({marks})", *wanted)
    return len(found) == len(wanted)


def _list_parts(tx: Transaction) -> list[Row]:
    """Return all that a script has created in the schema of the ledger: what it is, and its name."""
    return tx.fetch_all(
        f"""SELECT 'FUNCTION', oid::regprocedure::text FROM pg_proc
            WHERE pronamespace = {_HERE} AND starts_with(proname, 'procrastinate_')
            UNION ALL SELECT 'TABLE', oid::regclass::text FROM pg_class
            WHERE relnamespace = {_HERE} AND relkind = 'r' AND starts_with(relname, 'procrastinate_')
            UNION ALL SELECT 'TYPE', pg_type.oid::regtype::text FROM pg_type
            LEFT JOIN pg_class ON pg_class.oid = typrelid WHERE typnamespace = {_HERE}
            AND (typtype = 'e' OR relkind = 'c') AND starts_with(typname, 'procrastinate_')"""
    )
