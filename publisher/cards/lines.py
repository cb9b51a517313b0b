"""Breaks a text into lines and finds the size at which it fits. Pure: widths come from a function."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from publisher.patterns import lazy_pattern

Measure = Callable[[str], float]
"""Returns the width of a text in a font of size 1."""

# what never begins a line and what never ends one: W3C, Requirements for Chinese and for Japanese Text Layout
_NO_START = frozenset(
    "，。、；：？！）》」』】〉〕〗’”…—·%,.;:?!)]}/»›‰°′″℃ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々〻‐゠–〜・،؛؟।"
)
_NO_END = frozenset("（《「『【〈〔〖“‘([{«‹#$£¥€@")
_EAST_ASIAN = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_UNIT = lazy_pattern(rf"(?P<space>\s+)|[^\s{_EAST_ASIAN}]+|.", re.DOTALL)


_PAUSES = frozenset("，。、；：？！,;:.?!—،؛؟/·")
_BALANCING_STEPS = 12


class FittedText(NamedTuple):
    """The lines of a text, and the size of the font in pixels at which they fit."""

    lines: tuple[str, ...]
    size: int


def split_units(text: str) -> list[str]:
    """Return the parts that stay on one line: words whole, with the punctuation next to them, and single ideographs.

    Spaces are parts of their own.
    """
    units: list[str] = []
    joins = False  # to what stands before
    for match in _UNIT.finditer(text):
        part = match[0]
        if match["space"]:
            units.append(part)
            joins = False
        elif units and (joins or (part[0] in _NO_START and not units[-1].isspace())):
            units[-1] += part
            joins = part[-1] in _NO_END
        elif part[0] in _NO_START and len(units) > 1:  # after a space, as in "A / B"
            space = units.pop()
            units[-1] += space + part
            joins = False
        else:
            units.append(part)
            joins = part[-1] in _NO_END
    return units


def break_lines(text: str, measure: Measure, width: float) -> list[str]:
    """Return the lines of a text, none wider than `width`: a word that is wider alone is torn."""
    return _break_units(_measure_units(text, measure), measure, width)


def fit_text(
    text: str, measure: Measure, width: float, sizes: Sequence[int], count_rows: Callable[[int], int]
) -> FittedText:
    """Return the text at the largest of `sizes` at which it has at most `count_rows(size)` lines, about equally long.

    At the smallest it is cut with "…". `width` is in pixels.
    """
    units = _measure_units(text, measure)
    widest = max((unit.width for unit in units), default=0.0)
    for size in sizes:
        lines = _break_units(units, measure, width / size)
        if len(lines) <= count_rows(size) and widest <= width / size:
            return FittedText(tuple(_balance(units, lines, measure, width / size)), size)
    size = sizes[-1]
    lines, rows = _break_units(units, measure, width / size), count_rows(size)
    if len(lines) > rows:
        lines = [*lines[: rows - 1], _cut(lines[rows - 1], measure, width / size)]
    return FittedText(tuple(lines), size)


class _Unit(NamedTuple):
    text: str
    width: float


def _measure_units(text: str, measure: Measure) -> list[_Unit]:
    """Return the units with their widths: measured once, and not again for each size and each line."""
    return [_Unit(unit, measure(unit)) for unit in split_units(text)]


def _break_units(units: Sequence[_Unit], measure: Measure, width: float) -> list[str]:
    lines, line, used = [], "", 0.0
    for unit in units:
        is_space = unit.text.isspace()
        if is_space or used + unit.width <= width:
            if line or not is_space:
                line, used = line + unit.text, used + unit.width
            continue
        if line:
            lines.append(line.rstrip())
        *torn, line = _tear(unit.text, measure, width)
        lines += torn
        used = measure(line) if torn else unit.width
    return [*lines, line.rstrip()]


def _balance(units: Sequence[_Unit], lines: list[str], measure: Measure, width: float) -> list[str]:
    """Return as many lines, broken where a sentence pauses if that is possible, and else about equally long.

    Without that, the last line may be a single word.
    """
    if len(lines) == 1:
        return lines
    narrowest = max(max(unit.width for unit in units), sum(unit.width for unit in units) / len(lines))
    best, best_pauses = lines, -1
    for step in range(_BALANCING_STEPS + 1):
        column = narrowest + (width - narrowest) * step / _BALANCING_STEPS
        tried = _break_units(units, measure, column)
        pauses = sum(line[-1:] in _PAUSES for line in tried[:-1])
        if len(tried) == len(lines) and pauses > best_pauses:
            best, best_pauses = tried, pauses
    return best


def _tear(word: str, measure: Measure, width: float) -> list[str]:
    """Return the pieces of a word that is wider than a line; no piece begins with a mark that belongs to a letter."""
    if measure(word) <= width:
        return [word]
    pieces = [""]
    for char in word:
        is_mark = unicodedata.category(char)[0] == "M" or char in _NO_START
        if pieces[-1] and not is_mark and measure(pieces[-1] + char) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces


def _cut(line: str, measure: Measure, width: float) -> str:
    """Return the line with "…" at its end, at the end of a word if that leaves most of it."""
    units = split_units(line)
    while len(units) > 1 and measure("".join(units).rstrip() + "…") > width:
        units.pop()
    cut = "".join(units)
    while len(cut) > 1 and measure(cut.rstrip() + "…") > width:
        cut = cut[:-1]
    return cut.rstrip().rstrip("，。、；：,.;:/-—–· (（《「『【“‘…").rstrip() + "…"
