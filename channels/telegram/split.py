"""A digest as messages: as few as will do, each within all limits, each begun where it makes sense.

A text too long for one message, divided where it hurts least.

In this order: between lines, after a sentence, after a pause, at a space, and if all else fails anywhere
but inside what people see as one character. A link or a piece of code is divided last of all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, takewhile
from typing import NamedTuple

from publisher.channels.telegram.autolinks import shielded
from publisher.channels.telegram.digest import PARAGRAPHS, Chapter, Digest
from publisher.channels.telegram.entities import Run, Runs, cut, glue, lines, stripped, text_of
from publisher.channels.telegram.limits import MESSAGE, Counted, Size, counted, joined, size_of
from publisher.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class _Unit:
    """Text that goes into one message: below `gap`, or below `above` where it begins the message, which it
    had better not do when it is `bound` to what stands above it. If it is too large, what is left over goes
    below `rest`. It is `made` of `runs`.
    """

    runs: Runs
    made: Counted
    gap: Counted
    above: Counted
    bound: bool
    rest: Runs

    @property
    def first(self) -> Size:
        """What the unit takes at the beginning of a message."""
        return self.above.size + self.made.size

    @property
    def further(self) -> Size:
        """What the unit takes below others."""
        return self.gap.size + self.made.size


_NOTHING, _LINE, _PARAGRAPH = (counted((Run(text),)) for text in ("", "\n", PARAGRAPHS))


def messages(digest: Digest, say: Mapping[str, str]) -> tuple[Counted, ...]:
    """The messages in order, ready to be sent.

    They are as few as can be, begin with a section rather than inside one, and are of like length. An item
    is divided only when it is larger than a whole message. Several messages are numbered.
    """
    title, name = shielded(digest.title), shielded(digest.name)
    units = [unit for chapter in digest.chapters for unit in _units(chapter, say)]
    whole = _message(counted(title), units)
    if whole.size <= MESSAGE:
        return (whole,)
    # as much room for the numbers as the longest can take
    tops = [_numbered(one, 9999, 9999) for one in (title, name)]
    room = MESSAGE - joined([*tops, _PARAGRAPH]).size
    parts = _divided([small for unit in units for small in _small_enough(unit, room)], *tops)
    names = [title, *[name] * (len(parts) - 1)]
    return tuple(
        _message(_numbered(top, number, len(parts)), part)
        for number, (top, part) in enumerate(zip(names, parts, strict=True), 1)
    )


def _units(chapter: Chapter, say: Mapping[str, str]) -> Iterator[_Unit]:
    """The pieces of a chapter, the first together with the heading."""
    heading, again = shielded(chapter.heading), shielded(chapter.again)
    above, gap = _above(again), counted((Run(chapter.gap),))
    if not chapter.pieces:
        yield _Unit(heading, counted(heading), _PARAGRAPH, _NOTHING, bound=False, rest=())
    for index, piece in enumerate(chapter.pieces):
        runs = shielded(piece.runs)
        rest = lines([again, (Run(piece.label.rstrip() + say["continued"]),) if piece.label else ()])
        if index:
            yield _Unit(runs, counted(runs), gap, above, bound=True, rest=rest)
        else:
            runs = lines([heading, runs])
            yield _Unit(runs, counted(runs), _PARAGRAPH, _NOTHING, bound=False, rest=rest)


def _above(again: Runs) -> Counted:
    """What is said again where a message begins, on lines of its own."""
    return counted((*again, Run("\n"))) if again else _NOTHING


def _small_enough(unit: _Unit, room: Size) -> Iterator[_Unit]:
    """The unit, or its parts if there is no room for it."""
    if unit.first <= room:
        yield unit
        return
    rest = _above(unit.rest)
    left = room - joined([unit.above, rest, _LINE]).size
    first, *others = broken(unit.runs, left)
    yield replace(unit, runs=first, made=counted(first))
    part = replace(unit, gap=_LINE, above=rest)
    yield from (replace(part, runs=runs, made=counted(runs)) for runs in others)


class _Way(NamedTuple):
    """A division of the first units, the less the better: how many messages, how many of them begin among
    units that are bound, how unlike their lengths are. `start` is where the last one begins."""

    messages: int
    torn: int
    uneven: int
    start: int


def _divided(units: Sequence[_Unit], first: Counted, other: Counted) -> list[Sequence[_Unit]]:
    """The units of each message, by the best way through all places where one may begin. `first` and `other`
    are what stands on top of the first message and of all others."""
    sums = [Size(), *accumulate(unit.further for unit in units)]
    tops = [
        (other if index else first).size + _PARAGRAPH.size + unit.first for index, unit in enumerate(units)
    ]
    best = [_Way(0, 0, 0, 0)]
    for end in range(1, len(sums)):
        found: list[_Way] = []
        for start in range(end - 1, -1, -1):
            size = tops[start] + sums[end] - sums[start + 1]
            if found and not size <= MESSAGE:
                break
            before, torn = best[start], start > 0 and units[start].bound
            found.append(_Way(before.messages + 1, before.torn + torn, before.uneven + size.units**2, start))
        best.append(min(found))
    parts, end = [], len(units)
    while end:
        start = best[end].start
        parts.append(units[start:end])
        end = start
    return parts[::-1]


def _message(top: Counted, units: Sequence[_Unit]) -> Counted:
    begun = [part for unit in units[:1] for part in (_PARAGRAPH, unit.above, unit.made)]
    return joined([top, *begun, *[part for unit in units[1:] for part in (unit.gap, unit.made)]])


def _numbered(name: Runs, number: int, count: int) -> Counted:
    return counted(glue(name, (Run(f" · {number}/{count}"),)))


_PLACES = tuple(
    re.compile(pattern) for pattern in (r"\n", r"[。！？；!?;…]+[”’」』）)]*|[.] ", r"[，、：,:—]+", r" ")
)
_JOIN_BEFORE = {"\u200d", "\u20e3", *map(chr, (*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)))}
# what begins a link, tag or command would be one at the start of a message, whatever stood before it
_NOT_FIRST = {*"@#$/.:", "\u2060"}


def broken(runs: Runs, room: Size) -> Iterator[Runs]:
    """The runs in parts of at most `room`, in order; nothing is left out but white space where they part."""
    while not size_of(runs) <= room:
        head, runs = cut(runs, _place(runs, _fitting(runs, room)))
        if head := stripped(head):
            yield head
        runs = stripped(runs)
    if runs:
        yield runs


def _fitting(runs: Runs, room: Size) -> int:
    """How many characters fit, at least one."""
    runs, _ = cut(runs, room.units)
    low, high = 1, len(text_of(runs))
    while low < high:
        middle = (low + high + 1) // 2
        if size_of(cut(runs, middle)[0]) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _place(runs: Runs, most: int) -> int:
    """Where to divide: after at most so many characters, and not so early that little is told."""
    text = text_of(cut(runs, most + 1)[0])
    whole = _whole(runs, most)

    def can(place: int) -> bool:
        return 0 < place <= most and not whole[place] and not _joined(text, place)

    for pattern in _PLACES:
        ends = [found.end() for found in pattern.finditer(text) if can(found.end())]
        if ends and ends[-1] >= most // 3:
            return ends[-1]
    places = range(most, 0, -1)
    return next(filter(can, places), 0) or next((at for at in places if not _joined(text, at)), most)


def _whole(runs: Runs, most: int) -> bytearray:
    """For each place up to `most` whether it is inside a link, an address or a piece of code on a line."""
    inside = bytearray()
    for run in runs:
        if len(inside) > most:
            break
        mark = bool(run.url) or run.style in ("code", "email")
        inside += b"\0" + bytes([mark]) * (len(run.text) - 1)
    return inside + b"\0"


def _joined(text: str, place: int) -> bool:
    """Whether the characters before and behind a place belong together."""
    if place >= len(text):
        return False
    before, after = text[place - 1], text[place]
    if after in _JOIN_BEFORE or after in _NOT_FIRST or before == "\u200d":
        return True
    if unicodedata.category(after).startswith("M") or "\U000e0020" <= after <= "\U000e007f":
        return True
    return _is_flag(before) and _is_flag(after) and _flags_before(text, place) % 2 == 1


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flags_before(text: str, place: int) -> int:
    return sum(1 for _ in takewhile(_is_flag, reversed(text[:place])))
