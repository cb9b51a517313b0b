"""The tables of the queue, on a real database: created once, upgraded, and created again what was dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

import pytest

from publisher.delivery.engine import JobQueue
from publisher.delivery.engine_tables import require_tables, set_up_tables
from publisher.errors import ConfigError
from publisher.ledger import Ledger
from publisher.ledger.meta import set_meta
from publisher.ledger.shards import ShardRef
from tests.support.postgres import Postgres


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.address()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with closing(Ledger(url)) as ledger:
        yield ledger


def test_there_is_nothing_to_enqueue_into_before_the_setup(ledger: Ledger) -> None:
    with ledger.transaction() as tx, pytest.raises(ConfigError, match="no tables yet") as caught:
        require_tables(tx)
    assert caught.value.hint == "create them: publish worker --setup"
    assert set_up_tables(ledger)
    with ledger.transaction() as tx:
        require_tables(tx)
    assert set_up_tables(ledger) == []


def describe(ledger: Ledger) -> list[list[tuple[object, ...]]]:
    """All that a schema has, without its name."""
    here = "(SELECT current_schema()::regnamespace)"
    queries = (
        "SELECT table_name, column_name, data_type, is_nullable, regexp_replace(column_default, 'test\\d+.', '') "
        "FROM information_schema.columns WHERE table_schema = current_schema()",
        "SELECT regexp_replace(indexdef, 'test\\d+.', '', 'g') FROM pg_indexes WHERE schemaname = current_schema()",
        f"SELECT proname, md5(prosrc), pg_get_function_arguments(oid) FROM pg_proc WHERE pronamespace = {here}",
        f"""SELECT tgname, pg_class.relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
            WHERE pg_class.relnamespace = {here} AND NOT tgisinternal""",
        f"""SELECT typname, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
            WHERE typnamespace = {here}""",
    )
    with ledger.transaction() as tx:
        return [sorted(tx.fetch_all(query), key=repr) for query in queries]


@pytest.mark.parametrize(
    "before", ["02.14.01_01_add_indexes_for_fetch_job.sql", "03.04.00_01_pre_add_retry_failed_job_procedure.sql"]
)
def test_older_tables_are_upgraded(ledger: Ledger, postgres: Postgres, before: str) -> None:
    from procrastinate.schema import migrations_path

    from publisher.ledger.postgres import PostgresTransaction

    for script in sorted(Path(migrations_path).glob("*.sql")):
        if script.name <= before:
            with ledger.transaction() as tx:
                assert isinstance(tx, PostgresTransaction)
                tx.connection.execute(script.read_bytes())
    set_meta(ledger, "last migration of procrastinate", before)
    with ledger.transaction() as tx, pytest.raises(ConfigError, match="older version"):
        require_tables(tx)
    done = set_up_tables(ledger)
    assert done == sorted(done)
    assert done[0] > before
    with ledger.transaction() as tx:
        require_tables(tx)
    fresh = Ledger(postgres.address())
    set_up_tables(fresh)
    assert describe(ledger) == describe(fresh)
    fresh.close()


def test_several_processes_may_set_up_at_once(url: str, ledger: Ledger) -> None:
    done: list[list[str]] = []
    begin = Barrier(4)

    def set_up() -> None:
        own = Ledger(url)
        begin.wait()
        done.append(set_up_tables(own))
        own.close()

    threads = [Thread(target=set_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, done)) == [0, 0, 0, 1]
    with ledger.transaction() as tx:
        require_tables(tx)


def test_tables_of_others_are_left_alone(ledger: Ledger) -> None:
    set_up_tables(ledger)
    set_meta(ledger, "last migration of procrastinate", "")
    with pytest.raises(ConfigError, match="which publisher has not created"):
        set_up_tables(ledger)


TABLES = ("jobs", "workers", "events", "periodic_defers")


@pytest.mark.parametrize("dropped", [TABLES, *((name,) for name in TABLES)], ids="+".join)
def test_tables_that_were_dropped_are_created_again(ledger: Ledger, postgres: Postgres, dropped: Sequence[str]) -> None:
    set_up_tables(ledger)
    with ledger.transaction() as tx:
        for name in dropped:
            tx.execute(f"DROP TABLE procrastinate_{name} CASCADE")
    with ledger.transaction() as tx, pytest.raises(ConfigError, match="no tables yet"):
        require_tables(tx)
    assert set_up_tables(ledger)
    with ledger.transaction() as tx:
        JobQueue("tag:e.org,2021:slow", ()).enqueue(tx, [ShardRef(1, 1, "", "email", "tag:e.org,2021:slow/2021-07-18")])
    fresh = Ledger(postgres.address())
    set_up_tables(fresh)
    assert describe(ledger) == describe(fresh)
    fresh.close()
