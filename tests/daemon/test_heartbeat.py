"""A daemon that hangs is told apart from one that has much to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from publisher.channel import Receipt
from publisher.config import ListenAddress
from publisher.daemon.heartbeat import MAX_SILENCE, Heartbeat
from publisher.ledger.meta import load_activity
from publisher.theme import Theme
from tests.support.fake_channel import Call, Letters
from tests.support.newsletter import DUE, HOUR, MINUTE, Project

SECOND = dt.timedelta(seconds=1)
LONGEST = 20 * SECOND
"""Two deliveries of the made-up channel may take that."""


def look(project: Project, vigil: Heartbeat, now: dt.datetime | None = None) -> bool:
    return vigil.is_alive(project.config, Theme.load(), now or project.now)


def watched(project: Project, behaves: Callable[[Heartbeat], None], count: int = 1) -> Heartbeat:
    """A tick in which each delivery looks whether it is told apart."""
    vigil = Heartbeat()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        behaves(vigil)
        return effect()

    project.channels = (Letters(project.world, behaves=behave, count=count),)
    project.tick(project.ticker(vigil))
    return vigil


def test_much_to_do_is_no_hanging(project: Project) -> None:
    """An hour of windows, each of which takes as long as one may."""
    project.with_post()
    seen = []

    def slow(vigil: Heartbeat) -> None:
        project.now += 2 * SECOND
        seen.append(look(project, vigil))

    vigil = watched(project, slow, count=200)
    assert project.now > DUE + 5 * MINUTE
    assert seen == [True] * 200
    assert vigil.last_alive == project.now


def test_a_delivery_that_does_not_end(project: Project) -> None:
    seen = []

    def hang(vigil: Heartbeat) -> None:
        for _ in range(3):
            project.now += LONGEST / 2
            seen.append(look(project, vigil))

    vigil = watched(project, hang)
    assert seen == [True, True, False]
    assert load_activity(project.ledger, "tag:e.org,2021:n").heartbeat == DUE + LONGEST
    assert vigil.last_alive == project.now, "it did end"


def test_a_clock_that_is_set_is_no_hanging(project: Project) -> None:
    """The promises are by the time that the tick began with."""
    later = DUE + 5 * HOUR
    seen = []

    def step(vigil: Heartbeat) -> None:
        seen.append(look(project, vigil, later))
        seen.append(load_activity(project.ledger, "tag:e.org,2021:n").heartbeat)

    watched(project, step)
    assert seen == [True, later]


def test_reading_and_writing_may_take_a_while(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    vigil = Heartbeat()
    assert look(project, vigil), "no tick yet"
    project.channels = (Letters(project.world),)

    def render(self: Letters, issue: object, context: object) -> None:
        project.now += MAX_SILENCE
        seen.append(look(project, vigil))
        project.now += SECOND
        seen.append(look(project, vigil))
        raise RuntimeError("late")

    monkeypatch.setattr(Letters, "render", render)
    project.tick(project.ticker(vigil))
    assert seen == [True, False]


def test_figures_are_for_those_who_may_ask(project: Project) -> None:
    vigil = Heartbeat()
    project.tick(project.ticker(vigil))
    assert vigil.metrics.deliveries == {}
    project.listen = ListenAddress("127.0.0.1", 0)
    project.tick(project.ticker(vigil))
    assert vigil.metrics.deliveries["post", "sent"] == 1
    assert vigil.metrics.deliveries["post", "failed"] == 0
    assert vigil.metrics.last_published == {"post": DUE}


def test_a_tick_that_fails_is_no_sign_of_health(project: Project) -> None:
    vigil = Heartbeat()
    project.path("2021-07-18").unlink()
    with pytest.raises(Exception, match="no file matches"):
        project.tick(project.ticker(vigil))
    assert vigil.last_alive is None
