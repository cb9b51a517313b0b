"""When clocks and machines do not do as planned: an issue goes out once, or it is told."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.channels.web import Web
from publisher.timetable import Schedule, parse_cron
from tests.daemon.conftest import DUE, HOUR, MINUTE, Newsletter, at, rest


def test_an_issue_goes_out_at_its_time_and_once(letter: Newsletter) -> None:
    letter.now = DUE - MINUTE
    done = letter.tick()
    assert (done.next_due, done.exit_code) == (DUE, 0)
    assert letter.sent == []
    letter.now = DUE
    assert letter.tick().next_due is None
    assert letter.sent == ["一"]
    assert [news.what for news in letter.told] == ["publishing", "published"]
    assert letter.told[1].message == "@readers · 1 sent"
    for _ in range(3):
        letter.now += MINUTE
        letter.tick()
    letter.restart()
    letter.tick()
    assert letter.sent == ["一"]
    assert len(letter.told) == 2


@pytest.mark.parametrize("date", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("schedule", [Schedule(dt.time()), Schedule(cron=parse_cron("0 0 * * mon"))])
def test_the_ends_of_the_calendar_stop_nothing(letter: Newsletter, date: str, schedule: Schedule) -> None:
    letter.schedule = schedule
    letter.now = DUE + 24 * HOUR
    letter.write(date, "远")
    letter.tick()
    assert letter.sent == ["一"]


# ---------------------------------------------------------------- the machine was off


def test_off_for_an_hour(letter: Newsletter) -> None:
    """Fault 20: once, late, marked late."""
    letter.now = DUE + HOUR + 12 * MINUTE
    letter.tick()
    assert letter.sent == ["一"]
    assert letter.said("publishing")[0].message == "late by 1 h 12 min"


def test_off_for_three_days(letter: Newsletter) -> None:
    """Fault 21: missed, reported once, not sent; a person still can."""
    letter.now = DUE + 72 * HOUR
    assert letter.tick().exit_code == 1
    letter.restart()
    assert letter.tick().exit_code == 0
    assert letter.sent == []
    [missed] = letter.said("missed")
    assert missed.alarm
    assert missed.message == "it was due 3 days ago, and is not sent by itself any more"
    assert missed.hint == "publish --issue 2021-07-18 --channel post"
    assert letter.publish("2021-07-18").exit_code == 0
    assert letter.sent == ["一"]


@pytest.mark.parametrize(("late", "sent"), [(36 * HOUR, 1), (36 * HOUR + MINUTE, 0)])
def test_the_last_moment_of_catching_up(letter: Newsletter, late: dt.timedelta, sent: int) -> None:
    letter.now = DUE + late
    letter.tick()
    assert len(letter.sent) == sent


def test_what_was_begun_is_ended_however_late(letter: Newsletter) -> None:
    letter.write("2021-07-18", "一", "二")
    letter.with_post(behaves=lambda call, effect: effect() if call.part == "1" else rest())
    letter.tick()
    letter.with_post(behaves=None)
    letter.now += 100 * HOUR
    letter.tick()
    assert letter.sent == ["一", "二"]
    assert letter.said("missed") == []


def test_forty_old_issues_are_told_as_one(letter: Newsletter) -> None:
    letter.channels = (Web(), *letter.channels)
    for number in range(40):
        letter.write(f"{dt.date(2020, 1, 5) + dt.timedelta(weeks=2 * number)}", "旧")
    letter.tick()
    assert letter.sent == ["一"]
    [missed] = letter.said("missed")
    assert missed.message == (
        "40 issues were due long ago, and are not sent by themselves: 2020-01-05 to 2021-07-04"
    )
    assert missed.channels == ("post",)
    assert len(list((letter.root / "public").glob("20*/index.html"))) == 41, "pages cannot come too late"


# ---------------------------------------------------------------- clocks


def test_the_clock_steps_forward(letter: Newsletter) -> None:
    """Fault 23: at the next tick, once."""
    letter.now = DUE - HOUR
    letter.tick()
    letter.now += 2 * HOUR
    letter.tick()
    letter.tick()
    assert letter.sent == ["一"]


def test_the_clock_steps_back(letter: Newsletter) -> None:
    """Fault 24: nothing goes out again."""
    letter.tick()
    letter.now -= 2 * HOUR
    for _ in range(5):
        letter.tick()
        letter.now += HOUR
    assert letter.sent == ["一"]


@pytest.mark.parametrize(
    ("date", "due"),
    [
        ("2021-03-28", "2021-03-28T01:00"),  # fault 25: 02:30 is jumped over; 03:00 is the first moment after
        ("2021-10-31", "2021-10-31T00:30"),  # fault 26: 02:30 comes twice; this is the first
    ],
)
def test_the_clocks_change(letter: Newsletter, date: str, due: str) -> None:
    letter.path("2021-07-18").unlink()
    letter.write(date, "夜")
    letter.zone, letter.schedule = "Europe/Berlin", Schedule(at=dt.time(2, 30))
    letter.now = at(due) - MINUTE
    assert letter.tick().next_due == at(due)
    assert letter.sent == []
    while letter.now < at(due) + 3 * HOUR:
        letter.now += 10 * MINUTE
        letter.tick()
    assert letter.sent == ["夜"]
    assert letter.said("publishing")[0].message == "late by 9 min"


def test_a_zone_that_changes_moves_what_is_to_come(letter: Newsletter) -> None:
    """Fault 27: the moment is computed anew each time; what is out stays out."""
    letter.now = DUE - HOUR
    assert letter.tick().next_due == DUE
    letter.zone = "Europe/Berlin"
    letter.now = DUE
    assert letter.tick().next_due == at("2021-07-18T07:45")
    assert letter.sent == []
    letter.now = at("2021-07-18T07:45")
    letter.tick()
    letter.zone = "America/New_York"
    letter.now += HOUR
    letter.tick()
    letter.now += 12 * HOUR
    letter.tick()
    assert letter.sent == ["一"]


def test_the_year_ends(letter: Newsletter) -> None:
    letter.path("2021-07-18").unlink()
    letter.write("2022-01-01", "新年")
    letter.schedule = Schedule(at=dt.time(0, 0))
    letter.now = at("2021-12-31T15:59")
    assert letter.tick().next_due == at("2021-12-31T16:00")
    letter.now += MINUTE
    letter.tick()
    assert letter.sent == ["新年"]
