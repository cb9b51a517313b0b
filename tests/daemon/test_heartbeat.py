"""A daemon that hangs is told apart from one that has much to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from publisher.channel import Receipt
from publisher.config import ListenAddress
from publisher.daemon.heartbeat import MAX_SILENCE, Heartbeat
from publisher.ledger.meta import watch
from publisher.theme import Theme
from tests.daemon.conftest import DUE, HOUR, MINUTE, Newsletter
from tests.support.fake_channel import Call, Letters

SECOND = dt.timedelta(seconds=1)
LONGEST = 20 * SECOND
"""Two deliveries of the made-up channel may take that."""


def look(letter: Newsletter, vigil: Heartbeat, now: dt.datetime | None = None) -> bool:
    return vigil.is_alive(letter.config, Theme.load(), now or letter.now)


def watched(letter: Newsletter, behaves: Callable[[Heartbeat], None], count: int = 1) -> Heartbeat:
    """A tick in which each delivery looks whether it is told apart."""
    vigil = Heartbeat()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        behaves(vigil)
        return effect()

    letter.channels = (Letters(letter.world, behaves=behave, count=count),)
    letter.tick(letter.ticker(vigil))
    return vigil


def test_much_to_do_is_no_hanging(letter: Newsletter) -> None:
    """An hour of windows, each of which takes as long as one may."""
    letter.with_post()
    seen = []

    def slow(vigil: Heartbeat) -> None:
        letter.now += 2 * SECOND
        seen.append(look(letter, vigil))

    vigil = watched(letter, slow, count=200)
    assert letter.now > DUE + 5 * MINUTE
    assert seen == [True] * 200
    assert vigil.last_alive == letter.now


def test_a_delivery_that_does_not_end(letter: Newsletter) -> None:
    seen = []

    def hang(vigil: Heartbeat) -> None:
        for _ in range(3):
            letter.now += LONGEST / 2
            seen.append(look(letter, vigil))

    vigil = watched(letter, hang)
    assert seen == [True, True, False]
    assert watch(letter.ledger, "tag:e.org,2021:n").heartbeat == DUE + LONGEST
    assert vigil.last_alive == letter.now, "it did end"


def test_a_clock_that_is_set_is_no_hanging(letter: Newsletter) -> None:
    """The promises are by the time that the tick began with."""
    later = DUE + 5 * HOUR
    seen = []

    def step(vigil: Heartbeat) -> None:
        seen.append(look(letter, vigil, later))
        seen.append(watch(letter.ledger, "tag:e.org,2021:n").heartbeat)

    watched(letter, step)
    assert seen == [True, later]


def test_reading_and_writing_may_take_a_while(letter: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    vigil = Heartbeat()
    assert look(letter, vigil), "no tick yet"
    letter.channels = (Letters(letter.world),)

    def render(self: Letters, issue: object, context: object) -> None:
        letter.now += MAX_SILENCE
        seen.append(look(letter, vigil))
        letter.now += SECOND
        seen.append(look(letter, vigil))
        raise RuntimeError("late")

    monkeypatch.setattr(Letters, "render", render)
    letter.tick(letter.ticker(vigil))
    assert seen == [True, False]


def test_figures_are_for_those_who_may_ask(letter: Newsletter) -> None:
    vigil = Heartbeat()
    letter.tick(letter.ticker(vigil))
    assert vigil.metrics.deliveries == {}
    letter.listen = ListenAddress("127.0.0.1", 0)
    letter.tick(letter.ticker(vigil))
    assert vigil.metrics.deliveries["post", "sent"] == 1
    assert vigil.metrics.deliveries["post", "failed"] == 0
    assert vigil.metrics.published == {"post": DUE}


def test_a_tick_that_fails_is_no_sign_of_health(letter: Newsletter) -> None:
    vigil = Heartbeat()
    letter.path("2021-07-18").unlink()
    with pytest.raises(Exception, match="no file matches"):
        letter.tick(letter.ticker(vigil))
    assert vigil.last_alive is None
