"""Splits a digest into messages: as few as possible, each within all limits, each beginning at a sensible
place.

A text too long for one message is split, in this order: between lines, after a sentence, after a comma, at
a space, else anywhere except inside a grapheme cluster. Links and code are split last.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from publisher.channels.telegram.digest import IssueDigest, MessageUnit
from publisher.channels.telegram.entities import (
    LINE_BREAK,
    MAX_MESSAGE_SIZE,
    PARAGRAPH_BREAK,
    MessageSize,
    RenderedText,
    Span,
    Spans,
    join_rendered,
    join_spans,
    render_spans,
    span_text,
    split_spans,
    strip_spans,
)


def build_messages(digest: IssueDigest) -> list[RenderedText]:
    """Return the messages in order.

    They are as few as possible, begin with a section rather than inside one, and have similar lengths. An
    item is split only if it is larger than a whole message. Several messages are numbered.
    """
    whole = _assemble_message(digest.title, "", digest.units)
    if whole.size <= MAX_MESSAGE_SIZE:
        return [whole]
    # reserve the space of the longest number
    first, other = (_assemble_message(title, " · 9999/9999", ()).size for title in (digest.title, digest.running_title))
    room = MAX_MESSAGE_SIZE - (first + other + PARAGRAPH_BREAK.size)
    parts = _find_best_split(
        [part for unit in digest.units for part in _split_oversized_unit(unit, room)], first, other
    )
    return [
        _assemble_message(digest.running_title if number > 1 else digest.title, f" · {number}/{len(parts)}", part)
        for number, part in enumerate(parts, 1)
    ]


def _assemble_message(title: Spans, number: str, units: Sequence[MessageUnit]) -> RenderedText:
    parts = [render_spans(join_spans(title, (Span(number),)))]
    for unit in units:
        parts += [unit.separator, unit.text] if parts[1:] else [PARAGRAPH_BREAK, unit.heading, unit.text]
    return join_rendered(parts)


def _split_oversized_unit(unit: MessageUnit, limit: MessageSize) -> Iterator[MessageUnit]:
    """Yield the unit, or its parts if it does not fit into a message."""
    if unit.heading.size + unit.text.size <= limit:
        yield unit
        return
    again = render_spans(unit.continuation)
    room = limit - (unit.heading.size + again.size + LINE_BREAK.size)
    for part in map(render_spans, split_to_fit(unit.text.spans, room)):
        yield replace(unit, text=part)
        unit = replace(unit, separator=LINE_BREAK, heading=again)


def _find_best_split(
    units: Sequence[MessageUnit], first: MessageSize, other: MessageSize
) -> list[Sequence[MessageUnit]]:
    """Return the units of each message, by dynamic programming over all possible beginnings.

    `first` and `other` are the sizes of the titles on top of the first message and of all others.
    """
    # for each end: how many messages there are before it, how many of them begin with a bound unit, how much
    # their lengths differ, and where the last one begins
    best = {0: (0, 0, 0, 0)}
    for start, unit in enumerate(units):
        count, bound, unevenness, _ = best[start]
        size = (other if start else first) + PARAGRAPH_BREAK.size + unit.heading.size + unit.text.size
        for end in range(start + 1, len(units) + 1):
            if end > start + 1:
                size += units[end - 1].separator.size + units[end - 1].text.size
                if not size <= MAX_MESSAGE_SIZE:
                    break
            made = (count + 1, bound + (start > 0 and unit.is_bound), unevenness + size.units**2, start)
            best[end] = min(best.get(end, made), made)
    parts, end = [], len(units)
    while end:
        start = best[end][-1]
        parts.append(units[start:end])
        end = start
    return parts[::-1]


_BREAK_PATTERNS = tuple(
    re.compile(pattern) for pattern in (r"\n", r"[。！？；!?;…]+[”’」』）)]*|[.] ", r"[，、：,:—]+", r" ")
)
_NO_BREAK_BEFORE = {"\u200d", "\u20e3", *map(chr, (*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)))}
# at the start of a message, what begins a link, tag or command becomes one, whatever preceded it
_NOT_AT_MESSAGE_START = {*"@#$/.:", "\u2060"}
_REGIONAL_INDICATORS = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def split_to_fit(spans: Spans, limit: MessageSize) -> Iterator[Spans]:
    """Split spans into parts of at most `limit`, in order; only white space at the splits is removed."""
    while not render_spans(spans).size <= limit:
        head, spans = split_spans(spans, _find_break_position(spans, _count_fitting_characters(spans, limit)))
        if head := strip_spans(head):
            yield head
        spans = strip_spans(spans)
    if spans:
        yield spans


def _count_fitting_characters(spans: Spans, limit: MessageSize) -> int:
    """Return how many characters fit, at least one."""
    counts = range(1, min(limit.units, len(span_text(spans))) + 1)
    return max(1, bisect_left(counts, x=True, key=lambda n: not render_spans(split_spans(spans, n)[0]).size <= limit))


def _find_break_position(spans: Spans, max_length: int) -> int:
    """Return where to split: after at most `max_length` characters, and not much earlier if possible."""
    spans, _ = split_spans(spans, max_length + 1)
    text = span_text(spans)
    # whether a position is inside a link, a URL or inline code
    inside = [
        index > 0 and (bool(span.url) or span.style in ("code", "email"))
        for span in spans
        for index in range(len(span.text))
    ]
    allowed = [at for at in range(1, max_length + 1) if not _is_unbreakable(text, at)]
    good = {at for at in allowed if not any(inside[at : at + 1])}
    for pattern in _BREAK_PATTERNS:
        ends = [match.end() for match in pattern.finditer(text) if match.end() in good]
        if ends and ends[-1] >= max_length // 3:
            return ends[-1]
    return max(good or allowed, default=max_length)


def _is_unbreakable(text: str, position: int) -> bool:
    """Return whether the characters before and after a position belong together."""
    if position >= len(text):
        return False
    before, after = text[:position], text[position]
    return (
        after in _NO_BREAK_BEFORE
        or after in _NOT_AT_MESSAGE_START
        or before.endswith("\u200d")
        or unicodedata.category(after).startswith("M")
        or "\U000e0020" <= after <= "\U000e007f"
        # the second half of a flag
        or (after in _REGIONAL_INDICATORS and (position - len(before.rstrip(_REGIONAL_INDICATORS))) % 2 == 1)
    )
