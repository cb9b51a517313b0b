"""A day and a time of day as one moment, whatever the clocks do that night."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from publisher.clock import resolve_local_time


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        ("Asia/Shanghai", "2021-07-18", "09:45", "2021-07-18T01:45"),
        ("Asia/Shanghai", "2022-01-01", "00:00", "2021-12-31T16:00"),
        ("Europe/Berlin", "2021-03-28", "01:59", "2021-03-28T00:59"),
        ("Europe/Berlin", "2021-03-28", "02:00", "2021-03-28T01:00"),  # the clocks jump from 02:00 to 03:00
        ("Europe/Berlin", "2021-03-28", "02:30", "2021-03-28T01:00"),
        ("Europe/Berlin", "2021-03-28", "03:00", "2021-03-28T01:00"),
        ("Europe/Berlin", "2021-10-31", "02:30", "2021-10-31T00:30"),  # and again from 03:00 to 02:00
        ("Europe/Berlin", "2021-10-31", "03:00", "2021-10-31T02:00"),
        ("Australia/Lord_Howe", "2021-10-03", "02:15", "2021-10-02T15:30"),  # a jump of half an hour
        ("Pacific/Apia", "2011-12-30", "09:45", "2011-12-30T10:00"),  # a day that never was
    ],
)
def test_moment(zone: str, day: str, at: str, moment: str) -> None:
    found = resolve_local_time(dt.date.fromisoformat(day), dt.time.fromisoformat(at), ZoneInfo(zone))
    assert found == dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
