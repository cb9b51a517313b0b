"""When an issue is due: a day and a time of day in the newsletter's zone, as one moment."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

_MINUTE = dt.timedelta(minutes=1)


def moment_of(day: dt.date, at: dt.time, zone: ZoneInfo) -> dt.datetime:
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
