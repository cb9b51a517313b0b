"""Unknown outcomes that are resolved by asking the platform or by a rule of the channel."""

from __future__ import annotations

import pytest

from publisher.channel import Receipt
from publisher.ledger import Delivery, DeliveryState, Lease, Ledger, Result
from publisher.ledger.queries import find_status
from publisher.ledger.unknown import find_unresolved_deliveries, record_resolutions
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, claim, ended, parts, plan, rows, states, turn
from tests.support.attempts import load_attempts


@pytest.fixture
def hand(ledger: Ledger) -> Lease:
    """A leased publication: b arrived, and the outcome of a and c is unknown."""
    first = begun(ledger, a="one", b="two", c="three")
    results = [
        ended(task, DeliveryState.SENT if task.part == "b" else DeliveryState.UNKNOWN) for task in turn(ledger, first)
    ]
    turn(ledger, first, *results, size=0)
    return first


def answer(task: Delivery, state: DeliveryState, reason: str = "", **more: str) -> Result:
    return Result(task, state, NOON + MINUTE, Receipt(**more) if more else None, reason)


def test_unresolved_deliveries_are_those_with_unknown_outcome(ledger: Ledger, hand: Lease) -> None:
    found = find_unresolved_deliveries(ledger, hand)
    assert [(task.part, task.recipient, task.tries, task.started_at) for task in found] == [
        ("a", "@readers", 1, NOON),
        ("c", "@readers", 1, NOON),
    ]
    assert ledger.load_part(found[0].digest, "a") == parts(a="one")[0]


def test_it_was_there_or_it_was_not(ledger: Ledger, hand: Lease) -> None:
    a, c = find_unresolved_deliveries(ledger, hand)
    there = answer(a, DeliveryState.SENT, remote_id="7", url="https://e.org/7", reason="found")
    record_resolutions(
        ledger, hand, [there, answer(c, DeliveryState.PLANNED, reason="looked for twice, and not there")]
    )
    assert states(ledger) == {"a": "sent", "b": "sent", "c": "planned"}
    found = find_status(ledger, KEY)
    assert found
    assert (found.url, found.delivered_digests["a"], found.reasons) == ("https://e.org/7", a.digest, ())
    reported = [(one.part, one.outcome, one.evidence, one.ended_at - NOON) for one in load_attempts(ledger, KEY)][3:]
    assert reported == [("a", "sent", "found", MINUTE), ("c", "planned", "looked for twice, and not there", MINUTE)]
    (task,) = turn(ledger, hand)
    assert (task.part, task.tries) == ("c", 2)
    turn(ledger, hand, ended(task), size=0)
    plan(ledger, hand, parts(a="eins", b="two", c="three"))
    assert [(task.part, task.remote_id) for task in turn(ledger, hand)] == [("a", "7")]


def test_who_lost_it_settles_nothing(ledger: Ledger, hand: Lease) -> None:
    found = find_unresolved_deliveries(ledger, hand)
    claim(ledger, NOON + MINUTE)
    record_resolutions(ledger, hand, [answer(task, DeliveryState.SENT, url="https://e.org/") for task in found])
    assert states(ledger) == {"a": "unknown", "b": "sent", "c": "unknown"}
    assert rows(ledger, "SELECT url FROM publication") == [("",)]


def test_what_a_person_settled_meanwhile_stays(ledger: Ledger, hand: Lease) -> None:
    found = find_unresolved_deliveries(ledger, hand)
    record_resolutions(ledger, hand, [answer(found[0], DeliveryState.DROPPED)])
    record_resolutions(ledger, hand, [answer(task, DeliveryState.PLANNED) for task in found])
    assert states(ledger) == {"a": "dropped", "b": "sent", "c": "planned"}
    assert len(load_attempts(ledger, KEY)) == 5


def test_what_is_no_part_any_more_is_not_sent_again(ledger: Ledger, hand: Lease) -> None:
    plan(ledger, hand, parts(b="two", c="three"))
    record_resolutions(
        ledger, hand, [answer(task, DeliveryState.PLANNED) for task in find_unresolved_deliveries(ledger, hand)]
    )
    assert states(ledger) == {"a": "dropped", "b": "sent", "c": "planned"}
    assert [task.part for task in turn(ledger, hand)] == ["c"]


def test_evidence_of_a_resolution_is_redacted_like_all_evidence(ledger: Ledger, hand: Lease) -> None:
    a, _ = find_unresolved_deliveries(ledger, hand)
    odd = "GET https://e.org/?secret=wordofpass\r\n\0\udcff" + "x" * 1000
    record_resolutions(ledger, hand, [answer(a, DeliveryState.SENT, reason=odd, url=odd[4:], remote_id="7\0")])
    everything = str([rows(ledger, f"SELECT * FROM {table}") for table in ("publication", "delivery", "attempt")])
    assert "wordofpass" not in everything
    assert len(load_attempts(ledger, KEY)[-1].evidence) == 500
