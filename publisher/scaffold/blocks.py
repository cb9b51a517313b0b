"""Splits the body of an issue into the blocks that `new` compares: headings, and what blank lines separate."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from publisher.patterns import lazy_pattern

_FENCE = lazy_pattern(r" {0,3}(`{3,}|~{3,})")
_HEADING = lazy_pattern(r" {0,3}#{1,6}(?:\s|\Z)")
_TAG = lazy_pattern(r"\s*<([A-Za-z][\w-]*)")


class Block(Struct, frozen=True):
    """Lines that belong together: from `start` up to `end`, which is not of it, counted from 0."""

    text: str
    start: int
    end: int

    @property
    def words(self) -> str:
        """The text with one space where there are several."""
        return re.sub(r"[ \t]+", " ", self.text)


def split_blocks(lines: Sequence[str]) -> list[Block]:
    """Return the blocks of a text. Code, comments and HTML elements are one block each, with their blank lines."""
    blocks: list[Block] = []
    index = 0
    while index < len(lines):
        if not lines[index].strip():
            index += 1
            continue
        end = _find_end(lines, index)
        blocks.append(Block("\n".join(line.rstrip() for line in lines[index:end]), index, end))
        index = end
    return blocks


def _find_end(lines: Sequence[str], start: int) -> int:
    line = lines[start]
    if _HEADING.match(line):
        return start + 1
    if fence := _FENCE.match(line):
        closing = re.compile(rf" {{0,3}}{re.escape(fence[1])}+\s*\Z")
        return next((at + 1 for at in range(start + 1, len(lines)) if closing.match(lines[at])), len(lines))
    if line.lstrip().startswith("<!--"):
        return next((at + 1 for at in range(start, len(lines)) if "-->" in lines[at]), _find_blank(lines, start))
    if tag := _TAG.match(line):
        return _find_closing_tag(lines, start, tag[1])
    return _find_blank(lines, start)


def _find_blank(lines: Sequence[str], start: int) -> int:
    """Return where a paragraph ends: at a blank line or a heading."""
    return next(
        (at for at in range(start + 1, len(lines)) if not lines[at].strip() or _HEADING.match(lines[at])), len(lines)
    )


def _find_closing_tag(lines: Sequence[str], start: int, name: str) -> int:
    """Return the end of the paragraph in which the element ends; that of its first paragraph if it does not end."""
    tags = re.compile(rf"<(/?){re.escape(name)}\b", re.IGNORECASE)
    depth, end = 0, start
    while end < len(lines):
        stop = _find_blank(lines, end)
        for match in tags.finditer("\n".join(lines[end:stop])):
            depth += -1 if match[1] else 1
        if depth <= 0:
            return stop
        end = stop
    return _find_blank(lines, start)
