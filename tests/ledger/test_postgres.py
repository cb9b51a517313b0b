"""The ledger on PostgreSQL, when the server or its address is not as it should be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from publisher.errors import ConfigError, PublisherError, StorageError
from publisher.installation import install_command
from publisher.ledger import DeliveryCounts, Ledger
from publisher.ledger import postgres as rooms
from publisher.ledger.queries import find_status
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, claim, ended, parts, plan, rows, states, turn
from tests.support.postgres import Postgres


@pytest.fixture
def address(postgres: Postgres) -> str:
    """The address of a new ledger."""
    return postgres.address()


@pytest.fixture
def ledger(address: str) -> Iterator[Ledger]:
    with closing(Ledger(address)) as opened:
        yield opened


def check(error: PublisherError) -> None:
    """It is one line, and in the words of the publisher."""
    assert "\n" not in error.message + error.hint
    assert "psycopg" not in error.message + error.hint


# ----------------------------------------------------------------- a server that ends


def test_a_server_that_starts_anew(ledger: Ledger, postgres: Postgres, caplog: pytest.LogCaptureFixture) -> None:
    """Fault 50."""
    lease = begun(ledger, *"abcde")
    tasks = turn(ledger, lease, size=2)
    postgres.stop()
    for _ in range(2):
        with pytest.raises(StorageError, match="the ledger on PostgreSQL: ") as caught:
            turn(ledger, lease, *map(ended, tasks), size=2)
        check(caught.value)
    postgres.start()
    assert len(turn(ledger, lease, *map(ended, tasks), size=2)) == 2
    claim(ledger, NOON + MINUTE)
    found = find_status(ledger, KEY)
    assert found
    assert found.counts == DeliveryCounts(sent=2, unknown=2, planned=1)
    assert not caplog.records


def test_a_server_that_ends_in_the_middle_of_a_plan(ledger: Ledger, postgres: Postgres) -> None:
    def recipients() -> Iterator[str]:
        yield from map(str, range(6_000))
        postgres.stop()
        yield from map(str, range(6_000, 12_000))

    lease = begun(ledger, "x")
    with pytest.raises(StorageError) as caught:
        plan(ledger, lease, parts(b="two"), recipients())
    check(caught.value)
    postgres.start()
    assert states(ledger) == {"a": "planned"}
    turn(ledger, lease)


def cut(ledger: Ledger, address: str) -> None:
    """Have the server end the ledger's connection."""
    number = ledger._database._connection.info.backend_pid  # type: ignore[attr-defined]
    with closing(Ledger(address)) as other:
        rows(other, "SELECT pg_terminate_backend(?, 1000)", number)


def test_a_connection_that_broke_between_two_turns(ledger: Ledger, address: str) -> None:
    lease = begun(ledger)
    tasks = turn(ledger, lease)
    cut(ledger, address)
    turn(ledger, lease, *map(ended, tasks))
    assert states(ledger) == {"a": "sent"}


def test_a_connection_that_breaks_in_a_transaction(
    ledger: Ledger, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    def recipients() -> Iterator[str]:
        yield "y"
        cut(ledger, address)

    lease = begun(ledger)
    with pytest.raises(StorageError, match="the ledger on PostgreSQL: ") as caught:
        plan(ledger, lease, parts(b="two"), recipients())
    check(caught.value)
    assert states(ledger) == {"a": "planned"}
    assert not caplog.records, "nothing is printed besides"


# ------------------------------------------------------------------- how it is set up


def test_what_is_noted_stays_noted_however_the_server_is_set(postgres: Postgres) -> None:
    settings = "%20-c%20synchronous_commit%3Doff%20-c%20default_transaction_isolation%3Dserializable"
    with closing(Ledger(postgres.address() + settings)) as ledger:
        assert rows(ledger, "SHOW synchronous_commit") == [("on",)]
        assert rows(ledger, "SHOW transaction_isolation") == [("read committed",)]
        assert rows(ledger, "SHOW lock_timeout") == [("30s",)]
        assert rows(ledger, "SHOW idle_in_transaction_session_timeout") == [("1min",)]
        found = dict(ledger.check_health())
    assert found["fsync is off"] is False, "the server of these tests does not flush"
    assert len(found) == 2


def test_who_may_not_make_tables_may_publish(ledger: Ledger, address: str) -> None:
    schema = address.rpartition("%3D")[2]
    with ledger.transaction() as tx:
        tx.execute(f"CREATE ROLE {schema} LOGIN")
        tx.execute(f"GRANT USAGE ON SCHEMA {schema} TO {schema}")
        tx.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {schema}")
    with closing(Ledger(address.replace("user=publisher", f"user={schema}"))) as other:
        assert len(turn(other, begun(other))) == 1


def test_it_does_not_wait_for_ever(ledger: Ledger, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = begun(ledger)
    monkeypatch.setattr(rooms, "_TRANSACTION_SETTINGS", rooms._TRANSACTION_SETTINGS.replace(b"30s", b"50ms"))
    with closing(Ledger(address)) as other:
        with ledger.transaction() as tx:
            tx.execute("UPDATE publication SET url = ''")
            with pytest.raises(StorageError, match="canceling statement due to lock timeout") as caught:
                turn(other, lease)
        check(caught.value)
        assert len(turn(other, lease)) == 1


def test_no_one_waits_for_ever_for_who_is_suspended_in_a_transaction(
    ledger: Ledger, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = begun(ledger)
    monkeypatch.setattr(rooms, "_TRANSACTION_SETTINGS", rooms._TRANSACTION_SETTINGS.replace(b"60s", b"50ms"))
    with closing(Ledger(address)) as other:

        def be_suspended() -> None:
            with ledger.transaction() as tx:
                tx.execute("UPDATE publication SET url = ''")
                assert len(turn(other, lease)) == 1, "the lock is gone"
                tx.execute("SELECT 1")

        with pytest.raises(StorageError, match="idle-in-transaction timeout") as caught:
            be_suspended()
        check(caught.value)
        assert rows(ledger, "SELECT 1") == [(1,)], "it connects again"


def test_driver_errors_become_storage_errors(ledger: Ledger) -> None:
    with pytest.raises(StorageError, match='relation "nowhere" does not exist') as caught:
        rows(ledger, "SELECT * FROM nowhere")
    check(caught.value)
    assert rows(ledger, "SELECT 1") == [(1,)]


# ------------------------------------------------------------------------- addresses


def everything(error: BaseException | None) -> str:
    """All that is said by an error and by what led to it."""
    if error is None:
        return ""
    hint = error.hint if isinstance(error, PublisherError) else ""
    return f"{error!r} {error} {hint}\n" + everything(error.__cause__ or error.__context__)


def test_nobody_answers() -> None:
    with pytest.raises(StorageError, match="Connection refused") as caught:
        Ledger("postgresql://me:wordofpass@127.0.0.1:1/ledger")
    check(caught.value)
    assert "wordofpass" not in everything(caught.value)
    assert caught.value.hint.endswith("check the server, and [ledger] in publisher.toml")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:word%of@127.0.0.1:1/ledger",
        "postgresql://me:word@of@127.0.0.1:1/ledger",
        "postgresql://me:word/of@127.0.0.1:1/ledger",
        "postgresql://me:12/word@127.0.0.1:1/ledger",
        "postgresql://me:word?of@127.0.0.1:1/ledger",
        "postgresql://me:word of@127.0.0.1:1/ledger",
        "postgresql//me:word@127.0.0.1:1/ledger",
        "postgresql://me:word@127.0.0.1:port/ledger",
        "postgresql://me:word@127.0.0.1:1/ledger?password=word&nonsense=1",
        "password=word host = '127.0.0.1",
    ],
)
def test_a_misspelt_address_shows_nothing_of_the_password(address: str) -> None:
    with pytest.raises(PublisherError) as caught:
        Ledger(address)
    check(caught.value)
    assert "word" not in everything(caught.value).lower().replace("password", "")


def test_a_misspelt_address_is_an_error_of_the_settings() -> None:
    with pytest.raises(ConfigError) as caught:
        Ledger("postgresql://me:word@of@127.0.0.1:1/ledger")
    assert caught.value.message == "the URL of the ledger's database is not valid"
    assert caught.value.hint.startswith("write postgresql://USER:PASSWORD@HOST/DATABASE, and %40 for @")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError) as caught:
        Ledger("postgresql://127.0.0.1:1/ledger")
    assert caught.value.message.startswith("a ledger on PostgreSQL needs psycopg: ")
    assert caught.value.hint == install_command("postgres")
