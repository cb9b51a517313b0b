"""When issues go out: the table [schedule] of publisher.toml, and the rhythm in it, written as for cron."""

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
"""So many days ahead every day of a calendar has come, the 29th of February too."""


class CronSchedule(NamedTuple):
    """The minutes at which something comes again. `either` is cron's rule that a day fits by its number or by
    its weekday (0 is Sunday), where the rhythm names both."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    matches_either_day: bool

    def first_on_or_after(self, day: dt.date) -> tuple[dt.date, dt.time]:
        """The first time at or after the midnight with which `day` begins."""
        while not self._matches(day):
            day += dt.timedelta(days=1)
        return day, dt.time(min(self.hours), min(self.minutes))

    def _matches(self, day: dt.date) -> bool:
        by_number, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        fits = by_number or by_weekday if self.matches_either_day else by_number and by_weekday
        return fits and day.month in self.months


class Schedule(NamedTuple):
    """When an issue goes out: on its date at `at`, or at the first time of `cron` from that date on; on
    some channels at a time of day of their own, in `times`. What could not go out for longer than
    `catch_up` is left to a person. `on_failure` is the command or address that hears what went
    wrong, or a Reference to it. `is_set` says whether publisher.toml has the table.
    """

    at: dt.time = dt.time(9, 45)
    cron: CronSchedule | None = None
    channel_times: Mapping[str, dt.time] = {}
    catch_up: dt.timedelta = dt.timedelta(hours=36)
    on_failure: str = ""
    is_set: bool = False

    def due_time(self, day: dt.date, channel: str) -> tuple[dt.date, dt.time]:
        """The day and time of day at which an issue of that date goes out on a channel."""
        day, at = self.cron.first_on_or_after(day) if self.cron else (day, self.at)
        return day, self.channel_times.get(channel, at)


def parse_time_of_day(value: str) -> dt.time:
    """The time of day of the key `at`. Raises ConfigError."""
    if found := re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value):
        return dt.time(int(found[1]), int(found[2]))
    raise ConfigError(f'at must be a time of day, not "{value}"', 'hours and minutes: at = "09:45"')


def parse_catch_up(value: float) -> dt.timedelta:
    """The hours of the key `catch_up`. Raises ConfigError."""
    if not 0 < value <= 24 * 366:
        raise ConfigError(f"catch_up must be a number of hours, not {value:g}", "like catch_up = 36")
    return dt.timedelta(hours=value)


def parse_cron(value: str) -> CronSchedule:
    """The value of the key `cron`: minute, hour, day, month and weekday, as in crontab(5).

    Raises ConfigError for anything else, and for days that never come.
    """
    words = value.lower().split()
    if len(words) != len(_FIELDS):
        raise ConfigError(
            f'cron must have five fields, not "{value}"', 'every Sunday at 09:45: cron = "45 9 * * sun"'
        )
    sets = [_parse_cron_field(word, *field) for word, field in zip(words, _FIELDS, strict=True)]
    minutes, hours_, days, months, weekdays = sets
    found = CronSchedule(
        minutes,
        hours_,
        days,
        months,
        frozenset(number % 7 for number in weekdays),
        matches_either_day=not (words[2].startswith("*") or words[4].startswith("*")),
    )
    start = dt.date(2020, 1, 1)
    if not any(found._matches(start + dt.timedelta(days=number)) for number in range(_MAX_DAYS_AHEAD)):
        raise ConfigError(f'cron = "{value}" never comes', "look at its day and its month")
    return found


def _parse_cron_field(word: str, name: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    """The numbers of a field: *, 5, 1-5, */2, 8-18/2, mon-fri, or several with commas."""
    number = r"\d{1,2}|[a-z]{3}"
    found: set[int] = set()
    for one in word.split(","):
        match = re.fullmatch(rf"(?:\*|({number})(?:-({number}))?)(?:/(\d{{1,2}}))?", one)
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
                f'cron has the {name} "{one}"', f"{name} is * or a number from {low} to {high}"
            ) from None
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _parse_cron_value(word: str, names: tuple[str, ...]) -> int:
    """Raises ValueError for a word that is no number or name."""
    return int(word) if word.isdigit() else names.index(word)
