"""A source line with carets below it, aligned in terminal columns."""

from __future__ import annotations

import unicodedata
from functools import cache

MAX_COLUMNS = 100
"""The most columns of an excerpt if the width of the terminal is unknown."""

_MIN_COLUMNS = 40
"""The columns of an excerpt in a narrower terminal."""

_CONTEXT_CHARACTERS = 500
"""Only this number of characters before and after the start is measured, for speed with very long lines."""

_MIN_TRAILING_COLUMNS = 16
"""At least this number of columns after the carets is shown, if the line is long enough."""


def format_excerpt(text: str, start: int, end: int, max_columns: int = MAX_COLUMNS) -> tuple[str, str]:
    """Return the printable line `text` and the line of carets below it.

    The carets go from `start` up to, not including, `end` (characters, counted from 1). A line wider than
    `max_columns` (terminal columns) is cut on both sides and marked with an ellipsis.
    """
    max_columns = max(max_columns, _MIN_COLUMNS)
    origin = max(start - 1 - _CONTEXT_CHARACTERS, 0)
    characters = [_replace_unprintable(char) for char in text[origin : start - 1 + _CONTEXT_CHARACTERS]]
    caret_start = start - 1 - origin
    caret_end = max(min(end - 1 - origin, len(characters)), caret_start + 1)
    visible_start = _find_excerpt_start(characters, caret_start, caret_end, max_columns)
    cells: list[str] = ["…"] if visible_start or origin else []
    column = len(cells)
    caret_width = 0
    indent = column
    for index in range(visible_start, len(characters)):
        size = measure_columns(characters[index])
        if column + size > max_columns - 1:
            cells.append("…")
            break
        if index < caret_start:
            indent += size
        elif index < caret_end:
            caret_width += size
        cells.append(characters[index])
        column += size
    return "".join(cells).rstrip(), " " * indent + "^" * max(caret_width, 1)


def _find_excerpt_start(characters: list[str], caret_start: int, caret_end: int, available: int) -> int:
    """Return the index of the first character to show so that the carets and some text after them fit."""
    trailing = min(
        measure_columns("".join(characters[caret_end : caret_end + _MIN_TRAILING_COLUMNS])), _MIN_TRAILING_COLUMNS
    )
    available -= 2 + trailing + min(measure_columns("".join(characters[caret_start:caret_end])), available // 2)
    visible_start = caret_start
    while visible_start and available >= measure_columns(characters[visible_start - 1]):
        visible_start -= 1
        available -= measure_columns(characters[visible_start])
    return visible_start


def make_printable(text: str) -> str:
    return text if text.isprintable() else "".join(map(_replace_unprintable, text))


@cache
def _replace_unprintable(char: str) -> str:
    """Return a replacement that takes a known number of columns and does not move the cursor.

    Joiners and variation selectors are removed: terminals disagree about the width of joined emoji.
    """
    if char == "\t":
        return "    "
    if char in "\u200c\u200d\ufe0e\ufe0f":
        return ""
    return char if char.isprintable() or unicodedata.category(char) in ("Zs", "Mn") else "\ufffd"


def measure_columns(text: str) -> int:
    """Return the columns of a text: two for East Asian wide characters (UAX #11), none for combining ones."""
    return len(text) if text.isascii() else sum(map(_measure_character, text))


@cache
def _measure_character(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
