"""A digest as messages: as few as will do, each within all limits, each begun where it makes sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

from publisher.channels.telegram.breaking import broken
from publisher.channels.telegram.digest import PARAGRAPHS, Chapter, Digest
from publisher.channels.telegram.limits import MESSAGE, NOTHING, Size, size_of
from publisher.channels.telegram.runs import Run, Runs, glue, lines
from publisher.channels.telegram.shield import shielded


@dataclass(frozen=True, slots=True)
class _Unit:
    """Text that goes into one message: below `gap`, or below `again` where it begins the message, which it
    had better not do when it is `bound` to what stands above it. If it is too large, what is left over goes
    below `rest`.

    `size` is that of its runs, `above` that of `again` and the line break below it. What stands between units
    has no marks, so a message is as large as all that is in it together.
    """

    runs: Runs
    size: Size
    gap: str = PARAGRAPHS
    again: Runs = ()
    above: Size = NOTHING
    bound: bool = False
    rest: Runs = ()

    @property
    def first(self) -> Size:
        """What the unit takes at the beginning of a message."""
        return self.above + self.size

    @property
    def further(self) -> Size:
        """What the unit takes below others."""
        return _plain(self.gap) + self.size


def messages(digest: Digest, say: Mapping[str, str]) -> tuple[Runs, ...]:
    """The messages in order, ready to be sent.

    They are as few as can be, begin with a section rather than inside one, and are of like length. An item
    is divided only when it is larger than a whole message. Several messages are numbered.
    """
    title, name = shielded(digest.title), shielded(digest.name)
    units = [unit for chapter in digest.chapters for unit in _units(chapter, say)]
    sizes = [unit.further if index else unit.first for index, unit in enumerate(units)]
    if sum(sizes, size_of(title) + _plain(PARAGRAPHS)) <= MESSAGE:
        return (_message(title, units),)
    # as much room for the numbers as the longest can take
    tops = [_numbered(one, 9999, 9999) for one in (title, name)]
    room = MESSAGE - size_of(glue(*tops, (Run(PARAGRAPHS),)))
    parts = _divided([small for unit in units for small in _small_enough(unit, room)], *tops)
    names = [title, *[name] * (len(parts) - 1)]
    return tuple(
        _message(_numbered(top, number, len(parts)), part)
        for number, (top, part) in enumerate(zip(names, parts, strict=True), 1)
    )


def _units(chapter: Chapter, say: Mapping[str, str]) -> Iterator[_Unit]:
    """The pieces of a chapter, the first together with the heading."""
    heading, again = shielded(chapter.heading), shielded(chapter.again)
    above = _above(again)
    if not chapter.pieces:
        yield _Unit(heading, size_of(heading))
    for index, piece in enumerate(chapter.pieces):
        runs = shielded(piece.runs)
        rest = lines([again, (Run(piece.label.rstrip() + say["continued"]),) if piece.label else ()])
        if index:
            yield _Unit(runs, size_of(runs), chapter.gap, again, above, bound=True, rest=rest)
        else:
            runs = lines([heading, runs])
            yield _Unit(runs, size_of(runs), rest=rest)


def _above(again: Runs) -> Size:
    """What the runs take above others, on lines of their own."""
    return size_of(again) + _plain("\n") if again else NOTHING


def _small_enough(unit: _Unit, room: Size) -> Iterator[_Unit]:
    """The unit, or its parts if there is no room for it."""
    if unit.first <= room:
        yield unit
        return
    left = room - size_of(lines([unit.again, unit.rest, (Run("\n"),)]))
    first, *others = broken(unit.runs, left)
    yield replace(unit, runs=first, size=size_of(first))
    part = replace(unit, gap="\n", again=unit.rest, above=_above(unit.rest))
    yield from (replace(part, runs=runs, size=size_of(runs)) for runs in others)


class _Way(NamedTuple):
    """A division of the first units, the less the better: how many messages, how many of them begin among
    units that are bound, how unlike their lengths are. `start` is where the last one begins."""

    messages: int
    torn: int
    uneven: int
    start: int


def _divided(units: Sequence[_Unit], first: Runs, other: Runs) -> list[Sequence[_Unit]]:
    """The units of each message, by the best way through all places where one may begin. `first` and `other`
    are what stands on top of the first message and of all others."""
    sums = [NOTHING, *accumulate(unit.further for unit in units)]
    tops = [size_of(top) + _plain(PARAGRAPHS) for top in (first, other)]
    best = [_Way(0, 0, 0, 0)]
    for end in range(1, len(sums)):
        found: list[_Way] = []
        for start in range(end - 1, -1, -1):
            size = tops[start > 0] + units[start].first + sums[end] - sums[start + 1]
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


def _message(top: Runs, units: Sequence[_Unit]) -> Runs:
    begun = [lines([unit.again, unit.runs]) for unit in units[:1]]
    others = [piece for unit in units[1:] for piece in ((Run(unit.gap),), unit.runs)]
    return lines([top, glue(*begun, *others)], PARAGRAPHS)


def _plain(text: str) -> Size:
    """What white space takes."""
    return Size(units=len(text), raw_bytes=len(text))


def _numbered(name: Runs, number: int, count: int) -> Runs:
    return glue(name, (Run(f" · {number}/{count}"),))
