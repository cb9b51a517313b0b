"""A message's text as spans: runs of characters with the same formatting.

Telegram takes a text and entities with offsets into it. Spans have no offsets, so they can be joined and
cut like strings; the offsets are computed once, at the end.

Spans are also rendered as Telegram's HTML, for the preview and for tools that send with `parse_mode` HTML:
https://core.telegram.org/bots/api#html-style
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape
from itertools import chain, groupby
from operator import attrgetter
from typing import Literal, NamedTuple, NotRequired, TypedDict

from publisher.patterns import lazy_pattern

Style = Literal["", "bold", "italic", "code", "pre", "email"]
"""The formatting of characters. `email` is an email address that Telegram links by itself."""


class Span(NamedTuple):
    """Characters with the same formatting. `url` makes a link, `quote` puts them into an expandable quote,
    `language` is the language of the style `pre`. Code has no `url`: Telegram allows only one of the two."""

    text: str
    style: Style = ""
    url: str = ""
    quote: bool = False
    language: str = ""

    def with_text(self, text: str) -> Span:
        """Return a span of other characters with this formatting."""
        return Span(text, *self[1:])


Spans = tuple[Span, ...]


class MessageEntity(TypedDict):
    """A range of a text with its formatting: https://core.telegram.org/bots/api#messageentity

    Offset and length count UTF-16 code units.
    """

    type: str
    offset: int
    length: int
    url: NotRequired[str]
    language: NotRequired[str]


# What TDLib does to every text, applied before counting (td/telegram/misc.cpp,
# clean_input_string): white space and control characters become spaces, line separators and bidirectional
# embeddings are removed. A lone surrogate cannot be sent at all.
_CHARACTER_REPLACEMENTS: dict[int, str | None] = {
    **dict.fromkeys((*range(10), *range(11, 32)), " "),
    **dict.fromkeys((0x0D, *range(0x202A, 0x202F), 0x0333, 0x033F)),
    **dict.fromkeys((0x2028, 0x2029), "\n"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_REPLACED_CHARACTERS = lazy_pattern(f"[{re.escape(''.join(map(chr, _CHARACTER_REPLACEMENTS)))}]")
_COMBINING_RING = "\u030a"  # also removed, so that an a with a ring above stays one only when composed


def normalize_text(text: str) -> str:
    """Return the text as it arrives."""
    if _COMBINING_RING in text:
        text = unicodedata.normalize("NFC", text).replace(_COMBINING_RING, "")
    return text.translate(_CHARACTER_REPLACEMENTS) if _REPLACED_CHARACTERS.search(text) else text


def count_utf16_units(text: str) -> int:
    """Return the length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def span_text(spans: Spans) -> str:
    """Return the characters without formatting."""
    return "".join([span.text for span in spans])


def join_spans(*parts: Iterable[Span]) -> Spans:
    """Concatenate the parts; adjacent spans with the same formatting are merged."""
    made: list[Span] = []
    marks: tuple[object, ...] = ()
    for span in chain.from_iterable(parts):
        if (own := span[1:]) == marks:
            made[-1] = span.with_text(made[-1].text + span.text)
        elif span.text:
            made.append(span)
            marks = own
    return tuple(made)


def join_lines(parts: Iterable[Spans], separator: str = "\n") -> Spans:
    """Join the parts that are not empty with a separator."""
    filled, gap = [part for part in parts if part], (Span(separator),)
    if len(filled) == 1:  # nothing to merge
        return filled[0]
    return join_spans(*[piece for part in filled for piece in (gap, part)][1:])


def split_spans(spans: Spans, position: int) -> tuple[Spans, Spans]:
    """Split after `at` characters."""
    head: list[Span] = []
    for index, span in enumerate(spans):
        if position < len(span.text):
            if position:
                head.append(span.with_text(span.text[:position]))
            return tuple(head), (span.with_text(span.text[position:]), *spans[index + 1 :])
        head.append(span)
        position -= len(span.text)
    return spans, ()


def strip_spans(spans: Spans) -> Spans:
    """Strip white space from both ends."""
    text = span_text(spans)
    if len(text.strip()) == len(text):
        return spans if text else ()
    head, _ = split_spans(spans, len(text.rstrip()))
    return split_spans(head, len(text) - len(text.lstrip()))[1] if text.strip() else ()


def build_entities(spans: Spans) -> list[MessageEntity]:
    """Return the entities as TDLib stores them: from the outside in, with bold and italic interrupted
    wherever a link begins or ends."""
    text = span_text(spans)
    ranges: list[tuple[int, int, str, Span]] = []
    place = quote = link = style = (
        0  # the current offset, and where the formatting of the previous span began
    )
    last = Span("")
    for span in (*spans, Span("")):
        quote_ends = span.quote != last.quote
        link_ends = quote_ends or span.url != last.url
        if quote_ends:
            if last.quote:
                ranges.append((quote, place, "expandable_blockquote", last))
            quote = place
        if link_ends:
            if last.url:
                ranges.append((link, place, "text_link", last))
            link = place
        if link_ends or span.style != last.style or span.language != last.language:
            if last.style and last.style != "email":
                ranges.append((style, place, last.style, last))
            style = place
        place += len(span.text)
        last = span
    length = len if count_utf16_units(text) == len(text) else count_utf16_units
    entities = []
    for start, end, kind, span in ranges:
        inside = text[start:end] if kind in _MAY_START_WITH_SPACE else text[start:end].lstrip(" \n")
        if inside:
            entities.append(_build_entity(length(text[: end - len(inside)]), length(inside), kind, span))
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


# Telegram drops white space at the beginning of bold, italic and quotes
_MAY_START_WITH_SPACE = {"text_link", "code", "pre"}


def _build_entity(offset: int, length: int, kind: str, span: Span) -> MessageEntity:
    entity: MessageEntity = {"type": kind, "offset": offset, "length": length}
    if kind == "text_link":
        entity["url"] = span.url
    elif kind == "pre" and span.language:
        entity["language"] = span.language
    return entity


QUOTE_OPEN_TAG, QUOTE_CLOSE_TAG = "<blockquote expandable>", "</blockquote>"


def render_html(spans: Spans) -> str:
    """Return the spans as HTML."""
    made = []
    for quoted, stretch in groupby(spans, attrgetter("quote")):
        inside = "".join([_wrap_link(url, linked) for url, linked in groupby(stretch, attrgetter("url"))])
        made.append(f"{QUOTE_OPEN_TAG}{inside}{QUOTE_CLOSE_TAG}" if quoted else inside)
    return "".join(made)


def _wrap_link(url: str, spans: Iterable[Span]) -> str:
    inside = "".join(map(_render_styled_span, spans))
    return f'<a href="{escape(url)}">{inside}</a>' if url else inside


def _render_styled_span(span: Span) -> str:
    text = escape(span.text, quote=False)
    match span.style:
        case "bold":
            return f"<b>{text}</b>"
        case "italic":
            return f"<i>{text}</i>"
        case "code":
            return f"<code>{text}</code>"
        case "pre" if span.language:
            return f'<pre><code class="language-{escape(span.language)}">{text}</code></pre>'
        case "pre":
            return f"<pre>{text}</pre>"
        case _:
            return text
