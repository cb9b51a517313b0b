"""Several at once: daemons, a hand and the clock, and a stop in the midst of it."""

from __future__ import annotations

from collections.abc import Callable

from publisher.channel import Receipt
from publisher.clock import Clock
from publisher.errors import BusyError, DeliveryError
from publisher.ledger.queries import standing
from publisher.theme import Theme
from tests.daemon.conftest import DUE, HOUR, MINUTE, Newsletter, refuse, rest
from tests.support.fake_channel import Call, Letters


def test_two_daemons_on_one_ledger(letter: Newsletter) -> None:
    """Fault 16: the second one finds it in other hands, or done."""
    second = letter.ticker()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        letter.with_post(behaves=None)
        assert letter.tick(second).exit_code == 0
        return effect()

    letter.with_post(behaves=behave)
    letter.tick()
    letter.tick(second)
    assert letter.sent == ["一"]


def test_by_hand_and_by_the_clock_in_the_same_second(letter: Newsletter) -> None:
    """Fault 17: one sends; the other names the holder."""
    second = []

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        letter.with_post(behaves=None)
        second.append(letter.publish().channels["post"].error)
        return effect()

    letter.with_post(behaves=behave)
    letter.tick()
    [error] = second
    assert isinstance(error, BusyError)
    assert "is in the hands of process" in error.message
    assert letter.sent == ["一"]
    letter.told.clear()
    letter.write("2021-07-19", "二")
    letter.now += 24 * HOUR
    letter.publish("2021-07-19")
    letter.tick()
    assert letter.told == []
    assert letter.sent == ["一", "二"]


def test_a_stop_in_mid_send_ends_the_window(letter: Newsletter) -> None:
    """Fault 9: what is under way is ended and noted, the rest goes out after the next start."""

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        letter.stop.set()
        return effect()

    letter.channels = (Letters(letter.world, count=25, behaves=behave),)
    letter.write("2021-07-19", "二")
    letter.now = DUE + 24 * HOUR
    letter.tick()
    assert len(letter.sent) == 10
    found = standing(letter.ledger, letter.key(channel="letters"))
    assert found
    assert (found.counts.sent, found.counts.planned, found.owner) == (10, 15, "")
    assert not [news for news in letter.told if news.alarm]
    letter.stop.clear()
    letter.restart()
    letter.channels = (Letters(letter.world, count=25),)
    letter.tick()
    assert sorted(letter.sent) == ["一"] * 25 + ["二"] * 25
    assert set(letter.world.sent.values()) == {2}


def test_a_stop_in_mid_rest_does_not_wait_for_its_end(letter: Newsletter) -> None:
    """A platform wants half a minute, which the tick would give it."""
    naps = []

    def wait(seconds: float) -> None:
        naps.append(seconds)
        letter.stop.set()

    letter.with_post(behaves=refuse(DeliveryError("tired", retry_after=30), 1))
    clock = Clock(lambda: letter.now, wait)
    letter.ticker().run_pass(letter.config, Theme.load(), clock)
    assert naps == [1.0]
    assert letter.sent == []
    letter.stop.clear()
    letter.now += MINUTE
    letter.tick()
    assert letter.sent == ["一"]


def test_who_was_not_asked_to_wait_goes_on_after_a_stop(letter: Newsletter) -> None:
    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        letter.stop.set()
        return effect() if call.recipient != "reader0@example.org" else rest()

    letter.channels = (Letters(letter.world, count=25, behaves=behave),)
    letter.tick()
    assert len(letter.sent) == 9
    letter.stop.clear()
    letter.restart()
    letter.channels = (Letters(letter.world, count=25),)
    letter.tick()
    assert len(letter.sent) == 24
    letter.now += HOUR
    letter.tick()
    assert set(letter.world.sent.values()) == {1}
    assert len(letter.sent) == 25
