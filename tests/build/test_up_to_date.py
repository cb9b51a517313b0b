"""The day on which a channel was up to date is that of the newsletter, whether or not its time zone is looked up."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from publisher.archive.output_folder import UpToDateMark
from publisher.archive.records import Record
from publisher.build.up_to_date import _is_valid_now

ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Kathmandu")
ISSUE = Record("issues/2026-03-01.md", 1, 1, "")
MIDNIGHT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

days = st.integers(-2, 2).map(lambda number: (MIDNIGHT + dt.timedelta(days=number)).date().isoformat())


@given(
    hours=st.floats(-60, 60),
    offset=st.integers(-14, 14),
    zone=st.sampled_from(ZONES),
    valid_from=days,
    valid_until=days | st.just(""),
)
@example(hours=-9.5, offset=0, zone="Pacific/Kiritimati", valid_from="2026-03-01", valid_until="")
@example(hours=9.5, offset=0, zone="Pacific/Niue", valid_from="2026-02-27", valid_until="2026-03-01")
def test_the_day_is_that_of_the_time_zone(
    hours: float, offset: int, zone: str, valid_from: str, valid_until: str
) -> None:
    now = (MIDNIGHT + dt.timedelta(hours=hours)).astimezone(dt.timezone(dt.timedelta(hours=offset)))
    mark = UpToDateMark("", valid_from, valid_until, ISSUE)
    day = now.astimezone(ZoneInfo(zone)).date().isoformat()
    assert _is_valid_now(mark, now, zone) == mark.is_valid(day)
