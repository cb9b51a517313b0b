"""Long lists are planned in many transactions, and what is in the middle of that is not sent."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from publisher.errors import ConfigError, DeliveryError, StorageError
from publisher.ledger import DeliveryState, FewerRecipientsError, LeaseLostError, Ledger
from publisher.ledger.database import Transaction
from publisher.ledger.open_shards import select_open_shards
from publisher.ledger.queries import find_status
from publisher.ledger.shards import ShardRef
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, MINUTE, NOON, claim, ended, parts, rows, states, turn

NEWSLETTER = KEY.issue.rpartition("/")[0]


@pytest.fixture(autouse=True)
def batches_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit after ten rows."""
    for module in ("rolling", "listing"):
        monkeypatch.setattr(f"publisher.ledger.{module}.ROWS_PER_TRANSACTION", 10)


def readers(number: int) -> list[str]:
    return [f"reader{one:02}" for one in range(number)]


def lane(recipient: str) -> tuple[str, str]:
    """Every fifth reader is at a provider with a rate limit."""
    slow = int(recipient[-2:]) % 5 == 0
    return ("slow", "slow") if slow else ("fast", "")


def plan(ledger: Ledger, recipients: Iterator[str] | list[str], **more: Any) -> None:
    lease = claim(ledger)
    settings = {"keep_content": False, "find_lane": lane, "shard_size": 4} | more
    try:
        ledger.plan(lease, parts(a="one"), recipients, NOON, **settings)
    finally:
        ledger.release(lease, NOON)


def shards(ledger: Ledger) -> list[tuple[str, int, int]]:
    return rows(ledger, "SELECT queue, number, deliveries FROM shard ORDER BY queue, number")


class Killed(BaseException):
    """The process ends."""


def kill_at(commit: int) -> Iterator[dt.datetime]:
    for _ in range(commit - 1):
        yield NOON + MINUTE
    raise Killed


def test_a_shard_has_few_recipients_of_one_queue(ledger: Ledger) -> None:
    plan(ledger, readers(23))
    assert shards(ledger) == [*(("", number, 4) for number in range(4)), ("", 4, 2), ("slow", 0, 4), ("slow", 1, 1)]
    plan(ledger, readers(26))
    assert shards(ledger)[4:] == [("", 4, 4), ("slow", 0, 4), ("slow", 1, 2)], "the last one is filled up"


@pytest.mark.parametrize("commit", range(1, 7))
def test_who_ends_in_the_middle_leaves_the_rest_to_the_next(ledger: Ledger, commit: int) -> None:
    killed = kill_at(commit)
    lease = claim(ledger)
    with pytest.raises(Killed):
        ledger.plan(
            lease,
            parts(a="one"),
            readers(37),
            NOON,
            keep_content=False,
            find_lane=lane,
            shard_size=4,
            extend=lambda: next(killed),
        )
    planned = len(states(ledger))
    assert (planned == 0) == (commit < 4)
    ledger.release(lease, NOON)
    with ledger.transaction() as tx:
        assert select_open_shards(tx, NEWSLETTER, KEY.channel, "", NOON, 9) == []
    found = find_status(ledger, KEY)
    assert found
    assert (found.is_planning, found.done) == (commit >= 4, False)
    plan(ledger, readers(37))
    assert states(ledger) == {f"{who} a": "planned" for who in readers(37)}
    found = find_status(ledger, KEY)
    assert found
    assert (found.is_planning, found.counts.planned) == (False, 37)
    with ledger.transaction() as tx:
        assert len(select_open_shards(tx, NEWSLETTER, KEY.channel, "", NOON, 9)) == 8


def test_a_shard_of_a_plan_in_the_middle_cannot_be_claimed(ledger: Ledger) -> None:
    killed = kill_at(6)
    lease = claim(ledger)
    with pytest.raises(Killed):
        ledger.plan(lease, parts(a="one"), readers(30), NOON, keep_content=False, extend=lambda: next(killed))
    ledger.release(lease, NOON)
    [(shard,)] = rows(ledger, "SELECT id FROM shard")
    assert ledger.claim_shard(shard, NOON, MINUTE) is None
    plan(ledger, readers(30))
    assert ledger.claim_shard(shard, NOON, MINUTE)


def test_a_shorter_list_plans_nothing_however_long_it_is(ledger: Ledger) -> None:
    plan(ledger, readers(60))
    before = states(ledger), rows(ledger, "SELECT * FROM shard ORDER BY id")
    with pytest.raises(FewerRecipientsError):
        plan(ledger, readers(40))
    assert (states(ledger), rows(ledger, "SELECT * FROM shard ORDER BY id")) == before
    found = find_status(ledger, KEY)
    assert found
    assert not found.is_planning


def test_a_list_that_cannot_be_read_plans_nothing_however_long_it_is(ledger: Ledger) -> None:
    def cut() -> Iterator[str]:
        yield from readers(35)
        raise ConfigError("readers.txt:36: it has no @")

    with pytest.raises(ConfigError):
        plan(ledger, cut())
    assert states(ledger) == {}
    found = find_status(ledger, KEY)
    assert found
    assert not found.is_planning


def test_a_list_that_cannot_be_copied_plans_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def connect_to_little_room(*arguments: Any, **more: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **more)
        connection.execute("PRAGMA max_page_count = 3")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_to_little_room)
    with pytest.raises(StorageError, match="copy of the list of recipients: database or disk is full"):
        plan(ledger, readers(900))
    assert states(ledger) == {}


def test_the_lease_is_extended_in_between(open_ledger: Open) -> None:
    ledger, other = open_ledger(), open_ledger()
    times = [NOON + minutes * MINUTE for minutes in range(1, 99)]
    lease = claim(ledger)
    ledger.plan(lease, parts(a="one"), readers(30), NOON, keep_content=False, extend=lambda: times.pop(0))
    assert rows(ledger, "SELECT leased_until FROM publication")[0][0] > "2021-07-18T12:05"
    assert claim(other, NOON + 99 * MINUTE).fence == 2


def test_who_loses_the_lease_in_between_plans_nothing_more(open_ledger: Open) -> None:
    ledger, other = open_ledger(), open_ledger()
    lease = claim(ledger)
    steps = 0

    def extend() -> dt.datetime:
        nonlocal steps
        steps += 1
        if steps == 5:
            claim(other, NOON + 9 * MINUTE)
        return NOON + MINUTE

    with pytest.raises(LeaseLostError):
        ledger.plan(lease, parts(a="one"), readers(50), NOON, keep_content=False, extend=extend)
    assert len(states(ledger)) < 50


def test_who_is_stopped_in_between_says_so(ledger: Ledger) -> None:
    def extend() -> dt.datetime:
        raise DeliveryError("stopped before everything was planned", "run publish again")

    with pytest.raises(DeliveryError):
        plan(ledger, readers(50), extend=extend)


def test_what_opens_the_shards_is_part_of_it(ledger: Ledger) -> None:
    def refuse(tx: Transaction, opened: list[ShardRef]) -> None:
        assert [one.queue for one in opened] == [""] * 5 + ["slow"] * 2
        raise DeliveryError("the queue is full")

    with pytest.raises(DeliveryError):
        plan(ledger, readers(23), on_open=refuse)
    with ledger.transaction() as tx:
        assert select_open_shards(tx, NEWSLETTER, KEY.channel, "", NOON, 9) == []
    opened: list[ShardRef] = []
    plan(ledger, readers(23), on_open=lambda _, refs: opened.extend(refs))
    assert {(one.channel, one.issue) for one in opened} == {(KEY.channel, KEY.issue)}
    assert len(opened) == 7


def test_many_shards_of_before_are_adjusted(ledger: Ledger) -> None:
    """Those who left, came back or came, in any shard; what was sent stays."""
    plan(ledger, readers(60))
    lease = claim(ledger)
    tasks = turn(ledger, lease, size=7)
    turn(ledger, lease, *map(ended, tasks), size=0)
    ledger.release(lease, NOON)
    sent = {task.recipient for task in tasks}
    left = {"reader13", "reader28", "reader29", "reader51"}
    plan(ledger, [one for one in readers(64) if one not in left])
    found = {who.removesuffix(" a"): state for who, state in states(ledger).items()}
    assert {who for who, state in found.items() if state == "unlisted"} == left - sent
    assert {who for who, state in found.items() if state == "sent"} == sent
    plan(ledger, readers(64))
    counted = find_status(ledger, KEY)
    assert counted
    assert (counted.counts.sent, counted.counts.planned, counted.counts.total) == (7, 57, 64)
    assert DeliveryState.UNLISTED.value not in states(ledger).values()
