"""What people see of the ledger, and what they decide."""

from __future__ import annotations

import pytest

from publisher.errors import ConfigError
from publisher.ledger import DeliveryCounts, DeliveryState, Ledger, PublicationKey
from publisher.ledger.plan import compute_parts_digest
from publisher.ledger.queries import (
    FailedDelivery,
    ResolutionChoice,
    find_failed_deliveries,
    find_issues_in_state,
    find_recipients,
    find_status,
    find_statuses,
    resolve_deliveries,
    retry_deliveries,
)
from tests.ledger.shortcuts import KEY, MINUTE, NOON, SECOND, begun, claim, ended, parts, plan, send_all, states, turn
from tests.support.attempts import load_attempts

NOWHERE = PublicationKey("no such issue", "post", "@readers")


def test_a_publication_as_it_stands(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two", c="three", d="four", e="five")
    a, b, c, d, _ = turn(ledger, first)
    turn(
        ledger,
        first,
        ended(a, url="https://e.org/1"),
        ended(b, DeliveryState.PLANNED, reason="try later", next_at=NOON + MINUTE),
        ended(c, DeliveryState.FAILED, reason="bad text"),
        ended(d, DeliveryState.UNKNOWN, reason="no answer"),
        size=0,
    )
    found = find_status(ledger, KEY)
    assert found
    assert found.key == KEY
    assert found.counts == DeliveryCounts(planned=1, sending=1, sent=1, failed=1, unknown=1)
    assert found.counts.total == 5
    assert found.digest == compute_parts_digest(parts(a="one", b="two", c="three", d="four", e="five"))
    assert (found.done, found.published, found.changed) == (False, None, NOON)
    assert (found.url, found.next_at) == ("https://e.org/1", NOON + MINUTE)
    assert found.reasons == ("no answer", "bad text", "try later")
    assert found.delivered_digests == {"a": parts(a="one")[0].digest}
    assert find_status(ledger, NOWHERE) is None


def test_the_most_frequent_reason_comes_first(ledger: Ledger) -> None:
    first = begun(ledger, *"abcde")
    tasks = turn(ledger, first)
    reasons = ("full", "gone", "gone", "away", "off")
    turn(
        ledger, first, *(ended(one, DeliveryState.FAILED, reason=why) for one, why in zip(tasks, reasons, strict=True))
    )
    found = find_status(ledger, KEY)
    assert found
    assert found.reasons == ("gone", "away", "full")


def test_all_publications_of_some_issues(ledger: Ledger) -> None:
    keys = [PublicationKey(issue, channel, "@readers") for issue in ("1", "2", "3") for channel in ("fax", "post")]
    for key in reversed(keys):
        begun(ledger, key=key)
    assert [found.key for found in find_statuses(ledger, ["2", "1", "none"])] == [*keys[2:4], *keys[:2]]


def test_issues_with_something_left(ledger: Ledger) -> None:
    for issue in ("n", "n/1", "n/2", "n/3", "nn/4"):
        begun(ledger, "x", "y", key=KEY._replace(issue=issue))
    send_all(ledger, claim(ledger, NOON + MINUTE, key=KEY._replace(issue="n/2")))
    assert find_issues_in_state(ledger, "n", DeliveryState.PLANNED) == ["n", "n/1", "n/3"]
    assert find_issues_in_state(ledger, "n", DeliveryState.PLANNED, DeliveryState.SENT) == ["n", "n/1", "n/2", "n/3"]
    assert find_issues_in_state(ledger, "n", DeliveryState.UNKNOWN) == []


def test_what_did_not_arrive(ledger: Ledger) -> None:
    """The worst first, with the reason, even after a person has given it up."""
    first = begun(ledger, "x", "y", a="one", b="two")
    tasks = {(task.recipient, task.part): task for task in turn(ledger, first)}
    turn(
        ledger,
        first,
        ended(tasks["y", "a"], DeliveryState.UNKNOWN, reason="no answer"),
        ended(tasks["x", "b"], DeliveryState.FAILED, reason="gone"),
        ended(tasks["x", "a"], DeliveryState.FAILED, reason="gone"),
    )
    reported = [
        FailedDelivery("y", "a", DeliveryState.UNKNOWN, "no answer", NOON, tasks["y", "a"].digest),
        FailedDelivery("x", "a", DeliveryState.FAILED, "gone", NOON, tasks["x", "a"].digest),
        FailedDelivery("x", "b", DeliveryState.FAILED, "gone", NOON, tasks["x", "b"].digest),
    ]
    assert find_failed_deliveries(ledger, KEY) == reported
    assert find_failed_deliveries(ledger, NOWHERE) == []
    assert find_recipients(ledger, KEY, DeliveryState.FAILED) == {"x"}
    assert find_recipients(ledger, KEY, DeliveryState.FAILED, DeliveryState.UNKNOWN) == {"x", "y"}
    assert find_recipients(ledger, NOWHERE, DeliveryState.FAILED) == frozenset()
    ledger.release(first, NOON)
    resolve_deliveries(ledger, KEY, ResolutionChoice.DROP, NOON)
    assert find_failed_deliveries(ledger, KEY)[-1] == reported[0]._replace(state=DeliveryState.DROPPED)
    found = find_status(ledger, KEY)
    assert found
    assert found.reasons == ("gone",), "what was given up is no reason to wait"


# ----------------------------------------------------------------------- decisions


def test_to_retry_is_to_plan_what_failed_and_not_to_wait(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two", c="three")
    a, b, _ = turn(ledger, first)
    turn(ledger, first, ended(a, DeliveryState.FAILED), ended(b, DeliveryState.PLANNED, next_at=NOON + MINUTE), size=0)
    assert retry_deliveries(ledger, KEY, NOON) == 2
    assert states(ledger) == {"a": "planned", "b": "planned", "c": "sending"}
    assert [(task.part, task.tries) for task in turn(ledger, first)] == [("a", 1), ("b", 1)]
    assert retry_deliveries(ledger, NOWHERE, NOON) == 0


def unknown(ledger: Ledger, *recipients: str) -> None:
    """A publication in which a and b have an unknown outcome; c arrived."""
    first = begun(ledger, *recipients, a="one", b="two", c="three")
    results = [
        ended(task, DeliveryState.SENT if task.part == "c" else DeliveryState.UNKNOWN) for task in turn(ledger, first)
    ]
    turn(ledger, first, *results)
    ledger.release(first, NOON)


def test_a_person_saw_it(ledger: Ledger) -> None:
    unknown(ledger)
    assert resolve_deliveries(ledger, KEY, ResolutionChoice.SENT, NOON + SECOND, part="a", remote_id="7") == 1
    assert states(ledger) == {"a": "sent", "b": "unknown", "c": "sent"}
    found = find_status(ledger, KEY)
    assert found
    assert not found.done
    assert found.delivered_digests["a"] == parts(a="one")[0].digest
    assert resolve_deliveries(ledger, KEY, ResolutionChoice.SENT, NOON + MINUTE) == 1
    found = find_status(ledger, KEY)
    assert found
    assert (found.done, found.published) == (True, NOON + MINUTE)
    again = begun(ledger, a="eins", b="zwei", c="three")
    assert [(task.part, task.remote_id) for task in turn(ledger, again)] == [("a", "7")], "b has no name"


def test_a_person_did_not_see_it(ledger: Ledger) -> None:
    unknown(ledger)
    assert resolve_deliveries(ledger, KEY, ResolutionChoice.RESEND, NOON) == 2
    assert states(ledger) == {"a": "planned", "b": "planned", "c": "sent"}
    found = find_status(ledger, KEY)
    assert found
    assert (found.done, found.reasons) == (False, ())
    assert [task.tries for task in turn(ledger, claim(ledger))] == [1, 1]


def test_a_person_gave_it_up(ledger: Ledger) -> None:
    unknown(ledger)
    assert resolve_deliveries(ledger, KEY, ResolutionChoice.DROP, NOON) == 2
    assert states(ledger) == {"a": "dropped", "b": "dropped", "c": "sent"}
    found = find_status(ledger, KEY)
    assert found
    assert found.done


def test_what_is_sent_again_is_what_the_issue_says_by_then(ledger: Ledger) -> None:
    unknown(ledger)
    again = begun(ledger, b="zwei", c="three")
    resolve_deliveries(ledger, KEY, ResolutionChoice.RESEND, NOON)
    plan(ledger, again, [], keep=True)
    (task,) = turn(ledger, again)
    assert ledger.load_part(task.digest, task.part) == parts(b="zwei")[0], "a is no part any more"


def test_some_are_chosen_by_recipient(ledger: Ledger) -> None:
    unknown(ledger, "x", "y")
    assert resolve_deliveries(ledger, KEY, ResolutionChoice.SENT, NOON, recipient="y", part="b") == 1
    assert resolve_deliveries(ledger, KEY, ResolutionChoice.DROP, NOON, recipient="x") == 2
    assert resolve_deliveries(ledger, KEY, ResolutionChoice.DROP, NOON, part="c") == 0
    assert resolve_deliveries(ledger, NOWHERE, ResolutionChoice.DROP, NOON) == 0
    wanted = {"x a": "dropped", "x b": "dropped", "x c": "sent", "y a": "unknown", "y b": "sent", "y c": "sent"}
    assert states(ledger) == wanted


def test_one_name_is_not_for_several(ledger: Ledger) -> None:
    unknown(ledger)
    with pytest.raises(ConfigError, match="7 is the ID of one message, and 2 are unknown"):
        resolve_deliveries(ledger, KEY, ResolutionChoice.SENT, NOON, remote_id="7")
    assert states(ledger) == {"a": "unknown", "b": "unknown", "c": "sent"}


def test_decisions_are_noted_beside_what_was_tried(ledger: Ledger) -> None:
    unknown(ledger)
    resolve_deliveries(ledger, KEY, ResolutionChoice.DROP, NOON + MINUTE, part="a")
    reported = [(one.part, one.outcome, one.ended_at) for one in load_attempts(ledger, KEY) if one.part == "a"]
    assert reported == [("a", "unknown", NOON + SECOND), ("a", "drop", NOON + MINUTE)]
    assert load_attempts(ledger, KEY)[-1].evidence == "a person's decision"
    assert len(load_attempts(ledger, KEY)) == 4
    assert load_attempts(ledger, NOWHERE) == []
