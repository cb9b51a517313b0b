"""Times as people write them: `10:30`, `tomorrow 9:00`, `Friday 18:00`, `+2h`, `明天 9:00`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from publisher.clock import resolve_local_time
from publisher.errors import ConfigError
from publisher.patterns import lazy_pattern

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CHINESE_WEEKDAYS = "一二三四五六日"
_DAYS_AHEAD = {"today": 0, "tomorrow": 1, "今天": 0, "明天": 1, "后天": 2}
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MAX_AMOUNT = 9999

_AHEAD = lazy_pattern(r"(?:\+ ?|in )(\d+) ?(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)")
_TIME = lazy_pattern(r"(?:at )?(\d{1,2})(?:[:：](\d{2}))? ?(am|pm)?")
_DATE = lazy_pattern(r"(\d{4})-(\d{1,2})-(\d{1,2})")


def parse_written_time(text: str, now: dt.datetime, date: dt.date, usual: Callable[[dt.date], dt.time]) -> dt.datetime:
    """Return the time that `text` means, in UTC.

    `now` is the current time in the newsletter's zone, which the text is in too. `date` is the day of a text that is
    only a time, and `usual` gives the time of a day without one. A weekday is the next one, today only if its time is
    still to come. Raises ConfigError.
    """
    zone = now.tzinfo
    assert isinstance(zone, ZoneInfo)
    words = re.sub(r"\s+", " ", text.replace("T", " ") if _DATE.match(text) else text).strip().lower()
    if ahead := _AHEAD.fullmatch(words):
        return _add(now, int(ahead[1]), _UNITS[ahead[2][0]], text)
    if at := _parse_time(words):
        return resolve_local_time(date, at, zone)
    name, _, rest = words.partition(" ")
    if name == "next" and rest:
        name, _, rest = rest.partition(" ")
    at = _parse_time(rest)
    if rest and at is None:
        raise _build_error(text)
    return _find_moment(name, at, now, zone, usual, text)


def _find_moment(
    name: str, at: dt.time | None, now: dt.datetime, zone: ZoneInfo, usual: Callable[[dt.date], dt.time], text: str
) -> dt.datetime:
    def resolve(day: dt.date) -> dt.datetime:
        return resolve_local_time(day, usual(day) if at is None else at, zone)

    today = now.date()
    if match := _DATE.fullmatch(name):
        try:
            return resolve(dt.date(*map(int, match.groups())))
        except ValueError:
            raise _build_error(text) from None
    if name in _DAYS_AHEAD:
        return resolve(today + dt.timedelta(_DAYS_AHEAD[name]))
    if (weekday := _find_weekday(name)) is None:
        raise _build_error(text)
    day = today + dt.timedelta((weekday - today.weekday()) % 7)
    moment = resolve(day)
    return moment if moment > now else resolve(day + dt.timedelta(7))


def _find_weekday(name: str) -> int | None:
    """Return the number of a weekday, from 0 for Monday, by its name, its beginning, or in Chinese."""
    if match := re.fullmatch(r"(?:周|星期|礼拜)([一二三四五六日天])", name):
        return _CHINESE_WEEKDAYS.index(match[1].replace("天", "日"))
    found = [number for number, day in enumerate(_WEEKDAYS) if len(name) >= len("mon") and day.startswith(name)]
    return found[0] if found else None


def _parse_time(text: str) -> dt.time | None:
    """Return the time of day, such as 9:00 or 9am; None if it is none. A number alone is none."""
    match = _TIME.fullmatch(text)
    if not match or not (match[2] or match[3]):
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[3] == "pm" else 0)
    return dt.time(hour, minute) if hour < 24 and minute < 60 else None


def _add(now: dt.datetime, amount: int, unit: str, text: str) -> dt.datetime:
    """Return the time so much later: minutes and hours as they pass, days and weeks at the same time of day."""
    if amount > _MAX_AMOUNT:
        raise _build_error(text)
    if unit in ("minutes", "hours"):
        return now.astimezone(dt.UTC) + dt.timedelta(**{unit: amount})
    later = now.replace(tzinfo=None) + dt.timedelta(**{unit: amount})
    zone = now.tzinfo
    assert isinstance(zone, ZoneInfo)
    return resolve_local_time(later.date(), later.time(), zone)


def _build_error(text: str) -> ConfigError:
    hint = 'write 10:30, "tomorrow 9:00", Friday, +2h or "2021-08-02 10:30"'
    return ConfigError(f"{text} is not a time" if text else "an empty text is not a time", hint)
