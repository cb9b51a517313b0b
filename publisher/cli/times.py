"""Times as people say them: how long ago, in how long, and the day and time in the newsletter's zone."""

from __future__ import annotations

import datetime as dt

from publisher.cli.output import format_time, plural

_UNITS = (
    ("year", "y", 365 * 86400),
    ("month", "mo", 30 * 86400),
    ("week", "w", 7 * 86400),
    ("day", "d", 86400),
    ("hour", "h", 3600),
    ("minute", "m", 60),
)
"""The name of a unit, its short form, and its seconds; the largest first."""

_MIN_COUNTS = {"week": 2, "month": 2}
"""Less than this is counted in the next smaller unit: 13 days, 8 weeks."""


def format_ago(moment: dt.datetime, now: dt.datetime) -> str:
    """Return how long ago a moment was, or how far ahead it is: 3 hours ago, in 2 days, just now.

    What began in this run may be ahead of `now`, which is when the run started.
    """
    seconds = (now - moment).total_seconds()
    number, name, _ = _measure_span(abs(seconds))
    if not number:
        return "just now"
    span = f"{number} {plural(number, name)}"
    return f"{span} ago" if seconds > 0 else f"in {span}"


def format_short_ago(moment: dt.datetime, now: dt.datetime) -> str:
    """Return the same in at most 9 columns: 3h ago, 12d ago, now."""
    number, _, letters = _measure_span(abs((now - moment).total_seconds()))
    if not number:
        return "now"
    return f"{number}{letters} ago" if moment <= now else f"in {number}{letters}"


def _measure_span(seconds: float) -> tuple[int, str, str]:
    """Return the number, name and short form of the largest unit that fits; 0 if it is less than a minute."""
    for name, letters, size in _UNITS:
        if seconds >= size * _MIN_COUNTS.get(name, 1):
            return int(seconds // size), name, letters
    return 0, "", ""


def format_day_time(moment: dt.datetime, now: dt.datetime, zone: dt.tzinfo | None) -> str:
    """Return a time near `now`: today 18:00, tomorrow 09:45, Sunday 09:45, else 1 August, with the year if it is
    another one."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    if days in _NEAR_DAYS:
        return f"{_NEAR_DAYS[days]} {local:%H:%M}"
    if 0 < days < 7:
        return f"{local:%A %H:%M}"
    return _format_date(local, today, f"{local:%B}")


def format_short_day_time(moment: dt.datetime, now: dt.datetime, zone: dt.tzinfo | None) -> str:
    """Return the same in at most 10 columns: 18:00, Sun 09:45, 1 Aug, Aug 2022."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    if not days:
        return f"{local:%H:%M}"
    return f"{local:%a %H:%M}" if 0 < days < 7 else _format_date(local, today, f"{local:%b}")


_NEAR_DAYS = {-1: "yesterday", 0: "today", 1: "tomorrow"}


def _format_date(local: dt.datetime, today: dt.date, month: str) -> str:
    return f"{local.day} {month}" if local.year == today.year else f"{month} {local.year}"


def format_past_time(moment: dt.datetime, now: dt.datetime, zone: dt.tzinfo | None) -> str:
    """Return how long ago a moment was, and when that was, where the day matters: 3 hours ago, 2021-07-18 12:00."""
    return f"{format_ago(moment, now)}, {format_time(moment, zone)}"


def format_next_time(moment: dt.datetime, now: dt.datetime, zone: dt.tzinfo | None) -> str:
    """Return a time to come with its day and zone: tomorrow, 2021-08-01 09:45 Asia/Shanghai (01:45 UTC)."""
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    near = _NEAR_DAYS.get(days) or format_ago(now + dt.timedelta(days), now)
    name = "" if _is_utc(moment, zone) else f" {zone}"
    return f"{near}, {format_time(moment, zone)}{name}{format_utc_beside(moment, zone)}"


def format_utc_beside(moment: dt.datetime, zone: dt.tzinfo | None) -> str:
    """Return the time in UTC to be put behind the local one: ` (01:45 UTC)`, with its date if that is another one.

    ` UTC` if the local time is that already.
    """
    local, utc = moment.astimezone(zone), moment.astimezone(dt.UTC)
    if _is_utc(moment, zone):
        return " UTC"
    return f" ({utc:%H:%M} UTC)" if local.date() == utc.date() else f" ({utc:%Y-%m-%d %H:%M} UTC)"


def _is_utc(moment: dt.datetime, zone: dt.tzinfo | None) -> bool:
    return not moment.astimezone(zone).utcoffset()
