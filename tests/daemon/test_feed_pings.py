"""A hub that cannot be told at once that feeds changed is told later, though no issue brings it along."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.reports.adopt import adopt_archive
from publisher.theme import Theme
from tests.daemon.conftest import DUE, HOUR, MINUTE, Newsletter
from tests.support.servers.hub import Hub

TOPICS = 3
"""RSS, Atom and JSON Feed."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("NO_PROXY", "*")
    with Hub() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture
def letter(letter: Newsletter, hub: Hub) -> Newsletter:
    letter.channels = (Web(), Rss(hub=hub.url))
    return letter


def test_it_is_told_with_the_feeds(letter: Newsletter, hub: Hub) -> None:
    done = letter.tick()
    assert (len(hub.told), done.next_due, done.exit_code) == (TOPICS, None, 0)
    letter.now += MINUTE
    letter.tick()
    letter.restart()
    letter.tick()
    assert len(hub.told) == TOPICS
    [told] = [news for news in letter.said("published") if news.channels == ("websub",)]
    assert told.message == f"{hub.url} · {TOPICS} sent"


@pytest.mark.parametrize("before", [False, True], ids=["the first", "a later one"])
def test_a_publisher_that_died_before_it_told_is_stood_in_for(
    letter: Newsletter, hub: Hub, *, before: bool
) -> None:
    if before:
        letter.tick()
        letter.write("2021-07-18", "改")
    letter.publish(channels=("web", "rss"), send_pings=False)  # as far as it came
    letter.tick()
    assert len(hub.told) == TOPICS * (1 + before)
    letter.tick()
    assert len(hub.told) == TOPICS * (1 + before)


def test_one_that_wants_to_be_left_alone_is_told_when_it_said(letter: Newsletter, hub: Hub) -> None:
    hub.status, hub.headers = 503, {"Retry-After": "3600"}
    done = letter.tick()
    assert (len(hub.told), done.next_due, done.exit_code) == (1, DUE + HOUR, 3)
    [waiting] = letter.said("waiting")
    assert (waiting.channels, waiting.alarm) == (("websub",), False)
    assert waiting.message.startswith(
        f"{TOPICS} of {TOPICS} wait, not before 2021-07-18 02:45:00 UTC: the hub {hub.url}"
    )
    hub.status = 204
    letter.now = DUE + HOUR - MINUTE
    assert letter.tick().exit_code == 0
    assert len(hub.told) == 1
    letter.now = DUE + HOUR
    assert letter.tick().next_due is None
    assert len(hub.told) == 1 + TOPICS
    assert letter.said("published")[-1].message == f"{hub.url} · {TOPICS} sent"
    letter.now += HOUR
    letter.tick()
    assert len(hub.told) == 1 + TOPICS


def test_one_that_cannot_be_reached_is_asked_now_and_then(letter: Newsletter, hub: Hub) -> None:
    hub.does = "drop"
    letter.tick()
    letter.restart()
    asked = len(hub.told)
    for _ in range(6):  # an hour of ticks, each ten minutes from the last
        letter.tick()
        letter.now += 5 * MINUTE
        letter.tick()
        letter.now += 5 * MINUTE
    assert len(hub.told) - asked == 6 * TOPICS
    assert len(letter.said("waiting")) == 2, "once, and once after the start"
    assert letter.said("failed") == []
    hub.does = "answer"
    letter.now += 10 * MINUTE
    letter.tick()
    assert letter.said("published")[-1].channels == ("websub",)


def test_one_that_refuses_is_left_alone_and_the_editor_hears_of_it(letter: Newsletter, hub: Hub) -> None:
    hub.status = 404
    assert letter.tick().exit_code == 3
    asked = len(hub.told)
    letter.now += HOUR
    letter.restart()
    assert letter.tick().exit_code == 0
    assert len(hub.told) == asked
    [failed] = letter.said("failed")
    assert failed.alarm
    assert failed.message.startswith(f"{TOPICS} of {TOPICS} failed: the hub {hub.url} answered 404")


def test_a_stop_owes_the_rest(letter: Newsletter, hub: Hub) -> None:
    hub.status, hub.headers = 503, {"Retry-After": "120"}
    letter.tick()
    letter.now += HOUR
    letter.stop.set()
    letter.tick()
    assert len(hub.told) == 1
    letter.stop.clear()
    hub.status = 204
    letter.tick()
    assert len(hub.told) == 1 + TOPICS


def test_feeds_that_are_gone_stop_nothing(letter: Newsletter, hub: Hub) -> None:
    hub.status, hub.headers = 503, {"Retry-After": "120"}
    letter.tick()
    (letter.root / "public" / "feed.xml").unlink()
    letter.now += HOUR
    assert letter.tick().exit_code == 0
    assert len(hub.told) == 1


def test_an_archive_that_is_adopted_is_announced_to_nobody(letter: Newsletter, hub: Hub) -> None:
    letter.write("2021-07-04", "旧")
    letter.now = DUE - 24 * HOUR
    adopt_archive(letter.config, Theme.load(), letter.now, lambda _: None)
    assert "2021-07-04" in (letter.root / "public" / "feed.xml").read_text()
    letter.tick()
    letter.publish()
    assert hub.told == []
    letter.now = DUE
    letter.tick()
    assert len(hub.told) == TOPICS
