"""Splits a digest into messages: as few as possible, each within all limits, each beginning at a sensible
place.

A text too long for one message is split, in this order: between lines, after a sentence, after a comma, at
a space, else anywhere except inside a grapheme cluster. Links and code are split last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, takewhile
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from publisher.channels.telegram.autolinks import prevent_autolinks
from publisher.channels.telegram.digest import PARAGRAPH_SEPARATOR, DigestSection, IssueDigest
from publisher.channels.telegram.entities import (
    Span,
    Spans,
    join_lines,
    join_spans,
    span_text,
    split_spans,
    strip_spans,
)
from publisher.channels.telegram.limits import (
    MAX_MESSAGE_SIZE,
    MessageSize,
    RenderedText,
    join_rendered,
    measure_spans,
    render_spans,
)


class _MessageUnit(Struct, frozen=True):
    """Text that is not split between messages if possible.

    It follows `separator`, or `repeated_heading` at the beginning of a message; a `bound` unit should not
    begin a message. If it is too large, the remainder follows `rest`. `rendered` is the rendering of
    `spans`.
    """

    spans: Spans
    rendered: RenderedText
    separator: RenderedText
    repeated_heading: RenderedText
    keep_with_previous: bool
    continuation_heading: Spans

    @property
    def size_at_start(self) -> MessageSize:
        """Return the size of the unit at the beginning of a message."""
        return self.repeated_heading.size + self.rendered.size

    @property
    def size_after_others(self) -> MessageSize:
        """Return the size of the unit after another one."""
        return self.separator.size + self.rendered.size


_EMPTY, _LINE_BREAK, _PARAGRAPH_BREAK = (
    render_spans((Span(text),)) for text in ("", "\n", PARAGRAPH_SEPARATOR)
)


def build_messages(digest: IssueDigest, labels: Mapping[str, str]) -> tuple[RenderedText, ...]:
    """Return the messages in order.

    They are as few as possible, begin with a section rather than inside one, and have similar lengths. An
    item is split only if it is larger than a whole message. Several messages are numbered.
    """
    title, name = prevent_autolinks(digest.title), prevent_autolinks(digest.running_title)
    units = [unit for chapter in digest.sections for unit in _build_units(chapter, labels)]
    whole = _assemble_message(render_spans(title), units)
    if whole.size <= MAX_MESSAGE_SIZE:
        return (whole,)
    # reserve the space of the longest number
    tops = [_render_numbered_title(one, 9999, 9999) for one in (title, name)]
    room = MAX_MESSAGE_SIZE - join_rendered([*tops, _PARAGRAPH_BREAK]).size
    parts = _find_best_split([small for unit in units for small in _split_oversized_unit(unit, room)], *tops)
    names = [title, *[name] * (len(parts) - 1)]
    return tuple(
        _assemble_message(_render_numbered_title(top, number, len(parts)), part)
        for number, (top, part) in enumerate(zip(names, parts, strict=True), 1)
    )


def _build_units(section: DigestSection, labels: Mapping[str, str]) -> Iterator[_MessageUnit]:
    """Yield the blocks of a section, the first together with the heading."""
    heading, again = prevent_autolinks(section.heading), prevent_autolinks(section.repeated_heading)
    above, gap = _render_repeated_heading(again), render_spans((Span(section.separator),))
    if not section.blocks:
        yield _MessageUnit(
            heading,
            render_spans(heading),
            _PARAGRAPH_BREAK,
            _EMPTY,
            keep_with_previous=False,
            continuation_heading=(),
        )
    for index, piece in enumerate(section.blocks):
        runs = prevent_autolinks(piece.spans)
        rest = join_lines([again, (Span(piece.label.rstrip() + labels["continued"]),) if piece.label else ()])
        if index:
            yield _MessageUnit(
                runs, render_spans(runs), gap, above, keep_with_previous=True, continuation_heading=rest
            )
        else:
            runs = join_lines([heading, runs])
            yield _MessageUnit(
                runs,
                render_spans(runs),
                _PARAGRAPH_BREAK,
                _EMPTY,
                keep_with_previous=False,
                continuation_heading=rest,
            )


def _render_repeated_heading(heading: Spans) -> RenderedText:
    """Return the text repeated at the beginning of a message, on separate lines."""
    return render_spans((*heading, Span("\n"))) if heading else _EMPTY


def _split_oversized_unit(unit: _MessageUnit, limit: MessageSize) -> Iterator[_MessageUnit]:
    """Yield the unit, or its parts if it does not fit into a message."""
    if unit.size_at_start <= limit:
        yield unit
        return
    rest = _render_repeated_heading(unit.continuation_heading)
    left = limit - join_rendered([unit.repeated_heading, rest, _LINE_BREAK]).size
    first, *others = split_to_fit(unit.spans, left)
    yield replace(unit, spans=first, rendered=render_spans(first))
    part = replace(unit, separator=_LINE_BREAK, repeated_heading=rest)
    yield from (replace(part, spans=runs, rendered=render_spans(runs)) for runs in others)


class _MessageSplit(NamedTuple):
    """A split of the first units; smaller is better: number of messages, how many begin with a bound unit,
    how much their lengths differ. `start` is the index of the unit that begins the last message."""

    message_count: int
    broken_groups: int
    unevenness: int
    start: int


def _find_best_split(
    units: Sequence[_MessageUnit], first_header: RenderedText, running_header: RenderedText
) -> list[Sequence[_MessageUnit]]:
    """Return the units of each message, by dynamic programming over all possible beginnings.

    `first` and `other` are on top of the first message and of all others.
    """
    sums = [MessageSize(), *accumulate(unit.size_after_others for unit in units)]
    tops = [
        (running_header if index else first_header).size + _PARAGRAPH_BREAK.size + unit.size_at_start
        for index, unit in enumerate(units)
    ]
    best = [_MessageSplit(0, 0, 0, 0)]
    for end in range(1, len(sums)):
        candidates: list[_MessageSplit] = []
        for start in range(end - 1, -1, -1):
            size = tops[start] + sums[end] - sums[start + 1]
            if candidates and not size <= MAX_MESSAGE_SIZE:
                break
            before, torn = best[start], start > 0 and units[start].keep_with_previous
            candidates.append(
                _MessageSplit(
                    before.message_count + 1,
                    before.broken_groups + torn,
                    before.unevenness + size.units**2,
                    start,
                )
            )
        best.append(min(candidates))
    parts, end = [], len(units)
    while end:
        start = best[end].start
        parts.append(units[start:end])
        end = start
    return parts[::-1]


def _assemble_message(header: RenderedText, units: Sequence[_MessageUnit]) -> RenderedText:
    begun = [part for unit in units[:1] for part in (_PARAGRAPH_BREAK, unit.repeated_heading, unit.rendered)]
    return join_rendered(
        [header, *begun, *[part for unit in units[1:] for part in (unit.separator, unit.rendered)]]
    )


def _render_numbered_title(title: Spans, number: int, count: int) -> RenderedText:
    return render_spans(join_spans(title, (Span(f" · {number}/{count}"),)))


_BREAK_PATTERNS = tuple(
    re.compile(pattern) for pattern in (r"\n", r"[。！？；!?;…]+[”’」』）)]*|[.] ", r"[，、：,:—]+", r" ")
)
_NO_BREAK_BEFORE = {"\u200d", "\u20e3", *map(chr, (*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)))}
# at the start of a message, what begins a link, tag or command becomes one, whatever preceded it
_NOT_AT_MESSAGE_START = {*"@#$/.:", "\u2060"}


def split_to_fit(spans: Spans, limit: MessageSize) -> Iterator[Spans]:
    """Split spans into parts of at most `room`, in order; only white space at the splits is removed."""
    while not measure_spans(spans) <= limit:
        head, spans = split_spans(spans, _find_break_position(spans, _count_fitting_characters(spans, limit)))
        if head := strip_spans(head):
            yield head
        spans = strip_spans(spans)
    if spans:
        yield spans


def _count_fitting_characters(spans: Spans, limit: MessageSize) -> int:
    """Return how many characters fit, at least one."""
    spans, _ = split_spans(spans, limit.units)
    low, high = 1, len(span_text(spans))
    while low < high:
        middle = (low + high + 1) // 2
        if measure_spans(split_spans(spans, middle)[0]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _find_break_position(spans: Spans, max_length: int) -> int:
    """Return where to split: after at most `most` characters, and not so early that the part is short."""
    text = span_text(split_spans(spans, max_length + 1)[0])
    whole = _mark_unbreakable(spans, max_length)

    def can(place: int) -> bool:
        return 0 < place <= max_length and not whole[place] and not _is_unbreakable(text, place)

    for pattern in _BREAK_PATTERNS:
        ends = [match.end() for match in pattern.finditer(text) if can(match.end())]
        if ends and ends[-1] >= max_length // 3:
            return ends[-1]
    places = range(max_length, 0, -1)
    return next(filter(can, places), 0) or next(
        (at for at in places if not _is_unbreakable(text, at)), max_length
    )


def _mark_unbreakable(spans: Spans, max_length: int) -> bytearray:
    """Return for each position up to `most` whether it is inside a link, a URL or inline code."""
    inside = bytearray()
    for span in spans:
        if len(inside) > max_length:
            break
        mark = bool(span.url) or span.style in ("code", "email")
        inside += b"\0" + bytes([mark]) * (len(span.text) - 1)
    return inside + b"\0"


def _is_unbreakable(text: str, position: int) -> bool:
    """Return whether the characters before and after a position belong together."""
    if position >= len(text):
        return False
    before, after = text[position - 1], text[position]
    if after in _NO_BREAK_BEFORE or after in _NOT_AT_MESSAGE_START or before == "\u200d":
        return True
    if unicodedata.category(after).startswith("M") or "\U000e0020" <= after <= "\U000e007f":
        return True
    return (
        _is_regional_indicator(before)
        and _is_regional_indicator(after)
        and _count_regional_indicators_before(text, position) % 2 == 1
    )


def _is_regional_indicator(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _count_regional_indicators_before(text: str, position: int) -> int:
    return sum(1 for _ in takewhile(_is_regional_indicator, reversed(text[:position])))
