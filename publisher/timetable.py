"""When issues are published: the table [schedule] of publisher.toml, with a cron expression."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import NamedTuple

from publisher.errors import ConfigError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, ("", *_MONTHS)),
    ("weekday", 0, 7, (*_DAYS, "sun")),
)
_MAX_DAYS_AHEAD = 9 * 366
"""Within this number of days every calendar day occurs, even a 29 February around a year such as 2100."""


class CronSchedule(NamedTuple):
    """A parsed cron expression; weekday 0 is Sunday.

    `matches_either_day` is cron's rule that a day matches by number or weekday if both are restricted.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    matches_either_day: bool

    def first_on_or_after(self, day: dt.date) -> tuple[dt.date, dt.time]:
        """Return the first time on or after the start of `day`."""
        while not self._matches(day):
            day += dt.timedelta(days=1)
        return day, dt.time(min(self.hours), min(self.minutes))

    def _matches(self, day: dt.date) -> bool:
        by_number, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        day_matches = by_number or by_weekday if self.matches_either_day else by_number and by_weekday
        return day_matches and day.month in self.months


class Schedule(NamedTuple):
    """When an issue is published: on its date at `at`, or at the first time of `cron` from that date on.

    `channel_times` has the time of day of channels with their own `at`. An issue that is overdue for longer
    than `catch_up` is not published automatically. `on_failure` is the command or webhook URL to notify on
    failure, or a Reference to it. `is_set` says whether publisher.toml has the table.
    """

    at: dt.time = dt.time(9, 45)
    cron: CronSchedule | None = None
    channel_times: Mapping[str, dt.time] = {}
    catch_up: dt.timedelta = dt.timedelta(hours=36)
    on_failure: str = ""
    is_set: bool = False

    def due_time(self, day: dt.date, channel: str) -> tuple[dt.date, dt.time]:
        """Return the day and time of day at which an issue of that date is published on a channel."""
        day, at = self.cron.first_on_or_after(day) if self.cron else (day, self.at)
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


def parse_cron(value: str) -> CronSchedule:
    """Parse the key `cron`: minute, hour, day, month and weekday, as in crontab(5).

    Raises ConfigError for invalid expressions, and for dates that never occur.
    """
    fields = value.lower().split()
    if len(fields) != len(_FIELDS):
        raise ConfigError(
            f'cron must have five fields, not "{value}"', 'every Sunday at 09:45: cron = "45 9 * * sun"'
        )
    sets = [_parse_cron_field(text, *field) for text, field in zip(fields, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = sets
    schedule = CronSchedule(
        minutes,
        hours,
        days,
        months,
        frozenset(number % 7 for number in weekdays),
        matches_either_day=not (fields[2].startswith("*") or fields[4].startswith("*")),
    )
    start = dt.date(2020, 1, 1)
    if not any(schedule._matches(start + dt.timedelta(days=number)) for number in range(_MAX_DAYS_AHEAD)):
        raise ConfigError(f'cron = "{value}" never matches a date', "check its day and month")
    return schedule


def _parse_cron_field(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    """Return the numbers of a field: *, 5, 1-5, */2, 8-18/2, mon-fri, or several with commas."""
    value_pattern = r"\d{1,2}|[a-z]{3}"
    numbers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(rf"(?:\*|({value_pattern})(?:-({value_pattern}))?)(?:/(\d{{1,2}}))?", part)
        try:
            if match is None or (match[3] and match[2] is None and match[1] is not None):
                raise ValueError
            first = low if match[1] is None else _parse_cron_value(match[1], names)
            last = _parse_cron_value(match[2], names) if match[2] else (first if match[1] else high)
            step = int(match[3] or 1)
            if not (low <= first <= last <= high and step):
                raise ValueError
        except ValueError:
            raise ConfigError(
                f'cron has the {name} "{part}"', f"{name} is * or a number from {low} to {high}"
            ) from None
        numbers.update(range(first, last + 1, step))
    return frozenset(numbers)


def _parse_cron_value(word: str, names: tuple[str, ...]) -> int:
    """Return a number or the index of a name. Raises ValueError."""
    return int(word) if word.isdigit() else names.index(word)
