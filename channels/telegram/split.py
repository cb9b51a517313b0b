"""Splits a digest into messages: as few as possible, each within all limits, each beginning at a sensible
place.

A text too long for one message is split, in this order: between lines, after a sentence, after a comma, at
a space, else anywhere except inside a grapheme cluster. Links and code are split last.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec.structs import astuple, replace

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
    take_spans,
)
from publisher.patterns import lazy_pattern


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
        parts += [unit.separator, unit.text] if len(parts) > 1 else [PARAGRAPH_BREAK, unit.heading, unit.text]
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
    # the sum of the sizes of all units before each place, in four lists: a comparison of sizes costs too much here
    sums = [
        [0, *accumulate(sizes)] for sizes in zip(*(astuple(u.separator.size + u.text.size) for u in units), strict=True)
    ]
    # for each end: how many messages there are before it, how many of them begin with a bound unit, how much
    # their lengths differ, and where the last one begins
    best = {0: (0, 0, 0, 0)}
    for start, unit in enumerate(units):
        count, bound, unevenness, _ = best[start]
        own = (other if start else first) + PARAGRAPH_BREAK.size + unit.heading.size - unit.separator.size
        room = astuple(MAX_MESSAGE_SIZE - own)
        ends = (bisect_right(sum_, sum_[start] + room_) - 1 for sum_, room_ in zip(sums, room, strict=True))
        made_bound, length = bound + (start > 0 and unit.is_bound), own.units - sums[0][start]
        for end in range(start + 1, max(min(ends), start + 1) + 1):
            made = (count + 1, made_bound, unevenness + (length + sums[0][end]) ** 2, start)
            if end not in best or made < best[end]:
                best[end] = made
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
_FLAG = lazy_pattern("[\U0001f1e6-\U0001f1ff]{2}")


def split_to_fit(spans: Spans, limit: MessageSize) -> Iterator[Spans]:
    """Split spans into parts of at most `limit`, in order; only white space at the splits is removed."""
    pieces = _cut_long_spans(strip_spans(spans), limit.units)
    window: Spans = ()  # what comes next, and at least a character more than fits unless it is the end
    while True:
        window = _fill_window(window, pieces, limit.units + 1)
        if render_spans(window).size <= limit:
            break
        head, window = split_spans(window, _find_break_position(window, _count_fitting_characters(window, limit)))
        if head := strip_spans(head):
            yield head
    if window:
        yield window


def _cut_long_spans(spans: Spans, size: int) -> Iterator[Span]:
    """Yield the spans, those of more than `size` characters in several."""
    for span in spans:
        for start in range(0, len(span.text), size):
            yield span.with_text(span.text[start : start + size])


def _fill_window(window: Spans, pieces: Iterator[Span], size: int) -> Spans:
    """Return the window without white space at its start, filled up to `size` characters or more."""
    while True:
        text = span_text(window)
        _, window = split_spans(window, len(text) - len(text.lstrip()))
        missing = size - len(text.lstrip())
        more: list[Span] = []
        while missing > 0 and (piece := next(pieces, None)):
            more.append(piece)
            missing -= len(piece.text)
        if not more:
            return window
        window = join_spans(window, more)


def _count_fitting_characters(spans: Spans, limit: MessageSize) -> int:
    """Return how many characters fit, at least one."""
    counts = range(1, min(limit.units, len(span_text(spans))) + 1)
    return max(1, bisect_left(counts, x=True, key=lambda n: not render_spans(take_spans(spans, n)).size <= limit))


def _find_break_position(spans: Spans, max_length: int) -> int:
    """Return where to split: after at most `max_length` characters, and not much earlier if possible."""
    spans = take_spans(spans, max_length + 1)
    text = span_text(spans)
    # whether a position is inside a link, a URL or inline code
    inside = [
        index > 0 and (bool(span.url) or span.style in ("code", "email"))
        for span in spans
        for index in range(len(span.text))
    ]
    in_flags = {flag.start() + 1 for flag in _FLAG.finditer(text)}
    allowed = [at for at in range(1, max_length + 1) if at not in in_flags and not _is_unbreakable(text, at)]
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
    before, after = text[position - 1], text[position]
    return (
        after in _NO_BREAK_BEFORE
        or after in _NOT_AT_MESSAGE_START
        or before == "\u200d"
        or unicodedata.category(after).startswith("M")
        or "\U000e0020" <= after <= "\U000e007f"
    )
