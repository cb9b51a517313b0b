"""The date and the number of an issue, and their replacement in a text by those of the next one."""

from __future__ import annotations

import datetime as dt
import re

from msgspec import Struct

from publisher.model import Issue, plain
from publisher.patterns import lazy_pattern
from publisher.reader.dates import find_date
from publisher.scaffold.found_issue import NUMBER_PHRASE

NUMBER_KEYS = ("number", "issue", "issue_number", "volume")

_LAST_NUMBER = lazy_pattern(r"\d+(?=\D*\Z)")
_TITLE_NUMBER = lazy_pattern(r"(?<![\d.,])\d+(?=\s*(?:[:：]|\Z))")
_TITLE_END = lazy_pattern(r"\s*[)）\]】]?\s*[:：]?")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH_DAY = lazy_pattern(rf"({'|'.join(_MONTHS)}) (\d{{1,2}}), (\d{{4}})")


class Stamp(Struct, frozen=True):
    """What differs from issue to issue: its date and its number, if it has them."""

    date: dt.date | None
    number: int | None

    def count_up(self, date: dt.date) -> Stamp:
        """The stamp of the next issue, of this date."""
        return Stamp(date, None if self.number is None else self.number + 1)


def find_stamp(issue: Issue) -> Stamp:
    """Return the date and the number of an issue: that of the front matter, or of the title."""
    named = next((value for key, value in issue.front if key.lower() in NUMBER_KEYS and value.isdecimal()), "")
    phrase = _find_number(plain(issue.title.text)) if issue.title else None
    digits = re.search(r"\d+", named or (phrase[0] if phrase else ""))
    return Stamp(issue.date, int(digits[0]) if digits else None)


def replace_stamp(text: str, old: Stamp, new: Stamp) -> str:
    """Return the text with the date and the number of `old` replaced by those of `new`, in the same form."""
    dates = dict(zip(_format_dates(old.date), _format_dates(new.date), strict=False))
    patterns = [rf"(?<!\d){re.escape(date)}(?!\d)" for date in dates]
    if old.number is not None and new.number is not None:
        patterns.append(rf"(?<!\d)0*{old.number}(?!\d)")

    def replace(match: re.Match[str]) -> str:
        return dates.get(match[0]) or f"{new.number:0{len(match[0])}}"

    return re.sub("|".join(patterns), replace, text) if patterns else text


def _format_dates(date: dt.date | None) -> list[str]:
    if date is None:
        return []
    digits = [f"{date:%Y{separator}%m{separator}%d}" for separator in ("-", "/", ".", "")]
    return [*digits, f"{date.year}年{date.month}月{date.day}日", _format_month_day(date)]


def _format_month_day(date: dt.date) -> str:
    return f"{_MONTHS[date.month - 1]} {date.day}, {date.year}"


def find_next_title(text: str, days: int) -> str:
    """Return the title up to its number, counted up, or up to its date, `days` later; "" without one of them."""
    if match := _MONTH_DAY.search(text):
        date = dt.date(int(match[3]), _MONTHS.index(match[1]) + 1, int(match[2])) + dt.timedelta(days)
        return text[: match.start()] + _format_month_day(date)
    phrase = _find_number(text)
    if not phrase or not (counted := count_up(phrase[0])):
        return ""
    end = _TITLE_END.match(text, phrase.end())
    return f"{text[: phrase.start()]}{counted}{end[0].rstrip() if end else ''}"


def _find_number(title: str) -> re.Match[str] | None:
    """Return the number in a title with its words, or one alone at the end or before a colon, but no date."""
    return NUMBER_PHRASE.search(title) or (None if find_date(title) else _TITLE_NUMBER.search(title))


def count_up(name: str) -> str:
    """Return a name with its last number counted up and as many digits; "" without a number."""
    match = _LAST_NUMBER.search(name)
    return f"{name[: match.start()]}{int(match[0]) + 1:0{len(match[0])}}{name[match.end() :]}" if match else ""
