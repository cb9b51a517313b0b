"""Times as people say them, beside their exact value."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from publisher.cli.times import (
    format_ago,
    format_day_time,
    format_next_time,
    format_past_time,
    format_short_ago,
    format_short_day_time,
    format_utc_beside,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = dt.datetime(2021, 7, 18, 4, tzinfo=dt.UTC)
"""Sunday, 12:00 in Shanghai."""


@pytest.mark.parametrize(
    ("hours", "said", "short"),
    [
        (0, "just now", "now"),
        (-0.01, "just now", "now"),
        (1 / 60, "1 minute ago", "1m ago"),
        (0.99, "59 minutes ago", "59m ago"),
        (1, "1 hour ago", "1h ago"),
        (23.9, "23 hours ago", "23h ago"),
        (24, "1 day ago", "1d ago"),
        (13.9 * 24, "13 days ago", "13d ago"),
        (14 * 24, "2 weeks ago", "2w ago"),
        (59 * 24, "8 weeks ago", "8w ago"),
        (60 * 24, "2 months ago", "2mo ago"),
        (364 * 24, "12 months ago", "12mo ago"),
        (365 * 24, "1 year ago", "1y ago"),
        (10_000 * 24, "27 years ago", "27y ago"),
        (-3, "in 3 hours", "in 3h"),
        (-48, "in 2 days", "in 2d"),
    ],
)
def test_how_long_ago(hours: float, said: str, short: str) -> None:
    moment = NOON - dt.timedelta(hours=hours)
    assert (format_ago(moment, NOON), format_short_ago(moment, NOON)) == (said, short)


@pytest.mark.parametrize(
    ("local", "said", "short"),
    [
        ("2021-07-18 18:00", "today 18:00", "18:00"),
        ("2021-07-19 00:10", "tomorrow 00:10", "Mon 00:10"),
        ("2021-07-24 09:45", "Saturday 09:45", "Sat 09:45"),
        ("2021-07-25 09:45", "25 July", "25 Jul"),
        ("2022-01-02 09:45", "January 2022", "Jan 2022"),
        ("2021-07-17 23:00", "yesterday 23:00", "17 Jul"),
        ("2021-07-01 23:00", "1 July", "1 Jul"),
    ],
)
def test_days_are_those_of_the_newsletter(local: str, said: str, short: str) -> None:
    moment = dt.datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(dt.UTC)
    assert format_day_time(moment, NOON, SHANGHAI) == said
    assert format_short_day_time(moment, NOON, SHANGHAI) == short


@pytest.mark.parametrize(
    ("zone", "beside"),
    [
        ("Asia/Shanghai", " (04:00 UTC)"),
        ("Pacific/Auckland", " (04:00 UTC)"),
        ("UTC", " UTC"),
        ("Africa/Abidjan", " UTC"),
    ],
)
def test_utc_only_where_it_differs(zone: str, beside: str) -> None:
    assert format_utc_beside(NOON, ZoneInfo(zone)) == beside


def test_utc_has_its_date_where_that_differs() -> None:
    early = dt.datetime(2021, 7, 17, 22, 30, tzinfo=dt.UTC)
    assert format_utc_beside(early, SHANGHAI) == " (2021-07-17 22:30 UTC)"


def test_exact_times_have_the_zone() -> None:
    due = dt.datetime(2021, 7, 19, 1, 45, tzinfo=dt.UTC)
    assert format_next_time(due, NOON, SHANGHAI) == "tomorrow, 2021-07-19 09:45 Asia/Shanghai (01:45 UTC)"
    assert format_next_time(due, NOON, ZoneInfo("UTC")) == "tomorrow, 2021-07-19 01:45 UTC"
    fortnight = due + dt.timedelta(days=13)
    assert format_next_time(fortnight, NOON, ZoneInfo("UTC")) == "in 2 weeks, 2021-08-01 01:45 UTC"
    assert format_past_time(NOON, due, SHANGHAI) == "21 hours ago, 2021-07-18 12:00"
