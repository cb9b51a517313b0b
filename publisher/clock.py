"""Time as the pipeline sees it: given from outside, so that a test can let it pass."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Clock(NamedTuple):
    """`time` says what time it is, aware; `wait` lets so many seconds pass."""

    time: Callable[[], dt.datetime]
    wait: Callable[[float], None]

    @classmethod
    def running(cls, since: dt.datetime) -> Clock:
        """The real time, if it is `since` now."""
        begun = time.monotonic()
        return cls(lambda: since + dt.timedelta(seconds=time.monotonic() - begun), time.sleep)


_MINUTE = dt.timedelta(minutes=1)


def resolve_local_time(day: dt.date, at: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The moment, in UTC. A time that comes twice that day is the first of the two; for one that the clocks
    jump over, it is the moment after the jump."""
    wall = dt.datetime.combine(day, at)
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    offset = moment.astimezone(zone).utcoffset()
    while (moment - _MINUTE).astimezone(zone).utcoffset() == offset:
        moment -= _MINUTE
    return moment
