"""Several at once: daemons, a hand and the clock, and a stop in the midst of it."""

from __future__ import annotations

from collections.abc import Callable

from publisher.channel import Receipt
from publisher.clock import Clock
from publisher.errors import BusyError, DeliveryError
from publisher.ledger.queries import find_status
from publisher.theme import Theme
from tests.support.fake_channel import Call, Letters, refuse, rest
from tests.support.newsletter import DUE, HOUR, MINUTE, Project


def test_two_daemons_on_one_ledger(project: Project) -> None:
    """Fault 16: the second one finds it in other hands, or done."""
    second = project.ticker()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        project.with_post(behaves=None)
        assert project.tick(second).exit_code == 0
        return effect()

    project.with_post(behaves=behave)
    project.tick()
    project.tick(second)
    assert project.sent == ["一"]


def test_by_hand_and_by_the_clock_in_the_same_second(project: Project) -> None:
    """Fault 17: one sends; the other names the holder."""
    second = []

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        project.with_post(behaves=None)
        second.append(project.publish().channels["post"].error)
        return effect()

    project.with_post(behaves=behave)
    project.tick()
    [error] = second
    assert isinstance(error, BusyError)
    assert "is being published by process" in error.message
    assert project.sent == ["一"]
    project.events.clear()
    project.write("2021-07-19", "二")
    project.now += 24 * HOUR
    project.publish(issue="2021-07-19")
    project.tick()
    assert project.events == []
    assert project.sent == ["一", "二"]


def test_a_stop_in_mid_send_ends_the_window(project: Project) -> None:
    """Fault 9: what is under way is ended and noted, the rest goes out after the next start."""

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        project.stop.set()
        return effect()

    project.channels = (Letters(project.world, count=25, behaves=behave),)
    project.write("2021-07-19", "二")
    project.now = DUE + 24 * HOUR
    project.tick()
    assert len(project.sent) == 10
    found = find_status(project.ledger, project.key(channel="letters"))
    assert found
    assert (found.counts.sent, found.counts.planned, found.owner) == (10, 15, "")
    assert not [news for news in project.events if news.alarm]
    project.stop.clear()
    project.restart()
    project.channels = (Letters(project.world, count=25),)
    project.tick()
    assert sorted(project.sent) == ["一"] * 25 + ["二"] * 25
    assert set(project.world.sent.values()) == {2}


def test_a_stop_in_mid_rest_does_not_wait_for_its_end(project: Project) -> None:
    """A platform wants half a minute, which the tick would give it."""
    naps = []

    def wait(seconds: float) -> None:
        naps.append(seconds)
        project.stop.set()

    project.with_post(behaves=refuse(DeliveryError("tired", retry_after=30), 1))
    clock = Clock(lambda: project.now, wait)
    project.ticker().run_pass(project.config, Theme.load(), clock)
    assert naps == [1.0]
    assert project.sent == []
    project.stop.clear()
    project.now += MINUTE
    project.tick()
    assert project.sent == ["一"]


def test_who_was_not_asked_to_wait_goes_on_after_a_stop(project: Project) -> None:
    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        project.stop.set()
        return effect() if call.recipient != "reader0@example.org" else rest()

    project.channels = (Letters(project.world, count=25, behaves=behave),)
    project.tick()
    assert len(project.sent) == 9
    project.stop.clear()
    project.restart()
    project.channels = (Letters(project.world, count=25),)
    project.tick()
    assert len(project.sent) == 24
    project.now += HOUR
    project.tick()
    assert set(project.world.sent.values()) == {1}
    assert len(project.sent) == 25
