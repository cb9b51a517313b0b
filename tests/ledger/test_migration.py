"""A ledger of before there were shards becomes one with shards, also one that was left in the middle of sending."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from publisher.errors import BusyError
from publisher.ledger import DeliveryCounts, Ledger, schema
from publisher.ledger.migration import VERSION_WITHOUT_SHARDS
from publisher.ledger.models import format_utc
from publisher.ledger.postgres import PostgresDatabase
from publisher.ledger.process_id import get_process_id
from publisher.ledger.queries import find_status
from publisher.ledger.queues import QueueSelection
from publisher.ledger.sqlite import SqliteDatabase
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, MINUTE, NOON, claim, ended, parts, plan, rows, states, turn

STATEMENTS = Path(__file__).with_name("without_shards.sql").read_text("utf-8").split(";\n")[:-1]

ROWS = {  # recipient: state, queue, fence
    "sent@e.org": ("sent", "", 1),
    "next@e.org": ("planned", "", 0),
    "slow@slow.org": ("planned", "slow.org", 0),
    "begun@e.org": ("sending", "", 1),
    "failed@e.org": ("failed", "", 1),
    "gone@slow.org": ("unlisted", "slow.org", 0),
}


def write_old(place: Path | str, owner: str = "", leased_until: str = "") -> None:
    """Write a ledger as it was, with one publication."""
    database = SqliteDatabase(place) if isinstance(place, Path) else PostgresDatabase(place)
    [part] = parts(a="one")
    with database.transaction() as tx:
        database.get_version(tx)
        for statement in STATEMENTS:
            tx.execute(statement.format(**database.dialect))
        database.set_version(tx, VERSION_WITHOUT_SHARDS)
        tx.execute(
            """INSERT INTO publication (issue, channel, destination, digest, owner, fence, leased_until, deliveries,
               sending) VALUES (?, ?, ?, 'x', ?, 1, ?, 6, 1)""",
            *(*KEY, owner, leased_until),
        )
        tx.execute("INSERT INTO content (digest, media_type, body) VALUES (?, 'text/plain', ?)", part.digest, part.body)
        tx.execute("INSERT INTO part (publication, part, position, digest) VALUES (1, 'a', 0, ?)", part.digest)
        for recipient, (state, queue, fence) in ROWS.items():
            tx.execute(
                """INSERT INTO delivery (publication, position, recipient, part, lane, queue, state, fence, started_at)
                   VALUES (1, 0, ?, 'a', ?, ?, ?, ?, ?)""",
                *(recipient, queue, queue, state, fence, format_utc(NOON) if fence else ""),
            )
    database.close()


def test_nothing_is_lost_and_what_was_begun_is_unknown(place: Path | str, open_ledger: Open) -> None:
    write_old(place)
    ledger = open_ledger()
    found = find_status(ledger, KEY)
    assert found
    assert found.counts == DeliveryCounts(planned=2, sending=1, sent=1, failed=1, unlisted=1)
    lease = claim(ledger)
    assert states(ledger)["begun@e.org a"] == "unknown"
    assert ledger.find_queues(lease) == {"", "slow.org"}
    wanted = QueueSelection(KEY.channel, 10, ("", "slow.org"))
    tasks = ledger.checkpoint(lease, [], wanted, NOON, MINUTE).deliveries
    assert {(task.recipient, task.queue) for task in tasks} == {("next@e.org", ""), ("slow@slow.org", "slow.org")}
    turn(ledger, lease, *map(ended, tasks), size=0)
    found = find_status(ledger, KEY)
    assert found
    assert found.counts == DeliveryCounts(sent=3, failed=1, unknown=1, unlisted=1)


def test_it_is_planned_on_as_others_are(place: Path | str, open_ledger: Open) -> None:
    write_old(place)
    ledger = open_ledger()
    plan(ledger, claim(ledger), parts(a="one"), [*ROWS, "new@e.org"], keep=True)
    found = find_status(ledger, KEY)
    assert found
    assert found.counts == DeliveryCounts(planned=4, sent=1, failed=1, unknown=1)


def test_the_tables_are_those_of_a_new_ledger(place: Path | str, open_ledger: Open, tmp_path: Path) -> None:
    write_old(place)
    migrated = open_ledger()
    with closing(Ledger(tmp_path / "new.db")) as new:
        for table in ("publication", "shard", "delivery"):
            assert _columns(migrated, table) == _columns(new, table), table
        indexes = {name for statement in schema.STATEMENTS for name in re.findall(r"INDEX (\w+)", statement)}
    assert _indexes(migrated) >= indexes


def _columns(ledger: Ledger, table: str) -> set[str]:
    if not ledger.dialect["lock"]:
        return {row[1] for row in rows(ledger, f"PRAGMA table_xinfo({table})")}
    of_table = "table_schema = current_schema() AND table_name = ?"
    sql = f"SELECT column_name FROM information_schema.columns WHERE {of_table}"
    return {name for (name,) in rows(ledger, sql, table)}


def _indexes(ledger: Ledger) -> set[str]:
    if not ledger.dialect["lock"]:
        return {name for (name,) in rows(ledger, "SELECT name FROM sqlite_master WHERE type = 'index'")}
    sql = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
    return {name for (name,) in rows(ledger, sql)}


def test_not_while_the_former_version_sends(place: Path | str, open_ledger: Open) -> None:
    """It could not record what it has sent: it does not know the new tables."""
    later = format_utc(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    write_old(place, get_process_id(), later)
    with pytest.raises(BusyError, match="is sending, with the version of publisher that was installed before"):
        open_ledger()
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as file:
            assert file.execute("PRAGMA user_version").fetchall() == [(VERSION_WITHOUT_SHARDS,)]


@pytest.mark.parametrize("hours", [-1, 1])
def test_who_is_gone_is_not_waited_for(place: Path | str, open_ledger: Open, hours: int) -> None:
    """Its lease is over, or it was on this machine and is not there any more."""
    owner = get_process_id() if hours < 0 else get_process_id().replace("begun ", "begun 1")
    write_old(place, owner, format_utc(dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)))
    claim(open_ledger(), dt.datetime.now(dt.UTC))


def test_a_long_list_is_split_into_shards_that_several_can_send(place: Path | str, open_ledger: Open) -> None:
    write_old(place)
    database = SqliteDatabase(place) if isinstance(place, Path) else PostgresDatabase(place)
    with database.transaction() as tx:
        tx.execute_many(
            """INSERT INTO delivery (publication, position, recipient, part, lane, queue, state)
               VALUES (1, 0, ?, 'a', ?, ?, 'planned')""",
            [(f"reader{number}", "", "slow.org" if number % 4 == 0 else "") for number in range(1_200)],
        )
    database.close()
    ledger = open_ledger()
    sizes = rows(ledger, "SELECT queue, number, deliveries, planned FROM shard ORDER BY queue, number")
    assert [queue for queue, *_ in sizes] == [""] * 3 + ["slow.org"] * 3
    assert max(deliveries for _, _, deliveries, _ in sizes) <= 500
    assert sum(deliveries for _, _, deliveries, _ in sizes) == 1_200 + len(ROWS)
    assert sum(planned for *_, planned in sizes) == 1_200 + 2
    counted = """SELECT COUNT(*) FROM delivery JOIN shard ON shard.id = delivery.shard
                 WHERE delivery.id BETWEEN first_id AND last_id AND shard.publication = delivery.publication"""
    assert rows(ledger, counted) == [(1_200 + len(ROWS),)]
    turn(ledger, claim(ledger), size=700)
    found = find_status(ledger, KEY)
    assert found
    assert found.counts.sending == 700
