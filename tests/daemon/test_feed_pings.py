"""A ping that fails is sent later, even though no issue is due."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.reports.adopt import adopt_archive
from publisher.theme import Theme
from tests.support.newsletter import DUE, HOUR, MINUTE, Project
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
def project(project: Project, hub: Hub) -> Project:
    project.channels = (Web(), Rss(hub=hub.url))
    return project


def test_hub_is_pinged_with_the_feeds(project: Project, hub: Hub) -> None:
    done = project.tick()
    assert (len(hub.pings), done.next_due, done.exit_code) == (TOPICS, None, 0)
    project.now += MINUTE
    project.tick()
    project.restart()
    project.tick()
    assert len(hub.pings) == TOPICS
    [reported] = [news for news in project.said("published") if news.channels == ("websub",)]
    assert reported.message == f"{hub.url} · {TOPICS} sent"


@pytest.mark.parametrize("before", [False, True], ids=["the first", "a later one"])
def test_ping_missed_by_a_killed_publisher_is_sent(project: Project, hub: Hub, *, before: bool) -> None:
    if before:
        project.tick()
        project.write("2021-07-18", "改")
    project.publish(channels=("web", "rss"), send_pings=False)  # as far as it came
    project.tick()
    assert len(hub.pings) == TOPICS * (1 + before)
    project.tick()
    assert len(hub.pings) == TOPICS * (1 + before)


def test_retry_after_of_the_hub_is_respected(project: Project, hub: Hub) -> None:
    hub.status, hub.headers = 503, {"Retry-After": "3600"}
    done = project.tick()
    assert (len(hub.pings), done.next_due, done.exit_code) == (1, DUE + HOUR, 3)
    [waiting] = project.said("waiting")
    assert (waiting.channels, waiting.alarm) == (("websub",), False)
    assert waiting.message.startswith(
        f"{TOPICS} of {TOPICS} not sent yet, next attempt 2021-07-18 02:45:00 UTC: the hub {hub.url}"
    )
    hub.status = 204
    project.now = DUE + HOUR - MINUTE
    assert project.tick().exit_code == 0
    assert len(hub.pings) == 1
    project.now = DUE + HOUR
    assert project.tick().next_due is None
    assert len(hub.pings) == 1 + TOPICS
    assert project.said("published")[-1].message == f"{hub.url} · {TOPICS} sent"
    project.now += HOUR
    project.tick()
    assert len(hub.pings) == 1 + TOPICS


def test_one_that_cannot_be_reached_is_asked_now_and_then(project: Project, hub: Hub) -> None:
    hub.does = "drop"
    project.tick()
    project.restart()
    asked = len(hub.pings)
    for _ in range(6):  # an hour of ticks, each ten minutes from the last
        project.tick()
        project.now += 5 * MINUTE
        project.tick()
        project.now += 5 * MINUTE
    assert len(hub.pings) - asked == 6 * TOPICS
    assert len(project.said("waiting")) == 2, "once, and once after the start"
    assert project.said("failed") == []
    hub.does = "answer"
    project.now += 10 * MINUTE
    project.tick()
    assert project.said("published")[-1].channels == ("websub",)


def test_one_that_refuses_is_left_alone_and_the_editor_hears_of_it(project: Project, hub: Hub) -> None:
    hub.status = 404
    assert project.tick().exit_code == 3
    asked = len(hub.pings)
    project.now += HOUR
    project.restart()
    assert project.tick().exit_code == 0
    assert len(hub.pings) == asked
    [failed] = project.said("failed")
    assert failed.alarm
    assert failed.message.startswith(f"{TOPICS} of {TOPICS} failed: the hub {hub.url} answered 404")


def test_a_stop_owes_the_rest(project: Project, hub: Hub) -> None:
    hub.status, hub.headers = 503, {"Retry-After": "120"}
    project.tick()
    project.now += HOUR
    project.stop.set()
    project.tick()
    assert len(hub.pings) == 1
    project.stop.clear()
    hub.status = 204
    project.tick()
    assert len(hub.pings) == 1 + TOPICS


def test_feeds_that_are_gone_stop_nothing(project: Project, hub: Hub) -> None:
    hub.status, hub.headers = 503, {"Retry-After": "120"}
    project.tick()
    (project.root / "public" / "feed.xml").unlink()
    project.now += HOUR
    assert project.tick().exit_code == 0
    assert len(hub.pings) == 1


def test_an_archive_that_is_adopted_is_announced_to_nobody(project: Project, hub: Hub) -> None:
    project.write("2021-07-04", "旧")
    project.now = DUE - 24 * HOUR
    adopt_archive(project.config, Theme.load(), project.now, lambda _: None)
    assert "2021-07-04" in (project.root / "public" / "feed.xml").read_text()
    project.tick()
    project.publish()
    assert hub.pings == []
    project.now = DUE
    project.tick()
    assert len(hub.pings) == TOPICS
