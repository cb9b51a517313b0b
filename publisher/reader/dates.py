"""Finds the date in a front matter value, a file name or a title. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from publisher.patterns import lazy_pattern

_YEAR_FIRST = lazy_pattern(
    r"(?<!\d)(\d{4})(?:[-./_]|\.\s|\s*[年년]\s*)(\d{1,2})(?:[-./_]|\.\s|\s*[月월]\s*)(\d{1,2})(?!\d)"
)
_DAY_FIRST = lazy_pattern(r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)")
_SLASHED = lazy_pattern(r"(?<![\d/-])(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?![\d/-])")
_COMPACT = lazy_pattern(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)")
_DAY_AND_MONTH = lazy_pattern(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|\.|º)?(?:\s+|-)(?:of\s+|de\s+)?([^\W\d_]{3,10})\.?,?(?:\s+|-)(?:de\s+)?(\d{4})(?!\d)"
)
_MONTH_AND_DAY = lazy_pattern(r"([^\W\d_]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)")

_MONTHS = (
    "january jan januar janvier enero janeiro gennaio января январь يناير",
    "february feb februar février febrero fevereiro febbraio февраля февраль فبراير",
    "march mar märz mars marzo março марта март مارس",
    "april apr avril abril aprile апреля апрель أبريل ابريل",
    "may mai mayo maio maggio мая май مايو",
    "june jun juni juin junio junho giugno июня июнь يونيو",
    "july jul juli juillet julio julho luglio июля июль يوليو",
    "august aug août agosto августа август أغسطس",
    "september sep sept septembre septiembre setembro settembre сентября сентябрь سبتمبر",
    "october oct oktober octobre octubre outubro ottobre октября октябрь أكتوبر",
    "november nov novembre noviembre novembro ноября ноябрь نوفمبر",
    "december dec dezember décembre diciembre dezembro dicembre декабря декабрь ديسمبر",
)
_MONTHS_IN_A_YEAR = len(_MONTHS)
_MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}


def find_date(text: str) -> dt.date | None:
    """Return the first date in a text, in digits or with the name of a month; None without a valid one."""
    return next((date for parts in _find_candidates(text) if (date := _build_date(*parts))), None)


def find_value_date(text: str) -> dt.date | None:
    """Return the date in a value of the front matter, also one without separators."""
    return find_date(text) or _find_compact(text)


def find_impossible_date(text: str) -> str:
    """Return the first date in digits if there is no such day, as in 2022-02-29; else an empty string."""
    match = _YEAR_FIRST.search(text)
    return match[0] if match and find_date(text) is None else ""


def find_path_date(path: str) -> dt.date | None:
    """Return the date in the name of a file without its suffix, else in the names of its folders.

    The folder of an `index.md` names the issue; `2021/07/18/boats.md` has a date, too.
    """
    pure = PurePosixPath(path)
    folders = "/".join(pure.parts[-5:-1])
    return find_date(pure.stem) or _find_compact(pure.stem) or find_date(folders) or _find_compact(folders)


def _find_compact(text: str) -> dt.date | None:
    """Return the date in a name like 20210718-boats."""
    return next((date for found in _COMPACT.finditer(text) if (date := _build_date(*found.groups()))), None)


def _find_candidates(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield year, month and day of what looks like a date: first those in digits, then those with words."""
    if not any(map(str.isdigit, text)):
        return
    for found in _YEAR_FIRST.finditer(text):
        yield found[1], found[2], found[3]
    for found in _DAY_FIRST.finditer(text):
        yield found[3], found[2], found[1]
    for found in _SLASHED.finditer(text):  # 18/07/2021 or 07/18/2021, and not 07/08/2021, which may be either
        if found[1] == found[3] or max(int(found[1]), int(found[3])) > _MONTHS_IN_A_YEAR:
            yield found[4], found[3], found[1]
            yield found[4], found[1], found[3]
    for found in _MONTH_AND_DAY.finditer(text):
        yield found[3], found[1], found[2]
    for found in _DAY_AND_MONTH.finditer(text):
        yield found[3], found[2], found[1]


def _build_date(year: str, month: str, day: str) -> dt.date | None:
    number = _MONTH_NUMBERS.get(month.casefold()) or (int(month) if re.fullmatch(r"\d+", month) else 0)
    try:
        return dt.date(int(year), number, int(day))
    except ValueError:
        return None
