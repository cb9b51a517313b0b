"""Times as people write them, for `publish reschedule`."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from publisher.calendar.written_times import parse_written_time
from publisher.errors import ConfigError

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NOW = dt.datetime(2021, 7, 15, 10, 0, tzinfo=SHANGHAI)
"""A Thursday."""

DATE = dt.date(2021, 7, 18)


def usual(day: dt.date) -> dt.time:
    return dt.time(8 if day.weekday() < 5 else 11, 30)


def read(text: str, now: dt.datetime = NOW) -> str:
    moment = parse_written_time(text, now, DATE, usual)
    assert moment.tzinfo is dt.UTC
    return f"{moment.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10:30", "2021-07-18 10:30"),
        ("9:05", "2021-07-18 09:05"),
        ("9am", "2021-07-18 09:00"),
        ("12:15 am", "2021-07-18 00:15"),
        ("12pm", "2021-07-18 12:00"),
        ("at 21:00", "2021-07-18 21:00"),
        ("2021-08-02 10:30", "2021-08-02 10:30"),
        ("2021-08-02T10:30", "2021-08-02 10:30"),
        ("2021-8-2 9pm", "2021-08-02 21:00"),
        ("2021-08-02", "2021-08-02 08:30"),
        ("today 18:00", "2021-07-15 18:00"),
        ("tomorrow", "2021-07-16 08:30"),
        ("Tomorrow  at 9:00", "2021-07-16 09:00"),
        ("明天 9:00", "2021-07-16 09:00"),
        ("后天", "2021-07-17 11:30"),
        ("Friday", "2021-07-16 08:30"),
        ("fri 18:00", "2021-07-16 18:00"),
        ("next Monday 7:00", "2021-07-19 07:00"),
        ("周日 9：00", "2021-07-18 09:00"),
        ("星期天", "2021-07-18 11:30"),
        ("Thursday 10:01", "2021-07-15 10:01"),
        ("Thursday 10:00", "2021-07-22 10:00"),
        ("Thursday", "2021-07-22 08:30"),
        ("wed", "2021-07-21 08:30"),
        ("+2h", "2021-07-15 12:00"),
        ("+90m", "2021-07-15 11:30"),
        ("+ 3 days", "2021-07-18 10:00"),
        ("in 2 hours", "2021-07-15 12:00"),
        ("+1w", "2021-07-22 10:00"),
    ],
)
def test_a_time_is_understood(text: str, meant: str) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    "text",
    ["", "soon", "9", "24:00", "10:60", "13pm", "0am", "2021-02-30 10:00", "2021-08-02 9", "Friday noon", "next",
     "t 9:00", "th", "Frid4y", "+h", "+99999d", "-2h", "+2y", "8/2", "tomorrow 9:00 10:00", "10:30:15", "٣:٣٠pm x"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert caught.value.message == f"{text or 'an empty text'} is not a time"
    assert "tomorrow 9:00" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+3h", "2021-10-31 03:00+01:00"),  # two hours on the clock
        ("+1d", "2021-11-01 01:00+01:00"),  # 25 hours
        ("tomorrow 2:30", "2021-11-01 02:30+01:00"),
        ("today 2:30", "2021-10-31 02:30+02:00"),  # the first of the two
    ],
)
def test_when_the_clocks_are_turned_back(text: str, meant: str) -> None:
    now = dt.datetime(2021, 10, 31, 1, 0, tzinfo=BERLIN)
    moment = parse_written_time(text, now, DATE, usual).astimezone(BERLIN)
    assert moment.isoformat(" ", "minutes") == meant
