"""What may follow what: every method in every state, and that nothing but a fresh double opt-in leads back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.ledger import Ledger
from publisher.mail_address import parse_recipient
from publisher.subscribers.erasure import erase_subscriber
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import (
    STATES_OUTSIDE,
    TRANSITIONS,
    Asked,
    ConsentEvent,
    ImportEntry,
    Origin,
    SubscriberState,
    SuppressionReason,
)
from publisher.subscribers.subscriber_list import CONFIRMATION_PERIOD, SubscriberList
from tests.subscribers.conftest import DAY, KEYS, NEWSLETTER, START, form, subscribe

ANN = "ann@e.org"
S = SubscriberState
Act = Callable[[SubscriberList, Origin], object]

ACTS: dict[str, Act] = {
    "ask": lambda one, at: one.ask(parse_recipient(ANN), at),
    "confirm": lambda one, at: one.confirm(ANN, at),
    "leave": lambda one, at: one.leave(ANN, at),
    "pause": lambda one, at: one.pause(ANN, None, at),
    "resume": lambda one, at: one.resume(ANN, at),
    "refuse": lambda one, at: one.refuse(KEYS.make_tag(NEWSLETTER, ANN), at),
    "gone": lambda one, at: one.mark_gone(ANN, at),
    "complained": lambda one, at: one.mark_complained(ANN, at),
    "import": lambda one, at: import_entries(one, [ImportEntry(ANN)], at, dry_run=False),
    "erase": lambda one, at: erase_subscriber(one, ANN, at),
    "expire": lambda one, at: one.expire(at.at),
}

# How to come to each state, and where each act leads from there; what is not named leaves it as it is.
PATHS = {
    S.ASKED: ["ask"],
    S.CONFIRMED: ["ask", "confirm"],
    S.PAUSED: ["ask", "confirm", "pause"],
    S.LEFT: ["ask", "confirm", "leave"],
    S.GONE: ["ask", "confirm", "gone"],
    S.COMPLAINED: ["ask", "confirm", "complained"],
    S.ERASED: ["ask", "confirm", "erase"],
}
EXPECTED: dict[SubscriberState, dict[str, SubscriberState | None]] = {
    S.ASKED: {"confirm": S.CONFIRMED, "refuse": None, "erase": S.ERASED},
    S.CONFIRMED: {
        "pause": S.PAUSED,
        "leave": S.LEFT,
        "refuse": S.LEFT,
        "gone": S.GONE,
        "complained": S.COMPLAINED,
        "erase": S.ERASED,
    },
    S.PAUSED: {
        "resume": S.CONFIRMED,
        "leave": S.LEFT,
        "refuse": S.LEFT,
        "gone": S.GONE,
        "complained": S.COMPLAINED,
        "erase": S.ERASED,
    },
    S.LEFT: {"complained": S.COMPLAINED, "erase": S.ERASED},
    S.GONE: {"leave": S.LEFT, "complained": S.COMPLAINED, "erase": S.ERASED},
    S.COMPLAINED: {"erase": S.ERASED},
    S.ERASED: {"ask": S.ASKED, "refuse": None},
}


def state_of(one: SubscriberList) -> SubscriberState | None:
    """The state of Ann; None if nothing is known of her, or that she refused any mail."""
    if found := one.find(ANN):
        return found.state
    return S.ERASED if one.find_suppression(ANN) is SuppressionReason.ERASED else None


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", S)
def test_an_act_in_a_state(subscribers: SubscriberList, state: SubscriberState, act: str) -> None:
    for step in PATHS[state]:
        ACTS[step](subscribers, form())
    assert state_of(subscribers) is state
    ACTS[act](subscribers, form(1))
    expected = EXPECTED[state].get(act, state)
    assert state_of(subscribers) is expected
    if expected not in (None, state):
        assert expected in TRANSITIONS[state], "the table of transitions says the same"


@pytest.mark.parametrize("state", sorted(STATES_OUTSIDE, key=lambda one: one.value))
def test_who_is_out_comes_back_by_a_fresh_double_opt_in(subscribers: SubscriberList, state: SubscriberState) -> None:
    for step in PATHS[state]:
        ACTS[step](subscribers, form())
    assert subscribers.confirm(ANN, form(1)) is None, "the link of the first confirmation is of no use any more"
    subscribers.ask(parse_recipient(ANN), form(2))
    assert state_of(subscribers) is (S.ASKED if state is S.ERASED else state), "to be asked changes nothing yet"
    assert subscribers.confirm(ANN, form(3))
    assert state_of(subscribers) is S.CONFIRMED
    assert subscribers.find_suppression(ANN) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*ACTS]), max_size=12))
def test_whatever_happens_no_one_is_subscribed_unasked(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str]
) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("list") / "ledger.db")
    one = SubscriberList(ledger, NEWSLETTER, KEYS)
    is_fresh, is_asked = True, False  # an import may bring in who was never here
    for number, act in enumerate(acts):
        before = state_of(one)
        result = ACTS[act](one, form(number / 24))
        after = state_of(one)
        if after is S.CONFIRMED and before not in (S.CONFIRMED, S.PAUSED):
            assert (act == "confirm" and is_asked) or (act == "import" and is_fresh), acts
        if isinstance(result, Asked):
            is_asked = result.send_confirmation
        elif after is not before:  # a request is about the state that it was made in
            is_asked = False
        is_fresh = is_fresh and after is None and act != "refuse"
    ledger.close()


def test_who_does_not_confirm_is_forgotten_after_a_week(subscribers: SubscriberList) -> None:
    subscribers.ask(parse_recipient(ANN), form())
    assert subscribers.expire(START + CONFIRMATION_PERIOD - DAY / 24) == 0
    assert subscribers.confirm(ANN, form(8)) is None, "too late even before it is forgotten"
    assert subscribers.expire(START + CONFIRMATION_PERIOD + DAY / 24) == 1
    assert subscribers.find(ANN) is None
    assert subscribers.load_consents(ANN) == []


def test_who_left_and_does_not_confirm_again_still_has_left(subscribers: SubscriberList) -> None:
    subscribe(subscribers, ANN)
    subscribers.leave(ANN, form(1))
    subscribers.ask(parse_recipient(ANN), form(2))
    subscribers.expire(START + 20 * DAY)
    found = subscribers.find(ANN)
    assert found
    assert (found.state, found.asked_at, found.since) == (S.LEFT, None, START + DAY)


def test_a_pause_ends_by_itself(subscribers: SubscriberList) -> None:
    subscribe(subscribers, ANN)
    subscribers.pause(ANN, START + 5 * DAY, form(1))
    subscribers.expire(START + 4 * DAY)
    assert state_of(subscribers) is S.PAUSED
    subscribers.expire(START + 6 * DAY)
    assert state_of(subscribers) is S.CONFIRMED


@pytest.mark.parametrize(
    ("first", "second", "is_changed"),
    [(None, None, False), (5, 5.01, False), (5, 6, True), (5, None, True), (None, 5, True)],
)
def test_a_pause_until_the_same_day_changes_nothing(
    subscribers: SubscriberList, first: float | None, second: float | None, is_changed: bool
) -> None:
    """A button that is pressed twice adds no record."""
    subscribe(subscribers, ANN)
    for days in (first, second):
        subscribers.pause(ANN, None if days is None else START + days * DAY, form(1))
    paused = [one for one in subscribers.load_consents(ANN) if one.event is ConsentEvent.PAUSED]
    assert len(paused) == 1 + is_changed
    found = subscribers.find(ANN)
    assert found
    expected = second if is_changed else first
    assert found.paused_until == (None if expected is None else START + expected * DAY)


def test_a_refusal_holds_after_the_address_was_forgotten(subscribers: SubscriberList) -> None:
    tag = KEYS.make_tag(NEWSLETTER, ANN)
    subscribers.ask(parse_recipient(ANN), form())
    subscribers.expire(START + 20 * DAY)
    assert subscribers.refuse(tag, form(30))
    assert not subscribers.refuse(tag, form(31)), "a second click changes nothing"
    assert not subscribers.ask(parse_recipient("Ann <ANN+news@e.org>"), form(32)).send_confirmation
    assert subscribers.find(ANN) is None, "not even the request is kept"
    asked = subscribers.ask(parse_recipient(ANN), form(33), lift_refusal=True)
    assert asked.send_confirmation, "the editor vouches that they asked for it"
