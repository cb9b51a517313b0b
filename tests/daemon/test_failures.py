"""Deliveries that fail or have to wait are reported once and continued at the right time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from publisher.channel import Receipt
from publisher.errors import BusyError, ConfigError, DeliveryError
from publisher.ledger.queries import ResolutionChoice, resolve_deliveries
from tests.support.fake_channel import Call, refuse
from tests.support.newsletter import DUE, HOUR, MINUTE, Project


def test_what_was_put_off_goes_on_at_its_time(project: Project) -> None:
    project.with_post(behaves=refuse(DeliveryError("tired", retry_after=3600), 1))
    done = project.tick()
    assert (done.next_due, done.exit_code) == (DUE + HOUR, 3)
    assert len(project.said("waiting")) == 1
    project.now += 30 * MINUTE
    project.tick()
    assert project.sent == []
    project.now = DUE + HOUR
    assert project.tick().exit_code == 0
    assert project.sent == ["一"]
    assert not [news for news in project.events if news.alarm]


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (DeliveryError("no such chat", permanent=True), 3, "1 of 1 failed: no such chat"),
        (TimeoutError("silence"), 4, "unknown whether 1 of 1 were sent: TimeoutError: silence"),
    ],
)
def test_a_failure_is_reported_once_and_paused(project: Project, error: Exception, code: int, message: str) -> None:
    tries = []

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        tries.append(call)
        raise error

    project.with_post(behaves=behave)
    assert project.tick().exit_code == code
    for _ in range(3):
        project.now += HOUR
        project.restart()
        assert project.tick().exit_code == 0
    assert len(tries) == 1
    [alarm] = [news for news in project.events if news.alarm]
    assert (alarm.what, alarm.message) == ("unknown" if code == 4 else "failed", message)
    project.with_post(behaves=None)
    if code == 4:
        resolve_deliveries(project.ledger, project.key(), ResolutionChoice.RESEND, project.now)
        project.tick()
    else:
        project.publish(retry=True)
    assert project.sent == ["一"]


def test_a_channel_that_cannot_begin_is_left_alone_for_a_while(project: Project) -> None:
    opened = []

    def no_token() -> None:
        opened.append(1)
        raise BusyError("the token is not there", "put it there")

    project.with_post(opening=no_token)
    project.tick()
    assert project.sent == []
    project.with_post(opening=lambda: None)
    project.now += 11 * MINUTE
    project.tick()
    assert project.sent == ["一"]
    assert len(opened) == 1


def test_trouble_that_stays_is_one_pair_of_lines(project: Project) -> None:
    """Tried every ten minutes, reported once; a new process logs it again without an alert."""

    def no_token() -> None:
        raise ConfigError("the token is not there", "put it there")

    project.with_post(opening=no_token)
    for _ in range(4):
        project.tick()
        project.now += 11 * MINUTE
    assert [(news.what, news.alarm) for news in project.events] == [("publishing", False), ("failed", True)]
    project.restart()
    assert project.tick().exit_code == 2
    assert [(news.what, news.alarm) for news in project.events[2:]] == [("publishing", False), ("failed", False)]
    project.with_post(opening=lambda: None)
    project.now += 11 * MINUTE
    project.tick()
    assert project.sent == ["一"]
    assert project.events[-1].what == "published"
