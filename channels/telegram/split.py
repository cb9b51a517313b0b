"""A digest as messages: as few as will do, each within all limits, each begun where it makes sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from publisher.channels.telegram.autolinks import shielded
from publisher.channels.telegram.breaking import broken
from publisher.channels.telegram.digest import PARAGRAPHS, Chapter, Digest
from publisher.channels.telegram.entities import Run, Runs, glue, lines
from publisher.channels.telegram.limits import MESSAGE, Counted, Size, counted, joined
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
