"""When issues are published: the table [schedule] of publisher.toml, with a cron expression."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache

from publisher.errors import ConfigError
from publisher.named_tuple import NamedTuple

_FIELDS = {
    "minute": "from 0 to 59",
    "hour": "from 0 to 23",
    "day-of-month": "from 1 to 31, and the month must have that day",
    "month": "from 1 to 12, or from jan to dec",
    "day-of-week": "from 0 to 7, or from sun to sat",
}
"""The fields of `cron` in their order, by the names cronsim has for them, and what each may be."""


class Schedule(NamedTuple):
    """When an issue is published: on its date at `at`, or at the first time of `cron` from that date on.

    `cron` is a valid expression, "" for none. `channel_times` has the time of day of channels with their own
    `at`. An issue that is overdue for longer than `catch_up` is not published automatically. `on_failure` is
    the command or webhook URL to notify on failure, or a Reference to it. `is_set` says whether
    publisher.toml has the table.
    """

    at: dt.time = dt.time(9, 45)
    cron: str = ""
    channel_times: Mapping[str, dt.time] = {}
    catch_up: dt.timedelta = dt.timedelta(hours=36)
    on_failure: str = ""
    is_set: bool = False

    def due_time(self, day: dt.date, channel: str) -> tuple[dt.date, dt.time]:
        """Return the day and time of day at which an issue of that date is published on a channel."""
        day, at = _first_match(self.cron, day) if self.cron else (day, self.at)
        return day, self.channel_times.get(channel, at)


def parse_time_of_day(value: str) -> dt.time:
    """Parse the key `at`, HH:MM. Raises ConfigError."""
    if match := re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value):
        return dt.time(int(match[1]), int(match[2]))
    raise ConfigError(f'at must be a time of day, not "{value}"', 'hours and minutes: at = "09:45"')


def parse_catch_up(value: float) -> dt.timedelta:
    """Convert the key `catch_up`, in hours. Raises ConfigError."""
    if not 0 < value <= 24 * 366:
        raise ConfigError(f"catch_up must be a number of hours, not {value:g}", "like catch_up = 36")
    return dt.timedelta(hours=value)


def parse_cron(value: str) -> str:
    """Validate the key `cron`: minute, hour, day, month and weekday, as in crontab(5).

    Raises ConfigError for invalid expressions, and for dates that never occur.
    """
    from cronsim import CronSimError

    fields = value.split()
    if len(fields) != len(_FIELDS):  # cronsim takes six as well, the first of them seconds
        raise ConfigError(f'cron must have five fields, not "{value}"', 'every Sunday at 09:45: cron = "45 9 * * sun"')
    try:
        _first_match(value, dt.date(2020, 1, 1))
    except StopIteration:
        raise ConfigError(f'cron never occurs: "{value}"', "check its day, month and weekday") from None
    except CronSimError as error:
        name = str(error).removeprefix("Bad ")
        field = fields[list(_FIELDS).index(name)]
        raise ConfigError(f'cron has the {name} "{field}"', f"{name} is * or {_FIELDS[name]}") from None
    return value


@lru_cache
def _first_match(cron: str, day: dt.date) -> tuple[dt.date, dt.time]:
    """Return the first time that matches on or after the start of `day`."""
    from cronsim import CronSim

    first = next(CronSim(cron, dt.datetime.combine(day, dt.time()) - dt.timedelta(seconds=1)))
    return first.date(), first.time()
