"""An issue with errors is not published by the daemon: it is reported once, and published when fixed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from publisher.calendar.calendar import ItemStatus
from publisher.channel import Receipt
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.errors import DeliveryError
from publisher.timetable import Schedule
from tests.support.fake_channel import Call, Letters
from tests.support.newsletter import DUE, HOUR, MINUTE, Project

DAY = 24 * HOUR
SAID = "issues/2021-07-18.md has 1 error: empty-url at line 5"
LOOK = "publish check issues/2021-07-18.md"


def spoil(project: Project, date: str = "2021-07-18") -> None:
    """Have an issue with a link that leads nowhere."""
    project.path(date).write_text(f"# 慢刊 ({date})：坏\n\n## 新闻\n\n- [条目]()\n")


def pages(project: Project) -> list[str]:
    return [path.parent.name for path in sorted((project.root / "public").glob("20*/index.html"))]


def seen(project: Project) -> list[tuple[str, ItemStatus]]:
    return [(one.key.channel, one.status) for one in project.coming().items]


def test_it_is_held_reported_once_and_published_when_fixed(project: Project) -> None:
    project.channels = (Web(), Rss(), *project.channels)
    spoil(project)
    assert project.tick().exit_code == 1
    project.now += MINUTE
    assert project.tick().exit_code == 0
    project.restart()
    project.now += 30 * HOUR
    assert project.tick().exit_code == 0
    [reported] = project.events
    assert (reported.what, reported.issue, reported.alarm) == ("unsound", "2021-07-18", True)
    assert (reported.message, reported.channels) == (SAID, ("web", "rss", "post"))
    assert reported.hint == f"{LOOK} · or publish --issue 2021-07-18 --force"
    assert (project.sent, pages(project)) == ([], [])
    project.write("2021-07-18", "好")
    project.tick()
    assert (project.sent, pages(project)) == (["好"], ["2021-07-18"])


def test_other_errors_are_reported_again(project: Project) -> None:
    spoil(project)
    project.tick()
    project.path("2021-07-18").write_text("# 慢刊 (2021-07-18)：坏\n\n## 新闻\n\n- [条目\n")
    project.tick()
    reported = [one.message.partition(": ")[2] for one in project.said("unsound")]
    assert reported == ["empty-url at line 5", "unclosed-link at line 5"]


def test_it_is_found_before_it_is_due_and_reported_when_due(project: Project) -> None:
    spoil(project)
    project.now = DUE - MINUTE
    assert project.tick().next_due == DUE
    assert project.events == []
    [one] = project.coming().items
    assert (one.status, one.detail, one.hint) == (ItemStatus.HAS_ERRORS, SAID, LOOK)
    project.now = DUE
    project.tick()
    assert [one.what for one in project.events] == ["unsound"]
    assert seen(project) == [("post", ItemStatus.HAS_ERRORS)]
    project.write("2021-07-18", "好")
    project.now = DUE - MINUTE
    assert seen(project) == [("post", ItemStatus.WAITING)]


def test_each_text_is_looked_at_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many issues lie ahead, a tick has little to do."""
    spoil(project)
    project.now = DUE - HOUR
    project.tick()

    def look(*_: object) -> None:
        raise AssertionError("the text is the same")

    with monkeypatch.context() as changed:
        changed.setattr("publisher.checks.blocking.apply_rules", look)
        project.restart()
        project.tick()
    project.now = DUE
    project.tick()
    assert [one.message for one in project.said("unsound")] == [SAID]


def test_fixed_too_late_it_is_missed(project: Project) -> None:
    project.channels = (Web(), *project.channels)
    spoil(project)
    project.tick()
    project.now = DUE + project.schedule.catch_up + MINUTE
    project.tick()
    [missed] = project.said("missed")
    assert (missed.issue, missed.channels) == ("2021-07-18", ("post",))
    assert pages(project) == [], "a page cannot come too late, but it still has the error"
    project.write("2021-07-18", "好")
    project.tick()
    assert (project.sent, pages(project)) == ([], ["2021-07-18"])
    assert [one.what for one in project.events] == ["unsound", "missed", "publishing", "published"]


def test_the_archive_goes_without_it(project: Project) -> None:
    project.channels = (Web(), Rss(), *project.channels)
    spoil(project)
    project.tick()
    project.write("2021-08-01", "二")
    project.now = DUE + 14 * DAY
    project.tick()
    assert (project.sent, pages(project)) == (["二"], ["2021-08-01"])
    assert "2021-07-18" not in (project.root / "public" / "feed.xml").read_text()
    project.write("2021-07-18", "好")
    project.tick()
    assert pages(project) == ["2021-07-18", "2021-08-01"]


def test_who_publishes_another_one_by_hand_leaves_it_out(project: Project) -> None:
    project.channels = (Web(), Rss(), *project.channels)
    spoil(project)
    project.write("2021-07-04", "旧")
    project.tick()
    project.write("2021-07-04", "改")
    assert project.publish(issue="2021-07-04", channels=("web", "rss")).exit_code == 0
    assert pages(project) == ["2021-07-04"]
    assert "改" in (project.root / "public" / "2021-07-04" / "index.html").read_text()
    assert "/2021-07-18/" not in (project.root / "public" / "feed.xml").read_text()
    project.publish(channels=("web",), force=True)
    assert pages(project) == ["2021-07-04", "2021-07-18"]
    project.publish(issue="2021-07-04", channels=("web",))
    assert "2021-07-18" in (project.root / "public" / "index.html").read_text(), "what is out stays"


def test_whoever_insists_has_it_out(project: Project) -> None:
    project.channels = (*project.channels, Letters(project.world, count=2))
    project.schedule = Schedule(channel_times={"letters": dt.time(10, 45)})
    spoil(project)
    project.tick()
    assert project.publish(channels=("post",), force=True).exit_code == 0
    assert project.sent == ["坏"]
    project.now += HOUR
    project.tick()
    assert project.sent == ["坏"] * 3, "the same text goes on to the others at their time"


def test_an_old_archive_is_not_looked_at_any_more(project: Project) -> None:
    project.channels = (Web(), *project.channels)
    for date in ("2021-06-20", "2021-07-04"):
        spoil(project, date)
    project.tick()
    assert project.sent == ["一"]
    assert pages(project) == ["2021-06-20", "2021-07-04", "2021-07-18"]
    assert {one.what for one in project.events} == {"missed", "publishing", "published"}


def test_off_for_three_days_with_an_error(project: Project) -> None:
    project.channels = (Web(), *project.channels)
    spoil(project)
    project.now = DUE + 3 * DAY
    project.tick()
    assert [(one.what, one.channels) for one in project.events] == [("missed", ("post",)), ("unsound", ("web",))]
    assert pages(project) == []


def test_an_error_that_slips_in_while_it_goes_out(project: Project) -> None:
    """Fault 42, second half: what was begun ends as it began, with a warning."""
    project.write("2021-07-18", "一", "二")
    project.with_post(behaves=refuse_the_second)
    project.tick()
    project.with_post(behaves=None)
    spoil(project)
    project.now += 2 * HOUR
    project.tick()
    assert project.sent == ["一", "二"]
    [warning] = project.said("warning")
    assert (warning.message, warning.hint) == (f"{SAID}; the rest is sent with the original text", LOOK)
    assert [one.what for one in project.events[-2:]] == ["warning", "published"]
    project.tick()
    assert project.sent == ["一", "二"]


def test_an_error_that_slips_in_while_letters_go_out(project: Project) -> None:
    busy = [True]

    def behave(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        if len(project.sent) >= 5 and busy[0]:
            raise DeliveryError("tired", retry_after=3600)
        return effect()

    project.channels = (Letters(project.world, count=12, behaves=behave),)
    project.tick()
    begun = len(project.sent)
    assert begun < 12
    busy[0] = False
    spoil(project)
    project.restart()
    project.now += 2 * HOUR
    project.tick()
    assert project.sent == ["一"] * 12
    assert set(project.world.sent.values()) == {1}
    project.channels = (*project.channels, Web())
    project.tick()
    assert pages(project) == [], "where nothing of it is, the errors keep it back"


def refuse_the_second(call: Call, effect: Callable[[], Receipt]) -> Receipt:
    if call.part == "1":
        return effect()
    raise DeliveryError("tired", retry_after=3600)
