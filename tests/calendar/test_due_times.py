"""When clocks and machines fail: an issue is published once, or reported."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.channels.web import Web
from publisher.timetable import Schedule, parse_cron
from tests.support.fake_channel import rest
from tests.support.newsletter import DUE, HOUR, MINUTE, Project, at


def test_an_issue_goes_out_at_its_time_and_once(project: Project) -> None:
    project.now = DUE - MINUTE
    done = project.tick()
    assert (done.next_due, done.exit_code) == (DUE, 0)
    assert project.sent == []
    project.now = DUE
    assert project.tick().next_due is None
    assert project.sent == ["一"]
    assert [news.what for news in project.events] == ["publishing", "published"]
    assert project.events[1].message == "@readers · 1 sent"
    for _ in range(3):
        project.now += MINUTE
        project.tick()
    project.restart()
    project.tick()
    assert project.sent == ["一"]
    assert len(project.events) == 2


@pytest.mark.parametrize("date", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("schedule", [Schedule(dt.time()), Schedule(cron=parse_cron("0 0 * * mon"))])
def test_the_ends_of_the_calendar_stop_nothing(project: Project, date: str, schedule: Schedule) -> None:
    project.schedule = schedule
    project.now = DUE + 24 * HOUR
    project.write(date, "远")
    project.tick()
    assert project.sent == ["一"]


# ---------------------------------------------------------------- the machine was off


def test_off_for_an_hour(project: Project) -> None:
    """Fault 20: once, late, marked late."""
    project.now = DUE + HOUR + 12 * MINUTE
    project.tick()
    assert project.sent == ["一"]
    assert project.said("publishing")[0].message == "late by 1 h 12 min"


def test_off_for_three_days(project: Project) -> None:
    """Fault 21: missed, reported once, not sent; a person still can."""
    project.now = DUE + 72 * HOUR
    assert project.tick().exit_code == 1
    project.restart()
    assert project.tick().exit_code == 0
    assert project.sent == []
    [missed] = project.said("missed")
    assert missed.alarm
    assert missed.message == "it was due 3 days ago: too late to send it automatically"
    assert missed.hint == "publish --issue 2021-07-18 --channel post"
    assert project.publish(issue="2021-07-18").exit_code == 0
    assert project.sent == ["一"]


@pytest.mark.parametrize(("late", "sent"), [(36 * HOUR, 1), (36 * HOUR + MINUTE, 0)])
def test_the_last_moment_of_catching_up(project: Project, late: dt.timedelta, sent: int) -> None:
    project.now = DUE + late
    project.tick()
    assert len(project.sent) == sent


def test_what_was_begun_is_ended_however_late(project: Project) -> None:
    project.write("2021-07-18", "一", "二")
    project.with_post(behaves=lambda call, effect: effect() if call.part == "1" else rest())
    project.tick()
    project.with_post(behaves=None)
    project.now += 100 * HOUR
    project.tick()
    assert project.sent == ["一", "二"]
    assert project.said("missed") == []


def test_forty_old_issues_are_reported_as_one(project: Project) -> None:
    project.channels = (Web(), *project.channels)
    for number in range(40):
        project.write(f"{dt.date(2020, 1, 5) + dt.timedelta(weeks=2 * number)}", "旧")
    project.tick()
    assert project.sent == ["一"]
    [missed] = project.said("missed")
    assert missed.message == ("40 issues were due too long ago to send them automatically: 2020-01-05 to 2021-07-04")
    assert missed.channels == ("post",)
    assert len(list((project.root / "public").glob("20*/index.html"))) == 41, "pages cannot come too late"


# ---------------------------------------------------------------- clocks


def test_the_clock_steps_forward(project: Project) -> None:
    """Fault 23: at the next tick, once."""
    project.now = DUE - HOUR
    project.tick()
    project.now += 2 * HOUR
    project.tick()
    project.tick()
    assert project.sent == ["一"]


def test_the_clock_steps_back(project: Project) -> None:
    """Fault 24: nothing goes out again."""
    project.tick()
    project.now -= 2 * HOUR
    for _ in range(5):
        project.tick()
        project.now += HOUR
    assert project.sent == ["一"]


@pytest.mark.parametrize(
    ("date", "due"),
    [
        ("2021-03-28", "2021-03-28T01:00"),  # fault 25: 02:30 is jumped over; 03:00 is the first moment after
        ("2021-10-31", "2021-10-31T00:30"),  # fault 26: 02:30 comes twice; this is the first
    ],
)
def test_the_clocks_change(project: Project, date: str, due: str) -> None:
    project.path("2021-07-18").unlink()
    project.write(date, "夜")
    project.zone, project.schedule = "Europe/Berlin", Schedule(at=dt.time(2, 30))
    project.now = at(due) - MINUTE
    assert project.tick().next_due == at(due)
    assert project.sent == []
    while project.now < at(due) + 3 * HOUR:
        project.now += 10 * MINUTE
        project.tick()
    assert project.sent == ["夜"]
    assert project.said("publishing")[0].message == "late by 9 min"


def test_a_zone_that_changes_moves_what_is_to_come(project: Project) -> None:
    """Fault 27: the moment is computed anew each time; what is out stays out."""
    project.now = DUE - HOUR
    assert project.tick().next_due == DUE
    project.zone = "Europe/Berlin"
    project.now = DUE
    assert project.tick().next_due == at("2021-07-18T07:45")
    assert project.sent == []
    project.now = at("2021-07-18T07:45")
    project.tick()
    project.zone = "America/New_York"
    project.now += HOUR
    project.tick()
    project.now += 12 * HOUR
    project.tick()
    assert project.sent == ["一"]


def test_the_year_ends(project: Project) -> None:
    project.path("2021-07-18").unlink()
    project.write("2022-01-01", "新年")
    project.schedule = Schedule(at=dt.time(0, 0))
    project.now = at("2021-12-31T15:59")
    assert project.tick().next_due == at("2021-12-31T16:00")
    project.now += MINUTE
    project.tick()
    assert project.sent == ["新年"]
