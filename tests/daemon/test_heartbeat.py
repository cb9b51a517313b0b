"""A daemon that hangs is distinguished from one that is busy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from publisher.channel import Receipt
from publisher.daemon.heartbeat import MAX_SILENCE, Heartbeat
from publisher.ledger.meta import load_activity
from publisher.listen_address import ListenAddress
from publisher.theme import Theme
from tests.support.fake_channel import Call, Letters
from tests.support.newsletter import DUE, HOUR, MINUTE, Project

SECOND = dt.timedelta(seconds=1)
LONGEST = 20 * SECOND
"""Two deliveries of the made-up channel may take that."""


def look(project: Project, heartbeat: Heartbeat, now: dt.datetime | None = None) -> bool:
    return heartbeat.is_alive(project.config, Theme.load(), now or project.now)


def watched(project: Project, behaves: Callable[[Heartbeat], None], count: int = 1) -> Heartbeat:
    """Run a tick in which each delivery calls `behaves` with the heartbeat."""
    heartbeat = Heartbeat()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        behaves(heartbeat)
        return effect()

    project.channels = (Letters(project.world, behaves=behave, count=count),)
    project.tick(project.ticker(heartbeat))
    return heartbeat


def test_much_to_do_is_no_hanging(project: Project) -> None:
    """An hour of windows, each of which takes as long as one may."""
    project.with_post()
    seen = []

    def slow(heartbeat: Heartbeat) -> None:
        project.now += 2 * SECOND
        seen.append(look(project, heartbeat))

    heartbeat = watched(project, slow, count=200)
    assert project.now > DUE + 5 * MINUTE
    assert seen == [True] * 200
    assert heartbeat.last_alive == project.now


def test_a_delivery_that_does_not_end(project: Project) -> None:
    seen = []

    def hang(heartbeat: Heartbeat) -> None:
        for _ in range(3):
            project.now += LONGEST / 2
            seen.append(look(project, heartbeat))

    heartbeat = watched(project, hang)
    assert seen == [True, True, False]
    assert load_activity(project.ledger, "tag:e.org,2021:n").heartbeat == DUE + LONGEST
    assert heartbeat.last_alive == project.now, "it did end"


def test_a_clock_that_is_set_is_no_hanging(project: Project) -> None:
    """The promises are by the time that the tick began with."""
    later = DUE + 5 * HOUR
    seen = []

    def step(heartbeat: Heartbeat) -> None:
        seen.append(look(project, heartbeat, later))
        seen.append(load_activity(project.ledger, "tag:e.org,2021:n").heartbeat)

    watched(project, step)
    assert seen == [True, later]


def test_reading_and_writing_may_take_a_while(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    heartbeat = Heartbeat()
    assert look(project, heartbeat), "no tick yet"
    project.channels = (Letters(project.world),)

    def render(self: Letters, issue: object, context: object) -> None:
        project.now += MAX_SILENCE
        seen.append(look(project, heartbeat))
        project.now += SECOND
        seen.append(look(project, heartbeat))
        raise RuntimeError("late")

    monkeypatch.setattr(Letters, "render", render)
    project.tick(project.ticker(heartbeat))
    assert seen == [True, False]


def test_figures_are_for_those_who_may_ask(project: Project) -> None:
    heartbeat = Heartbeat()
    project.tick(project.ticker(heartbeat))
    assert heartbeat.metrics.deliveries == {}
    project.listen = ListenAddress("127.0.0.1", 0)
    project.tick(project.ticker(heartbeat))
    assert heartbeat.metrics.deliveries["post", "sent"] == 1
    assert heartbeat.metrics.deliveries["post", "failed"] == 0
    assert heartbeat.metrics.last_published == {"post": DUE}


def test_a_tick_that_fails_is_no_sign_of_health(project: Project) -> None:
    heartbeat = Heartbeat()
    project.path("2021-07-18").unlink()
    with pytest.raises(Exception, match="no file matches"):
        project.tick(project.ticker(heartbeat))
    assert heartbeat.last_alive is None
