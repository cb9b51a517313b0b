"""What nobody knew about, and a look at the platform or a rule of the channel decided."""

from __future__ import annotations

import pytest

from publisher.ledger import Claim, Ledger, Result, State, Task
from publisher.ledger.queries import attempts, standing
from publisher.ledger.unknown import doubts, settle
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, claim, ended, parts, plan, rows, states, turn


@pytest.fixture
def hand(ledger: Ledger) -> Claim:
    """A publication in hand: b arrived, and nobody knows about a and c."""
    first = begun(ledger, a="one", b="two", c="three")
    results = [ended(task, State.SENT if task.part == "b" else State.UNKNOWN) for task in turn(ledger, first)]
    turn(ledger, first, *results, size=0)
    return first


def answer(task: Task, state: State, **more: str) -> Result:
    return Result(task, state, NOON + MINUTE, **more)


def test_doubts_are_the_tasks_that_are_unknown(ledger: Ledger, hand: Claim) -> None:
    found = doubts(ledger, hand)
    assert [(task.part, task.recipient, task.tries, task.began) for task in found] == [
        ("a", "@readers", 1, NOON),
        ("c", "@readers", 1, NOON),
    ]
    assert ledger.part(found[0].digest, "a") == parts(a="one")[0]


def test_it_was_there_or_it_was_not(ledger: Ledger, hand: Claim) -> None:
    a, c = doubts(ledger, hand)
    there = answer(a, State.SENT, remote_id="7", url="https://e.org/7", reason="found")
    settle(ledger, hand, [there, answer(c, State.PLANNED, reason="looked for twice, and not there")])
    assert states(ledger) == {"a": "sent", "b": "sent", "c": "planned"}
    found = standing(ledger, KEY)
    assert found
    assert (found.url, found.live["a"], found.reasons) == ("https://e.org/7", a.digest, ())
    told = [(one.part, one.outcome, one.evidence, one.ended - NOON) for one in attempts(ledger, KEY)][3:]
    assert told == [
        ("a", "sent", "found", MINUTE),
        ("c", "planned", "looked for twice, and not there", MINUTE),
    ]
    (task,) = turn(ledger, hand)
    assert (task.part, task.tries) == ("c", 2)
    turn(ledger, hand, ended(task), size=0)
    plan(ledger, hand, parts(a="eins", b="two", c="three"))
    assert [(task.part, task.remote_id) for task in turn(ledger, hand)] == [("a", "7")]


def test_who_lost_it_settles_nothing(ledger: Ledger, hand: Claim) -> None:
    found = doubts(ledger, hand)
    claim(ledger, NOON + MINUTE)
    settle(ledger, hand, [answer(task, State.SENT, url="https://e.org/") for task in found])
    assert states(ledger) == {"a": "unknown", "b": "sent", "c": "unknown"}
    assert rows(ledger, "SELECT url FROM publication") == [("",)]


def test_what_a_person_settled_meanwhile_stays(ledger: Ledger, hand: Claim) -> None:
    found = doubts(ledger, hand)
    settle(ledger, hand, [answer(found[0], State.DROPPED)])
    settle(ledger, hand, [answer(task, State.PLANNED) for task in found])
    assert states(ledger) == {"a": "dropped", "b": "sent", "c": "planned"}
    assert len(attempts(ledger, KEY)) == 5


def test_what_is_no_part_any_more_is_not_sent_again(ledger: Ledger, hand: Claim) -> None:
    plan(ledger, hand, parts(b="two", c="three"))
    settle(ledger, hand, [answer(task, State.PLANNED) for task in doubts(ledger, hand)])
    assert states(ledger) == {"a": "dropped", "b": "sent", "c": "planned"}
    assert [task.part for task in turn(ledger, hand)] == ["c"]


def test_what_was_told_is_kept_like_all_evidence(ledger: Ledger, hand: Claim) -> None:
    a, _ = doubts(ledger, hand)
    odd = "GET https://e.org/?secret=wordofpass\r\n\0\udcff" + "x" * 1000
    settle(ledger, hand, [answer(a, State.SENT, reason=odd, url=odd[4:], remote_id="7\0")])
    everything = str(
        [rows(ledger, f"SELECT * FROM {table}") for table in ("publication", "delivery", "attempt")]
    )
    assert "wordofpass" not in everything
    assert len(attempts(ledger, KEY)[-1].evidence) == 500
