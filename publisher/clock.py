"""The clock that a run is given, so that tests can control the time; and local times as UTC."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from publisher.named_tuple import NamedTuple


class Clock(NamedTuple):
    """`time` returns the current time, aware; `wait` sleeps, in seconds."""

    time: Callable[[], dt.datetime]
    wait: Callable[[float], None]

    @classmethod
    def running(cls, since: dt.datetime) -> Clock:
        """Return a clock that starts at `since` and runs in real time."""
        started = time.monotonic()
        return cls(lambda: since + dt.timedelta(seconds=time.monotonic() - started), time.sleep)


_MINUTE = dt.timedelta(minutes=1)


def resolve_local_time(day: dt.date, at: dt.time, zone: ZoneInfo) -> dt.datetime:
    """Return a date and a local time as a time in UTC.

    When the clocks are turned back, the first of two equal local times counts; when they are turned forward,
    a skipped local time becomes the first one after it.
    """
    wall = dt.datetime.combine(day, at)
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    offset = moment.astimezone(zone).utcoffset()
    while (moment - _MINUTE).astimezone(zone).utcoffset() == offset:
        moment -= _MINUTE
    return moment
