"""The first pass over the lines: marks code, and removes comments, scripts and link reference definitions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from publisher import links
from publisher.model import Definition, Dropped
from publisher.patterns import lazy_pattern
from publisher.reader.blocks import FENCE, closes_fence
from publisher.reader.lines import Line, compute_span

_DEFINITION = lazy_pattern(
    r" {0,3}\[((?:[^\]\[\\]|\\.){1,200})\]:\s+<?(\S+?)>?(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^)]*\)))?\Z"
)
_HIDDEN = lazy_pattern(r"\s*<(?:!--|(script|style|template)\b[^>]*>)", re.IGNORECASE)


class PreprocessedLines(Struct):
    """The remaining lines, and what was removed from them."""

    lines: list[Line] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def preprocess(lines: Sequence[Line]) -> PreprocessedLines:
    """Mark code, and remove comments, scripts and link reference definitions."""
    parts = PreprocessedLines()
    unclosed: set[str] = set()
    last_comment_end = max((i for i, line in enumerate(lines) if "-->" in line.text), default=-1)
    at = 0
    while at < len(lines):
        line = lines[at]
        fence = FENCE.match(line.text) if "```" in line.text or "~~~" in line.text else None
        if fence and fence[1] not in unclosed:
            end = _find_fence_end(lines, at, fence[1])
            if end:
                parts.lines += [replace(inside, code=True) for inside in lines[at:end]]
                at = end
                continue
            unclosed.add(fence[1])
        hidden = _HIDDEN.match(line.text)
        if hidden and (hidden[1] or at <= last_comment_end) and (end := _find_hidden_end(lines, at, hidden)):
            parts.dropped.append(_build_dropped((hidden[1] or "comment").lower(), lines[at:end]))
            parts.lines.append(replace(line, text=""))
            at = end
        elif (definition := _DEFINITION.match(line.text)) and not definition[1].startswith("^"):
            if links.is_safe_url(definition[2]):
                parts.definitions.append(Definition(definition[1], definition[2], line.pos))
            else:
                parts.dropped.append(_build_dropped("unsafe-url", [line]))
            parts.lines.append(replace(line, text=""))
            at += 1
        else:
            parts.lines.append(line)
            at += 1
    return parts


def _find_fence_end(lines: Sequence[Line], at: int, fence: str) -> int:
    """Return the index after the line that closes a code fence; 0 if it is never closed."""
    return next((end + 1 for end in range(at + 1, len(lines)) if closes_fence(lines[end].text, fence)), 0)


def _find_hidden_end(lines: Sequence[Line], at: int, opening: re.Match[str]) -> int:
    """Return the index after a comment or element that fills whole lines; 0 if it does not."""
    closing = f"</{opening[1].lower()}>" if opening[1] else "-->"
    for end in range(at, len(lines)):
        text = lines[end].text[opening.end() if end == at and not opening[1] else 0 :].lower()
        if closing in text:
            return end + 1 if text.rstrip().endswith(closing) else 0
    return 0


def _build_dropped(name: str, lines: Sequence[Line]) -> Dropped:
    return Dropped(name, "\n".join(line.text for line in lines), pos=compute_span(lines))
