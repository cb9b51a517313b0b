"""Deliveries are given out a few at a time, and nothing twice."""

from __future__ import annotations

import pytest

from publisher.ledger import DeliveryState, Ledger
from publisher.ledger.queries import find_status
from tests.ledger.shortcuts import KEY, MINUTE, NOON, SECOND, begun, ended, parts, plan, rows, states, turn
from tests.support.attempts import load_attempts


def test_a_window_is_begun_before_it_is_given(ledger: Ledger) -> None:
    first = begun(ledger, *"abcde")
    tasks = turn(ledger, first, size=2)
    assert [task.recipient for task in tasks] == ["a", "b"]
    assert [task.tries for task in tasks] == [1, 1]
    assert list(states(ledger).values()) == ["sending", "sending", "planned", "planned", "planned"]
    assert {task.digest for task in tasks} == {parts(a="one")[0].digest}


def test_nothing_is_given_twice(ledger: Ledger) -> None:
    first = begun(ledger, *"abcde")
    given = [task.recipient for _ in range(4) for task in turn(ledger, first, size=2)]
    assert given == ["a", "b", "c", "d", "e"]


def test_results_and_the_next_window_are_one_step(ledger: Ledger) -> None:
    first = begun(ledger, *"abc")
    (a,) = turn(ledger, first, size=1)
    (b,) = turn(ledger, first, ended(a), size=1)
    assert b.recipient == "b"
    assert list(states(ledger).values()) == ["sent", "sending", "planned"]


def test_a_window_of_nothing_only_takes_in(ledger: Ledger) -> None:
    first = begun(ledger, *"ab")
    (a,) = turn(ledger, first, size=1)
    assert turn(ledger, first, ended(a), size=0) == []
    assert list(states(ledger).values()) == ["sent", "planned"]


def test_what_was_put_off_waits_for_its_time(ledger: Ledger) -> None:
    first = begun(ledger, *"ab")
    assert ledger.find_next_attempt(first, NOON) is None
    a, b = turn(ledger, first)
    later = [ended(one, DeliveryState.PLANNED, next_at=NOON + wait * SECOND) for one, wait in ((a, 9), (b, 5))]
    assert turn(ledger, first, *later) == []
    assert ledger.find_next_attempt(first, NOON) == NOON + 5 * SECOND
    assert turn(ledger, first, now=NOON + 4 * SECOND) == []
    (again,) = turn(ledger, first, now=NOON + 5 * SECOND)
    assert (again.recipient, again.tries) == ("b", 2)
    assert ledger.find_next_attempt(first, NOON) == NOON + 9 * SECOND


def test_what_was_put_off_lets_others_pass(ledger: Ledger) -> None:
    first = begun(ledger, *"abc")
    (a,) = turn(ledger, first, size=1)
    (b,) = turn(ledger, first, ended(a, DeliveryState.PLANNED, next_at=NOON), size=1)
    assert b.recipient == "b"
    assert [task.recipient for task in turn(ledger, first, ended(b))] == ["c", "a"]


@pytest.mark.parametrize(
    "state", [DeliveryState.PLANNED, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.SENDING]
)
def test_in_order_nothing_passes_what_has_not_arrived(ledger: Ledger, state: DeliveryState) -> None:
    first = begun(ledger, a="one", b="two")
    (a,) = turn(ledger, first, ordered=True)
    assert a.part == "a"
    if state is not DeliveryState.SENDING:
        later = NOON + MINUTE if state is DeliveryState.PLANNED else None
        turn(ledger, first, ended(a, state, next_at=later), size=0)
    assert turn(ledger, first, ordered=True) == []


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.DROPPED])
def test_in_order_the_next_part_follows(ledger: Ledger, state: DeliveryState) -> None:
    first = begun(ledger, a="one", b="two")
    (a,) = turn(ledger, first, ordered=True)
    (b,) = turn(ledger, first, ended(a, state), ordered=True)
    assert b.part == "b"


def test_in_order_what_was_put_off_comes_first(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two")
    (a,) = turn(ledger, first, ordered=True)
    (again,) = turn(ledger, first, ended(a, DeliveryState.PLANNED, next_at=NOON), ordered=True)
    assert (again.part, again.tries) == ("a", 2)


def test_one_publication_knows_nothing_of_another(ledger: Ledger) -> None:
    first = begun(ledger, "x", a="one")
    other = begun(ledger, "y", key=KEY._replace(channel="fax"), a="other", b="more")
    assert [task.recipient for task in turn(ledger, first)] == ["x"]
    assert [ledger.load_part(task.digest, task.part).body for task in turn(ledger, other)] == [b"other", b"more"]


# ---------------------------------------------------------------- what is noted


def test_what_came_of_it_is_noted(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two", c="three")
    a, b, c = turn(ledger, first)
    turn(
        ledger,
        first,
        ended(a, url="https://e.org/1"),
        ended(b, DeliveryState.FAILED, reason="no such chat"),
        ended(c, url="https://e.org/3"),
    )
    found = find_status(ledger, KEY)
    assert found
    assert (found.counts.sent, found.counts.failed) == (2, 1)
    assert found.url == "https://e.org/1", "readers begin at the beginning"
    assert found.reasons == ("no such chat",)
    noted = [(one.part, one.outcome, one.evidence) for one in load_attempts(ledger, KEY)]
    assert noted == [("a", "sent", "id-a"), ("b", "failed", "no such chat"), ("c", "sent", "id-c")]
    assert {(one.started_at, one.ended_at) for one in load_attempts(ledger, KEY)} == {(NOON, NOON + SECOND)}


def test_evidence_has_no_secrets(ledger: Ledger) -> None:
    token = "123456789:AAHk1-xyzxyzxyzxyzxyzxyzxyzxyzxyzxyz"
    first = begun(ledger, a="one", b="two")
    a, b = turn(ledger, first)
    reported = f"ConnectError: https://api.telegram.org/bot{token}/sendMessage"
    turn(
        ledger, first, ended(a, DeliveryState.UNKNOWN, reason=reported), ended(b, url=f"https://e.org/?secret={token}")
    )
    tables = ("publication", "content", "part", "delivery", "attempt", "destination_name", "lane")
    for table in tables:
        assert token not in str(rows(ledger, f"SELECT * FROM {table}"))
    assert "ConnectError" in str(load_attempts(ledger, KEY))


@pytest.mark.parametrize("reason", ["a\0b", "a\udcffb", "a\r\nb" + "x" * 10_000])
def test_no_answer_is_so_odd_that_it_cannot_be_noted(ledger: Ledger, reason: str) -> None:
    first = begun(ledger)
    (task,) = turn(ledger, first)
    turn(ledger, first, ended(task, remote_id=reason[:3], url=reason[:3], reason=reason))
    assert states(ledger) == {"a": "sent"}
    (attempt,) = load_attempts(ledger, KEY)
    assert len(attempt.evidence) <= 500
    assert "\n" not in attempt.evidence


def test_what_was_tried_before_stays_noted(ledger: Ledger) -> None:
    first = begun(ledger)
    for state in (DeliveryState.PLANNED, DeliveryState.PLANNED, DeliveryState.SENT):
        (task,) = turn(ledger, first)
        turn(ledger, first, ended(task, state, next_at=NOON if state is DeliveryState.PLANNED else None), size=0)
    plan(ledger, first, parts(a="another"))
    assert [one.outcome for one in load_attempts(ledger, KEY)] == ["planned", "planned", "sent"]
