"""The counts of a publication and its attempts are those of its rows, whatever happened to them."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest

from publisher.ledger import Delivery, DeliveryState, Ledger, Result
from publisher.ledger.metrics import collect_metrics
from publisher.ledger.models import Lease
from publisher.ledger.queries import (
    ResolutionChoice,
    find_issues_in_state,
    find_recipients,
    find_status,
    resolve_deliveries,
    retry_deliveries,
)
from publisher.ledger.queues import QueueSelection
from publisher.ledger.shards import CountChanges
from publisher.ledger.transitions import record_results
from tests.ledger.shortcuts import KEY, MINUTE, NOON, SECOND, begun, claim, ended, parts, plan, rows, turn
from tests.support.attempts import load_attempts

ENDS = (
    *[DeliveryState.SENT] * 4,
    *(DeliveryState.PLANNED, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.DROPPED),
)


def live(ledger: Ledger, seed: int) -> list[tuple[str, str, str]]:
    """Let a publication have any history. Return the attempts that were made: recipient, outcome, evidence."""
    fate, made = random.Random(seed), list[tuple[str, str, str]]()
    lease = begun(ledger, *"abcdefgh")
    under_way: list[Delivery] = []
    for step in range(1, 25):
        now = NOON + 60 * step * MINUTE
        match fate.choice(("turn", "turn", "turn", "crash", "edit", "shorten", "retry", "resolve")):
            case "turn":
                results = [_end(one, fate, step, now) for one in under_way]
                made += [(one.delivery.recipient, one.state.value, _tell(one)) for one in results]
                under_way = turn(ledger, lease, *results, size=fate.randint(0, 4), now=now)
            case "crash":
                under_way = _take_over(ledger, under_way, made, now + 9 * MINUTE)
                lease = Lease(lease.publication_id, lease.fence + 1)
            case "edit":
                plan(ledger, lease, parts(a=f"text {step}"), "abcdefgh")
            case "shorten":
                plan(ledger, lease, parts(a="one"), [*fate.sample("abcdefgh", 4), "i"], keep=True)
            case "retry":
                retry_deliveries(ledger, KEY, now)
            case "resolve":
                choice = fate.choice(list(ResolutionChoice))
                unknown = sorted(find_recipients(ledger, KEY, DeliveryState.UNKNOWN))
                made += [(who, choice.value, "a person's decision") for who in unknown]
                resolve_deliveries(ledger, KEY, choice, now)
    return made


def _end(task: Delivery, fate: random.Random, step: int, now: dt.datetime) -> Result:
    state = fate.choice(ENDS)
    ids = fate.choice((f"id {step}", "", "with\nline"))
    return ended(task, state, remote_id=ids, reason="" if state is DeliveryState.SENT else "why", ended_at=now)


def _tell(result: Result) -> str:
    return result.reason or " ".join(result.receipt.remote_id.split() if result.receipt else ())


def _take_over(
    ledger: Ledger, under_way: list[Delivery], made: list[tuple[str, str, str]], now: dt.datetime
) -> list[Delivery]:
    made += [(task.recipient, "unknown", "the process ended before the outcome was known") for task in under_way]
    claim(ledger, now)
    return []


@pytest.mark.parametrize("seed", range(12))
def test_counts_and_attempts_are_those_of_the_rows(ledger: Ledger, seed: int) -> None:
    made = live(ledger, seed)
    counted = {DeliveryState(state): number for state, number in rows(ledger, _BY_STATE)}
    found = find_status(ledger, KEY)
    assert found
    assert {state: number for state in DeliveryState if (number := getattr(found.counts, state.value))} == counted
    newsletter = KEY.issue.rpartition("/")[0]
    metrics = collect_metrics(ledger, newsletter, ()).deliveries
    assert {state: metrics[KEY.channel, state.value] for state in counted} == counted
    for state in set(DeliveryState) - {DeliveryState.SENT}:
        assert bool(find_issues_in_state(ledger, newsletter, state)) == (state in counted), state
    reported = [(one.recipient, one.outcome, one.evidence) for one in load_attempts(ledger, KEY)]
    assert sorted(reported) == sorted(made)
    for recipient in "abcdefghi":
        own = [attempt for attempt in made if attempt[0] == recipient]
        assert [attempt for attempt in reported if attempt[0] == recipient] == own, "in their order"


_BY_STATE = "SELECT state, COUNT(*) FROM delivery GROUP BY state"


def test_what_arrived_at_once_needs_no_row_of_its_own(ledger: Ledger) -> None:
    lease = begun(ledger, *"abc")
    a, b, c = turn(ledger, lease)
    turn(ledger, lease, ended(a), ended(b, DeliveryState.FAILED, reason="no"), ended(c, reason="found there"), size=0)
    recorded = rows(ledger, "SELECT recipient FROM attempt JOIN delivery ON delivery.id = delivery ORDER BY attempt.id")
    assert recorded == [("b",), ("c",)]
    assert [(one.recipient, one.started_at, one.ended_at, one.evidence) for one in load_attempts(ledger, KEY)] == [
        ("a", NOON, NOON + SECOND, "id-a"),
        ("b", NOON, NOON + SECOND, "no"),
        ("c", NOON, NOON + SECOND, "found there"),
    ]


_STATEMENTS_OF_A_TURN = [
    *("execute", "lock_rows"),  # the lease, the shards of the results
    *("update_many", "update_many"),  # the results, and when shards have something due again
    *("fetch_all", "fetch_all", "update_many"),  # a shard, its first deliveries, their start
    "update_many",  # the counts
]


@pytest.mark.parametrize("window", [1, 7, 50])
def test_a_turn_takes_the_same_statements_however_large(
    ledger: Ledger, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = begun(ledger, *(f"reader{number}" for number in range(2 * window)))
    tasks = turn(ledger, lease, size=window)
    with ledger.transaction() as tx:
        kind = type(tx)
    counted: list[str] = []
    for name in ("execute", "execute_many", "fetch_all", "insert_many", "update_many", "lock_rows"):
        real = getattr(kind, name)

        def count(self: Any, *arguments: Any, name: str = name, real: Any = real) -> Any:
            counted.append(name)
            return real(self, *arguments)

        monkeypatch.setattr(kind, name, count)
    results = [ended(task) for task in tasks]
    ledger.checkpoint(lease, results, QueueSelection(KEY.channel, window), NOON, MINUTE)
    assert counted == _STATEMENTS_OF_A_TURN


def test_postgres_changes_no_index_when_a_delivery_was_sent(ledger: Ledger) -> None:
    if not ledger.dialect["lock"]:
        pytest.skip("a matter of PostgreSQL")
    lease = begun(ledger, *(f"reader{number}" for number in range(100)))
    tasks = turn(ledger, lease, size=100)
    counted = """SELECT pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)
                 FROM pg_class WHERE oid = 'delivery'::regclass"""
    with ledger.transaction() as tx:
        [(before, hot_before)] = tx.fetch_all(counted)
        record_results(tx, lease, [ended(task) for task in tasks], CountChanges(), is_repeated=False)
        assert tx.fetch_all(counted) == [(before + 100, hot_before + 100)]
