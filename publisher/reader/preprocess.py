"""The first pass over the lines: marks code, and removes comments, scripts and link reference definitions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from publisher.model import Definition, Dropped
from publisher.patterns import lazy_pattern
from publisher.reader.blocks import FENCE, closes_fence
from publisher.reader.definitions import DefinitionFinder
from publisher.reader.lines import Line, compute_span

_HIDDEN = lazy_pattern(r"\s*<(?:!--|(script|style|template|title)\b[^>]*>)", re.IGNORECASE)


class PreprocessedLines(Struct):
    """The remaining lines, and what was removed from them."""

    lines: list[Line] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def preprocess(lines: Sequence[Line]) -> PreprocessedLines:
    """Mark code, and remove comments, scripts and link reference definitions."""
    lines = list(lines)
    parts = PreprocessedLines()
    unclosed: set[str] = set()
    last_comment_end = max((i for i, line in enumerate(lines) if "-->" in line.text), default=-1)
    finder = DefinitionFinder(lines)
    at = 0
    while at < len(lines):
        line = lines[at]
        fence = FENCE.match(line.text) if "```" in line.text or "~~~" in line.text else None
        if fence and fence[1] not in unclosed:
            end = _find_fence_end(lines, at, fence[1])
            if end:
                parts.lines += [replace(code, code=True) for code in lines[at:end]]
                finder.skip()
                at = end
                continue
            unclosed.add(fence[1])
        hidden = _HIDDEN.match(line.text)
        if hidden and (hidden[1] or at <= last_comment_end) and (hidden_end := _find_hidden_end(lines, at, hidden)):
            end, column = hidden_end
            inside = [*lines[at:end], lines[end].keep(column)]
            parts.dropped.append(_build_dropped((hidden[1] or "comment").lower(), inside))
            parts.lines.append(replace(line, text=""))
            finder.skip()
            lines[end] = lines[end].cut(column)
            at = end if lines[end].text else end + 1
        elif found := finder.find_at(at):
            if isinstance(found.node, Definition):
                parts.definitions.append(found.node)
            else:
                parts.dropped.append(found.node)
            parts.lines += found.rest
            at = found.end
        else:
            parts.lines.append(line)
            at += 1
    return parts


def _find_fence_end(lines: Sequence[Line], at: int, fence: str) -> int:
    """Return the index after the line that closes a code fence; 0 if it is never closed."""
    return next((end + 1 for end in range(at + 1, len(lines)) if closes_fence(lines[end].text, fence)), 0)


def _find_hidden_end(lines: Sequence[Line], at: int, opening: re.Match[str]) -> tuple[int, int] | None:
    """Return the line and column where a comment or element ends that begins a line; None if it never does, or
    in the middle of its first line.

    An element with text behind its tag must end in the same paragraph: it may be named in prose.
    """
    closing = f"</{opening[1].lower()}>" if opening[1] else "-->"
    in_prose = bool(opening[1]) and bool(lines[at].text[opening.end() :].strip())
    for end in range(at, len(lines)):
        text = lines[end].text.lower()
        if in_prose and not text:
            return None
        column = text.find(closing, opening.end() if end == at else 0)
        if column >= 0:
            column += len(closing)
            return (end, column) if end > at or not text[column:].strip() else None
    return None


def _build_dropped(name: str, lines: Sequence[Line]) -> Dropped:
    return Dropped(name, "\n".join(line.text for line in lines), pos=compute_span(lines))
