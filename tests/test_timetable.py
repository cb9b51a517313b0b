"""The table [schedule]: cron expressions, times of channels, and errors."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.errors import ConfigError
from publisher.timetable import Schedule, parse_catch_up, parse_cron, parse_time_of_day


@pytest.mark.parametrize(
    ("text", "day", "first"),
    [
        # 2021-07-18 is a Sunday
        ("45 9 * * sun", "2021-07-18", "2021-07-18T09:45"),
        ("45 9 * * sun", "2021-07-19", "2021-07-25T09:45"),
        ("45 9 * * 0", "2021-07-12", "2021-07-18T09:45"),
        ("45 9 * * 7", "2021-07-12", "2021-07-18T09:45"),
        ("0 18 * * mon-fri", "2021-07-17", "2021-07-19T18:00"),
        ("0 8 1,15 * *", "2021-07-18", "2021-08-01T08:00"),
        ("30 6-8/2 * * *", "2021-07-18", "2021-07-18T06:30"),
        ("*/20 12 * feb *", "2021-07-18", "2022-02-01T12:00"),
        ("0 0 29 2 *", "2021-07-18", "2024-02-29T00:00"),
        ("0 0 13 * fri", "2021-07-10", "2021-07-13T00:00"),  # either of the two
        ("0 0 13 * FRI", "2021-07-14", "2021-07-16T00:00"),
        ("0 0 31 * *", "2021-11-01", "2021-12-31T00:00"),
        ("0 7 */10 * *", "2021-07-18", "2021-07-21T07:00"),
    ],
)
def test_the_first_time_from_a_day_on(text: str, day: str, first: str) -> None:
    schedule = Schedule(cron=parse_cron(text))
    found = dt.datetime.combine(*schedule.due_time(dt.date.fromisoformat(day), "web"))
    assert found.isoformat(timespec="minutes") == first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("45 9 * *", 'cron must have five fields, not "45 9 * *"'),
        ("60 9 * * *", 'cron has the minute "60"'),
        ("0 24 * * *", 'cron has the hour "24"'),
        ("0 0 0 * *", 'cron has the day-of-month "0"'),
        ("0 0 * 13 *", 'cron has the month "13"'),
        ("0 0 * * 8", 'cron has the day-of-week "8"'),
        ("0 0 * * sunday", 'cron has the day-of-week "sunday"'),
        ("0 0 * * fri-mon", 'cron has the day-of-week "fri-mon"'),
        ("*/0 0 * * *", 'cron has the minute "*/0"'),
        ("0 0 0 45 9 *", 'cron must have five fields, not "0 0 0 45 9 *"'),  # not seconds first
        ("0 0 */29 2 5#5", 'cron never occurs: "0 0 */29 2 5#5"'),  # a fifth Friday in February, on the 1st
        ("0 0 30 2 *", 'cron has the day-of-month "30"'),  # which February never has
    ],
)
def test_invalid_cron_expressions(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_cron(text)
    assert caught.value.message == message
    assert caught.value.hint


def test_a_channel_has_its_own_time_on_the_day_of_the_cron_expression() -> None:
    day = dt.date(2021, 7, 19)
    schedule = Schedule(channel_times={"email": dt.time(10)})
    assert schedule.due_time(day, "web") == (day, dt.time(9, 45))
    assert schedule.due_time(day, "email") == (day, dt.time(10))
    schedule = schedule._replace(cron=parse_cron("0 8 * * sun"))
    sunday = dt.date(2021, 7, 25)
    assert schedule.due_time(day, "web") == (sunday, dt.time(8))
    assert schedule.due_time(day, "email") == (sunday, dt.time(10))


def test_hours_and_times() -> None:
    assert parse_catch_up(1.5) == dt.timedelta(minutes=90)
    assert parse_time_of_day("23:05") == dt.time(23, 5)
    for wrong in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ConfigError, match="catch_up must be a number of hours"):
            parse_catch_up(wrong)
