"""Breaks a text into lines and finds the size at which it fits. Pure: widths come from a function."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from publisher.named_tuple import NamedTuple
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


# after what a line had better end: between topics, and where a sentence pauses. A bonus makes up for the square of how
# far a line is from its share of the text, in widths of the column.
_BONUSES = {**dict.fromkeys("，。、；：？！,;:.?!—،؛؟", 0.1), **dict.fromkeys("/·", 0.4)}
_SPACE_BONUS = 0.06  # in Chinese and Japanese, at a word in Latin letters rather than inside of another word
_ROUNDING = 1e-6


class FittedText(NamedTuple):
    """The lines of a text, and the size of the font in pixels at which they fit."""

    lines: tuple[str, ...]
    size: int


def _split_units(text: str) -> list[str]:
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
    units = _measure_units(text.strip(), measure)
    widest = max((unit.width for unit in units), default=0.0)
    for size in sizes:
        lines = _break_units(units, measure, width / size)
        if len(lines) <= count_rows(size) and widest <= width / size:
            return FittedText(tuple(_balance(units, len(lines), width / size)), size)
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
    return [_Unit(unit, measure(unit)) for unit in _split_units(text)]


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


def _balance(units: Sequence[_Unit], rows: int, width: float) -> list[str]:
    """Return the text in so many lines, about equally long, and broken where a sentence pauses if that is near.

    No unit may be wider than a line, and the text must fit. Without this, the last line may be a single word.
    """
    if rows == 1:
        return ["".join(unit.text for unit in units).strip()]
    starts = [0.0]
    for unit in units:
        starts.append(starts[-1] + unit.width)
    ideal = starts[-1] / rows
    # for each unit that may begin a line: the least cost of the lines before it, and these
    found: dict[int, tuple[float, tuple[str, ...]]] = {0: (0.0, ())}
    for row in range(1, rows + 1):
        longer: dict[int, tuple[float, tuple[str, ...]]] = {}
        for begin, (cost, lines) in found.items():
            for end in range(begin + 1, len(units) + 1):
                length, last = starts[end] - starts[begin], units[end - 1].text
                if length > width + _ROUNDING and begin + 1 < end and not last.isspace():
                    break
                if last.isspace() or (row == rows) != (end == len(units)):
                    continue
                before_space = end < len(units) and units[end].text.isspace()
                bonus = 0.0 if row == rows else _BONUSES.get(last[-1], _SPACE_BONUS if before_space else 0.0)
                total = cost + ((length - ideal) / width) ** 2 - bonus
                follows = end + before_space
                if follows not in longer or total < longer[follows][0]:
                    longer[follows] = total, (*lines, "".join(unit.text for unit in units[begin:end]))
        found = longer
    return list(found[len(units)][1])


def _tear(word: str, measure: Measure, width: float) -> list[str]:
    """Return the pieces of a word that is wider than a line; no piece begins with a mark that belongs to a letter."""
    if measure(word) <= width:
        return [word]
    pieces, used = [""], 0.0
    for char in word:
        is_mark = unicodedata.category(char)[0] == "M" or char in _NO_START
        if pieces[-1] and not is_mark and used + measure(char) > width:
            pieces, used = [*pieces, ""], 0.0
        pieces[-1] += char
        used += measure(char)
    return pieces


def _cut(line: str, measure: Measure, width: float) -> str:
    """Return the line with "…" at its end, at the end of a word if that leaves most of it."""
    units = _split_units(line)
    while len(units) > 1 and measure("".join(units).rstrip() + "…") > width:
        units.pop()
    cut = "".join(units)
    while len(cut) > 1 and measure(cut.rstrip() + "…") > width:
        cut = cut[:-1]
    return cut.rstrip().rstrip("，。、；：,.;:/-—–· (（《「『【“‘…").rstrip() + "…"
