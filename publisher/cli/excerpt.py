"""A line of source with carets below it, in columns of the terminal."""

from __future__ import annotations

import unicodedata

MAX_COLUMNS = 100
"""The most columns of an excerpt, where nobody says how wide the terminal is."""

_MIN_COLUMNS = 40
"""The columns of an excerpt in a terminal that has hardly any."""

_CONTEXT_CHARACTERS = 500
"""So many characters on both sides are looked at: what is farther away has no room, in lines like tx."""

_MIN_TRAILING_COLUMNS = 16
"""So many columns behind the carets are shown at least, where there are any."""


def format_excerpt(text: str, start: int, end: int, max_columns: int = MAX_COLUMNS) -> tuple[str, str]:
    """The line `text` as it can be shown, and below it carets from column `start` up to `end` (in characters,
    counted from 1). What does not fit into so many columns is left out on both sides, for an ellipsis."""
    max_columns = max(max_columns, _MIN_COLUMNS)
    origin = max(start - 1 - _CONTEXT_CHARACTERS, 0)
    shown = [_replace_unprintable(char) for char in text[origin : start - 1 + _CONTEXT_CHARACTERS]]
    first = start - 1 - origin
    last = max(min(end - 1 - origin, len(shown)), first + 1)
    begin = _find_excerpt_start(shown, first, last, max_columns)
    cells: list[str] = ["…"] if begin or origin else []
    column = len(cells)
    marked = 0
    pad = column
    for index in range(begin, len(shown)):
        size = measure_columns(shown[index])
        if column + size > max_columns - 1:
            cells.append("…")
            break
        if index < first:
            pad += size
        elif index < last:
            marked += size
        cells.append(shown[index])
        column += size
    return "".join(cells).rstrip(), " " * pad + "^" * max(marked, 1)


def _find_excerpt_start(shown: list[str], first: int, last: int, room: int) -> int:
    """The first character to show: the line's own, or the one from which the place still fits."""
    behind = min(measure_columns("".join(shown[last : last + _MIN_TRAILING_COLUMNS])), _MIN_TRAILING_COLUMNS)
    room -= 2 + behind + min(measure_columns("".join(shown[first:last])), room // 2)
    begin = first
    while begin and room >= measure_columns(shown[begin - 1]):
        begin -= 1
        room -= measure_columns(shown[begin])
    return begin


def make_printable(text: str) -> str:
    """A text as it can be shown."""
    return text if text.isprintable() else "".join(map(_replace_unprintable, text))


def _replace_unprintable(char: str) -> str:
    """A character as one that takes its columns and moves no cursor. What joins emoji, or chooses between
    forms of one, is left out: how many columns the result takes, every terminal sees differently."""
    if char == "\t":
        return "    "
    if char in "\u200c\u200d\ufe0e\ufe0f":
        return ""
    return char if char.isprintable() or unicodedata.category(char) in ("Zs", "Mn") else "\ufffd"


def measure_columns(text: str) -> int:
    """The columns a text takes: two for East Asian wide characters, none for what combines (UAX #11)."""
    return sum(_measure_character(char) for char in text)


def _measure_character(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
