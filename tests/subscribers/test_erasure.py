"""After `erase_subscriber` no file of the newsletter has the address, in any spelling."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from publisher.channel import Part
from publisher.errors import StorageError
from publisher.files import TEMPORARY_PREFIX
from publisher.ledger import DeliveryState, Ledger, PublicationKey, Result
from publisher.ledger.bounces import BounceRow, insert_bounce
from publisher.ledger.calendar import record_alerts
from publisher.ledger.closed_lanes import close_lane
from publisher.ledger.models import PublicationKey as Key
from publisher.ledger.queries import find_recipients
from publisher.ledger.queues import QueueSelection
from publisher.ledger.sqlite import SqliteDatabase
from publisher.ledger.subscriber_recipients import SubscriberSelection
from publisher.subscribers.erasure import erase_subscriber
from publisher.subscribers.models import SubscriberState, SuppressionReason
from publisher.subscribers.subscriber_list import SubscriberList
from tests.subscribers.conftest import KEYS, NEWSLETTER, START, form, subscribe

WRITTEN = "Nora.Canary+news@Example.org"
KEY = "nora.canary@example.org"
HOUR = dt.timedelta(hours=1)
ISSUE = PublicationKey(f"{NEWSLETTER}/2026-03-01", "email", "readers")
TABLES = (
    "publication",
    "delivery",
    "attempt",
    "lane",
    "alert",
    "bounce",
    "subscriber",
    "consent",
    "suppression",
    "content",
    "meta",
)


def send(ledger: Ledger, key: Key, state: DeliveryState, reason: str = "") -> None:
    """Send an issue to the list; of each delivery becomes the same."""
    lease = ledger.claim(key, START, HOUR)
    parts = [Part("1", "text/plain", b"text")]
    ledger.plan(lease, parts, SubscriberSelection(NEWSLETTER, START), START, keep_content=False, accept_fewer=True)
    tasks = ledger.checkpoint(lease, [], QueueSelection("email", 99), START, HOUR).deliveries
    results = [Result(task, state, START, reason=reason, next_at=START) for task in tasks]
    ledger.checkpoint(lease, results, QueueSelection("email", 0), START, HOUR)
    if reason.startswith("554"):
        close_lane(ledger, lease, "example.org", START + HOUR, reason)
    ledger.release(lease, START)


def find_traces(ledger: Ledger) -> list[str]:
    """The rows of all tables that have the address."""
    with ledger.transaction() as tx:
        rows = [(table, row) for table in TABLES for row in tx.fetch_all(f"SELECT * FROM {table}")]
    return [f"{table}: {row}" for table, row in rows if "canary" in str(row).lower()]


def find_bytes(folder: Path) -> list[str]:
    """The files that have the address anywhere."""
    return [
        file.name for file in sorted(folder.rglob("*")) if file.is_file() and b"canary" in file.read_bytes().lower()
    ]


@pytest.fixture
def known(subscribers: SubscriberList) -> SubscriberList:
    """A list with someone who was sent issues, with all that may come of it, and whom servers named."""
    subscribe(subscribers, f"Nora <{WRITTEN}>")
    subscribe(subscribers, "bo@example.org")
    ledger = subscribers.ledger
    send(ledger, ISSUE, DeliveryState.SENT)
    for number, state in enumerate((DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.PLANNED)):
        key = ISSUE._replace(issue=f"{NEWSLETTER}/2026-04-0{number}")
        send(ledger, key, state, f"550 5.1.1 <{WRITTEN.upper()}>: who is {KEY}?")
    send(ledger, ISSUE._replace(issue=f"{NEWSLETTER}/2026-05-01"), DeliveryState.PLANNED, f"554 because of {WRITTEN}")
    with ledger.transaction() as tx:
        insert_bounce(tx, NEWSLETTER, KEY, BounceRow(ISSUE.issue, "email", "later", 0, "421 later", "2026-03-02"))
    record_alerts(ledger, [(ISSUE.issue, "email")], "failed", f"1 failed: 550 <{WRITTEN}>", START)
    return subscribers


def test_no_row_has_the_address_any_more(known: SubscriberList) -> None:
    assert len({line.partition(":")[0] for line in find_traces(known.ledger)}) >= 6, "it is all over the ledger"
    assert erase_subscriber(known, KEY, form(1))
    assert find_traces(known.ledger) == []
    assert known.find(KEY) is None
    assert known.find_suppression(KEY) is SuppressionReason.ERASED
    assert known.count()[SubscriberState.ERASED] == 1
    assert known.find("bo@example.org"), "the others are as before"
    assert len(find_recipients(known.ledger, ISSUE, DeliveryState.SENT)) == 2, "what was sent is still counted"
    assert not erase_subscriber(known, KEY, form(2)), "nothing is left to erase"


def test_no_file_has_the_address_any_more(known: SubscriberList, place: Path | str) -> None:
    if not isinstance(place, Path):
        pytest.skip("a server keeps its own files")
    known.ledger.purge()  # so that it is in the database and the backup, and not in the log alone
    known.pause(KEY, None, form())
    assert find_bytes(place.parent) == ["ledger.backup", "ledger.db", "ledger.db-wal"]
    erase_subscriber(known, KEY, form(1))
    assert find_bytes(place.parent) == []
    known.ledger.close()
    assert find_bytes(place.parent) == []


def test_vacuum_removes_the_rows_from_the_pages_of_a_server(known: SubscriberList, place: Path | str) -> None:
    if isinstance(place, Path):
        pytest.skip("for PostgreSQL")
    with known.ledger.transaction() as tx:
        tx.execute("CREATE EXTENSION IF NOT EXISTS pgstattuple SCHEMA public")
    erase_subscriber(known, KEY, form(1))
    with known.ledger.transaction() as tx:
        dead = {
            table: tx.fetch_all(f"SELECT dead_tuple_count FROM public.pgstattuple('{table}')")
            for table in TABLES
            if table not in ("content", "meta", "publication")  # these never have an address
        }
    assert dead == {table: [(0,)] for table in dead}


def test_another_process_that_reads_keeps_the_log(known: SubscriberList, place: Path | str) -> None:
    if not isinstance(place, Path):
        pytest.skip("for SQLite")
    with closing(sqlite3.connect(place)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM subscriber").fetchall()
        known.ledger._database._connection.execute("PRAGMA busy_timeout = 50")  # type: ignore[attr-defined]  # or 30 s
        with pytest.raises(StorageError, match=r"deleted, but still in ledger\.db-wal"):
            erase_subscriber(known, KEY, form(1))
    assert find_traces(known.ledger) == []
    erase_subscriber(known, KEY, form(1))
    assert find_bytes(place.parent) == []


def test_a_backup_that_keeps_the_address_is_an_error(known: SubscriberList, place: Path | str) -> None:
    if not isinstance(place, Path):
        pytest.skip("a server keeps its own backups")
    known.ledger.purge()
    backup = place.with_suffix(".backup")
    moved = backup.rename(backup.with_name("moved"))
    backup.mkdir()
    with pytest.raises(StorageError, match=r"deleted, but still in ledger\.backup, which cannot be replaced"):
        erase_subscriber(known, KEY, form(1))
    backup.rmdir()
    moved.rename(backup)
    assert find_bytes(place.parent) == ["ledger.backup"]
    erase_subscriber(known, KEY, form(2))
    assert find_bytes(place.parent) == []


def test_no_copy_of_before_replaces_the_backup_afterwards(
    known: SubscriberList, place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may write a backup at the same time, and another one may have been killed while it did."""
    if not isinstance(place, Path):
        pytest.skip("a server keeps its own backups")
    known.ledger.purge()
    (place.parent / f"{TEMPORARY_PREFIX}ledger.backup").write_bytes(b"cut off: " + KEY.encode())
    tries = []

    def write_meanwhile(*_: object) -> None:
        tries.append(KEY)
        with (
            closing(sqlite3.connect(place, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("DELETE FROM subscriber")

    monkeypatch.setattr(SqliteDatabase, "_check_integrity", write_meanwhile)
    erase_subscriber(known, KEY, form(1))
    assert tries, "an erasure waits until the copy is in its place"
    assert find_bytes(place.parent) == []


def test_an_address_that_was_only_sent_to_is_erased_as_well(subscribers: SubscriberList) -> None:
    """From the time when the list was a file."""
    lease = subscribers.ledger.claim(ISSUE, START, HOUR)
    subscribers.ledger.plan(lease, [Part("1", "text/plain", b"1")], [KEY], START, keep_content=False)
    assert erase_subscriber(subscribers, KEY, form())
    assert find_traces(subscribers.ledger) == []
    assert find_recipients(subscribers.ledger, ISSUE, DeliveryState.PLANNED) == set()


def test_a_refusal_outlives_erasure(known: SubscriberList) -> None:
    known.refuse(KEYS.make_tag(NEWSLETTER, KEY), form())
    erase_subscriber(known, KEY, form(1))
    assert known.find_suppression(KEY) is SuppressionReason.REFUSED
    assert find_traces(known.ledger) == []
