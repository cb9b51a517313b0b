"""Issues go to the newsletter's own list, while people join it, leave it, pause and are erased."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from contextlib import closing
from threading import Lock

import pytest

from publisher.channel import Receipt
from publisher.errors import ConfigError, DeliveryError
from publisher.ledger import DeliveryState, Ledger
from publisher.ledger.erasure import ErasedName
from publisher.mail_address import parse_recipient
from publisher.subscribers.erasure import erase_subscriber
from publisher.subscribers.models import Origin
from publisher.subscribers.subscriber_list import SubscriberList
from tests.delivery.mailing import KEYS, Mailing
from tests.support.fake_channel import Behaviour, Call, Letters, names
from tests.support.newsletter import HOUR, NOON

CLICK = Origin(NOON, "link")


def at(number: int, act: Callable[[], object]) -> Behaviour:
    """Behave so that something happens before a delivery takes effect, counted from 1."""
    left, lock = [number], Lock()

    def behave(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        with lock:  # the others wait as well, so that most deliveries are still to be made
            left[0] -= 1
            if left[0] == 0:
                act()
        return effect()

    return behave


def test_it_goes_to_those_who_are_subscribed(mailing: Mailing) -> None:
    mailing.enter(*names(0, 30))
    mailing.change(lambda one: one.leave("reader3@example.org", CLICK))
    outcome = mailing.send()
    assert (outcome.sent, outcome.error) == (29, None)
    assert mailing.reached == {one: 1 for one in names(0, 30) if one != "reader3@example.org"}
    assert mailing.send().sent == 0, "no one gets it twice"


def test_no_one_is_subscribed(mailing: Mailing) -> None:
    outcome = mailing.send()
    assert isinstance(outcome.error, ConfigError)
    assert outcome.error.message == "there are no subscribers yet"
    assert mailing.send(dry_run=True).error is not None


def test_a_dry_run_counts_the_subscribers(mailing: Mailing) -> None:
    mailing.enter(*names(0, 12))
    assert mailing.send(dry_run=True).sent == 12
    assert mailing.reached == {}


def test_a_list_that_is_new_while_deliveries_are_known_sends_nothing(mailing: Mailing) -> None:
    mailing.publish(Letters(mailing.world, count=40))  # to a list in a file, of the same newsletter
    with closing(mailing.ledger) as ledger, ledger.transaction() as tx:
        tx.execute("UPDATE publication SET channel = 'subscribed'")  # which was the same channel
    mailing.write("2021-07-25", "二")
    mailing.now += 7 * 24 * HOUR
    mailing.enter(*names(0, 8))
    outcome = mailing.send(issue="2021-07-25")
    assert outcome.error
    assert outcome.error.message == "the list has 8 recipients instead of 40: part of it may be missing"
    assert len(mailing.sent) == 40
    mailing.enter(*names(8, 40))
    assert mailing.send(issue="2021-07-25").sent == 40


def test_who_leaves_in_the_middle_gets_nothing_and_the_others_everything(mailing: Mailing) -> None:
    mailing.enter(*names(0, 60))
    last = sorted(names(0, 60))[-1]
    outcome = mailing.send(at(5, lambda: mailing.change(lambda one: one.leave(last, CLICK))))
    assert outcome.error is None
    assert mailing.reached == {one: 1 for one in names(0, 60) if one != last}
    assert (mailing.status.counts.dropped, mailing.status.done) == (1, True)


def test_who_pauses_in_the_middle_gets_it_when_they_are_back(mailing: Mailing) -> None:
    mailing.enter(*names(0, 40))
    last = sorted(names(0, 40))[-1]
    outcome = mailing.send(at(5, lambda: mailing.change(lambda one: one.pause(last, None, CLICK))))
    assert (outcome.error, outcome.unlisted) == (None, 1)
    assert last not in mailing.reached
    mailing.change(lambda one: one.resume(last, CLICK))
    assert mailing.send(retry=True).sent == 1
    assert mailing.reached[last] == 1


def test_who_leaves_while_their_mail_is_postponed_does_not_get_it(mailing: Mailing) -> None:
    mailing.enter("ann@e.org", "bo@e.org")

    def postpone(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.recipient == "ann@e.org":
            mailing.change(lambda one: one.leave("ann@e.org", CLICK))
            raise DeliveryError("451 later", retry_after=30)
        return effect()

    mailing.send(postpone)
    mailing.now += HOUR
    mailing.send()
    assert mailing.reached == {"bo@e.org": 1}


def test_who_is_erased_and_comes_back_does_not_get_it_twice(mailing: Mailing) -> None:
    mailing.enter(*names(0, 20))
    first, last = min(names(0, 20)), max(names(0, 20))  # in the order of the list: others wait for the last one

    def postpone(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.recipient == last:
            raise DeliveryError("451 later", retry_after=HOUR.total_seconds())
        return effect()

    mailing.send(postpone)

    def come_back(one: SubscriberList) -> None:
        erase_subscriber(one, first, CLICK)
        one.ask(parse_recipient(first), CLICK)
        assert one.confirm(first, CLICK)

    mailing.change(come_back)
    mailing.now += 2 * HOUR
    assert mailing.send().sent == 1, "the issue is planned again, for those who are on the list now"
    assert mailing.reached == dict.fromkeys(names(0, 20), 1)


NUMBER = 3_000
SEED = 20


def test_a_mailing_of_three_thousand_with_changes_in_its_midst(mailing: Mailing) -> None:
    """Every tenth delivery someone leaves, pauses, joins, or is erased, while ten others are under way."""
    everyone = names(0, NUMBER)
    mailing.enter(*everyone)
    chance, lock, calls = random.Random(SEED), Lock(), [0]
    victims = chance.sample(everyone, NUMBER)
    out_in_time: set[str] = set()
    gone: set[str] = set()
    ledger = mailing.ledger
    one = mailing.list_in(ledger)

    def is_still_to_be_sent(name: str) -> bool:
        """Whether the ledger says after the click that nothing was sent, or is being sent, under this name."""
        with ledger.transaction() as tx:
            [(state,)] = tx.fetch_all("SELECT state FROM delivery WHERE recipient = ?", name)
        return DeliveryState(state) not in (DeliveryState.SENT, DeliveryState.SENDING)

    def change(number: int) -> None:
        who = victims[number]
        name = who
        match number % 50:
            case 0 if number:
                erase_subscriber(one, who, CLICK)
                name = ErasedName(KEYS.hash_address(who)).recipient
            case 1:
                one.pause(who, None, CLICK)
            case 2:
                joined = one.ask(parse_recipient(f"new{number}@example.org"), CLICK).subscriber
                assert joined
                assert one.confirm(joined.key, CLICK)
                return
            case _:
                one.leave(who, CLICK)
        gone.add(who)
        if is_still_to_be_sent(name):
            out_in_time.add(who)

    def behave(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        with lock:
            calls[0] += 1
            if calls[0] % 10 == 0:
                change(calls[0] // 10)
        return effect()

    with closing(ledger):
        outcome = mailing.send(behave)
    assert outcome.error is None
    assert len(out_in_time) > 90, "the changes came in time to matter"
    assert set(mailing.reached.values()) == {1}, "no one got it twice"
    assert out_in_time & mailing.reached.keys() == set(), "no one who had left got it"
    assert {*everyone} - gone - mailing.reached.keys() == set(), "no one who stayed is lost"
    assert mailing.status.done
    assert mailing.send().sent == 0


def test_the_list_is_planned_once_however_many_leave(mailing: Mailing, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[dt.datetime] = []
    original = Ledger.plan

    def plan(self: Ledger, *args: object, **more: object) -> None:
        plans.append(NOON)
        original(self, *args, **more)  # type: ignore[arg-type]  # whatever it was called with

    monkeypatch.setattr(Ledger, "plan", plan)
    mailing.enter(*names(0, 50))
    leavers = iter(sorted(names(0, 50), reverse=True))
    lock = Lock()

    def leave(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        with lock:
            mailing.change(lambda one: one.leave(next(leavers), CLICK))
        return effect()

    mailing.send(leave)
    assert len(plans) == 1
    assert len(mailing.reached) < 40
