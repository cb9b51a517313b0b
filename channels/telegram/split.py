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
from publisher.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class _MessageUnit:
    """Text that goes into one message: below `gap`, or below `above` where it begins the message, which it
    had better not do when it is `bound` to what stands above it. If it is too large, what is left over goes
    below `rest`. It is `made` of `runs`.
    """

    spans: Spans
    rendered: RenderedText
    separator: RenderedText
    repeated_heading: RenderedText
    keep_with_previous: bool
    continuation_heading: Spans

    @property
    def size_at_start(self) -> MessageSize:
        """What the unit takes at the beginning of a message."""
        return self.repeated_heading.size + self.rendered.size

    @property
    def size_after_others(self) -> MessageSize:
        """What the unit takes below others."""
        return self.separator.size + self.rendered.size


_EMPTY, _LINE_BREAK, _PARAGRAPH_BREAK = (
    render_spans((Span(text),)) for text in ("", "\n", PARAGRAPH_SEPARATOR)
)


def build_messages(digest: IssueDigest, labels: Mapping[str, str]) -> tuple[RenderedText, ...]:
    """The messages in order, ready to be sent.

    They are as few as can be, begin with a section rather than inside one, and are of like length. An item
    is divided only when it is larger than a whole message. Several messages are numbered.
    """
    title, name = prevent_autolinks(digest.title), prevent_autolinks(digest.running_title)
    units = [unit for chapter in digest.sections for unit in _build_units(chapter, labels)]
    whole = _assemble_message(render_spans(title), units)
    if whole.size <= MAX_MESSAGE_SIZE:
        return (whole,)
    # as much room for the numbers as the longest can take
    tops = [_render_numbered_title(one, 9999, 9999) for one in (title, name)]
    room = MAX_MESSAGE_SIZE - join_rendered([*tops, _PARAGRAPH_BREAK]).size
    parts = _find_best_split([small for unit in units for small in _split_oversized_unit(unit, room)], *tops)
    names = [title, *[name] * (len(parts) - 1)]
    return tuple(
        _assemble_message(_render_numbered_title(top, number, len(parts)), part)
        for number, (top, part) in enumerate(zip(names, parts, strict=True), 1)
    )


def _build_units(section: DigestSection, labels: Mapping[str, str]) -> Iterator[_MessageUnit]:
    """The pieces of a chapter, the first together with the heading."""
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
    """What is said again where a message begins, on lines of its own."""
    return render_spans((*heading, Span("\n"))) if heading else _EMPTY


def _split_oversized_unit(unit: _MessageUnit, limit: MessageSize) -> Iterator[_MessageUnit]:
    """The unit, or its parts if there is no room for it."""
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
    """A division of the first units, the less the better: how many messages, how many of them begin among
    units that are bound, how unlike their lengths are. `start` is where the last one begins."""

    message_count: int
    broken_groups: int
    unevenness: int
    start: int


def _find_best_split(
    units: Sequence[_MessageUnit], first_header: RenderedText, running_header: RenderedText
) -> list[Sequence[_MessageUnit]]:
    """The units of each message, by the best way through all places where one may begin. `first` and `other`
    are what stands on top of the first message and of all others."""
    sums = [MessageSize(), *accumulate(unit.size_after_others for unit in units)]
    tops = [
        (running_header if index else first_header).size + _PARAGRAPH_BREAK.size + unit.size_at_start
        for index, unit in enumerate(units)
    ]
    best = [_MessageSplit(0, 0, 0, 0)]
    for end in range(1, len(sums)):
        found: list[_MessageSplit] = []
        for start in range(end - 1, -1, -1):
            size = tops[start] + sums[end] - sums[start + 1]
            if found and not size <= MAX_MESSAGE_SIZE:
                break
            before, torn = best[start], start > 0 and units[start].keep_with_previous
            found.append(
                _MessageSplit(
                    before.message_count + 1,
                    before.broken_groups + torn,
                    before.unevenness + size.units**2,
                    start,
                )
            )
        best.append(min(found))
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
# what begins a link, tag or command would be one at the start of a message, whatever stood before it
_NOT_AT_MESSAGE_START = {*"@#$/.:", "\u2060"}


def split_to_fit(spans: Spans, limit: MessageSize) -> Iterator[Spans]:
    """The runs in parts of at most `room`, in order; nothing is left out but white space where they part."""
    while not measure_spans(spans) <= limit:
        head, spans = split_spans(spans, _find_break_position(spans, _count_fitting_characters(spans, limit)))
        if head := strip_spans(head):
            yield head
        spans = strip_spans(spans)
    if spans:
        yield spans


def _count_fitting_characters(spans: Spans, limit: MessageSize) -> int:
    """How many characters fit, at least one."""
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
    """Where to divide: after at most so many characters, and not so early that little is told."""
    text = span_text(split_spans(spans, max_length + 1)[0])
    whole = _mark_unbreakable(spans, max_length)

    def can(place: int) -> bool:
        return 0 < place <= max_length and not whole[place] and not _is_unbreakable(text, place)

    for pattern in _BREAK_PATTERNS:
        ends = [found.end() for found in pattern.finditer(text) if can(found.end())]
        if ends and ends[-1] >= max_length // 3:
            return ends[-1]
    places = range(max_length, 0, -1)
    return next(filter(can, places), 0) or next(
        (at for at in places if not _is_unbreakable(text, at)), max_length
    )


def _mark_unbreakable(spans: Spans, max_length: int) -> bytearray:
    """For each place up to `most` whether it is inside a link, an address or a piece of code on a line."""
    inside = bytearray()
    for run in spans:
        if len(inside) > max_length:
            break
        mark = bool(run.url) or run.style in ("code", "email")
        inside += b"\0" + bytes([mark]) * (len(run.text) - 1)
    return inside + b"\0"


def _is_unbreakable(text: str, position: int) -> bool:
    """Whether the characters before and behind a place belong together."""
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
