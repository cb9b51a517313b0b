"""A text too long for one message, divided where it hurts least.

In this order: between lines, after a sentence, after a pause, at a space, and if all else fails anywhere
but inside what people see as one character. A link or a piece of code is divided last of all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import takewhile

from publisher.channels.telegram.entities import Runs, cut, stripped, text_of
from publisher.channels.telegram.limits import Size, size_of

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
