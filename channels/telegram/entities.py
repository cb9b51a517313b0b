"""A message's text as spans: runs of characters with the same formatting.

Telegram takes a text and entities with offsets into it. Spans have no offsets, so they can be joined and
cut like strings; the offsets are computed at the end, when the text is rendered and measured.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from itertools import chain, groupby
from operator import add, attrgetter, le, sub
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import astuple

from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern

Style = Literal["", "bold", "italic", "strikethrough", "underline", "code", "pre", "email"]
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


MessageEntity = dict[str, Any]
"""A range of a text with its formatting, in UTF-16 code units:
https://core.telegram.org/bots/api#messageentity"""

# What TDLib does to every text, applied before counting (td/telegram/misc.cpp,
# clean_input_string): white space and control characters become spaces, line separators and bidirectional
# embeddings are removed. A lone surrogate cannot be sent at all.
_CHARACTER_REPLACEMENTS: dict[int, str | None] = {
    **dict.fromkeys((*range(10), *range(11, 32)), " "),
    **dict.fromkeys((0x0D, *range(0x202A, 0x202F), 0x0333, 0x033F)),
    **dict.fromkeys((0x2028, 0x2029), "\n"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
# the same as ranges, of which it is compiled in a tenth of the time
_REPLACED_CHARACTERS = lazy_pattern("[\x00-\x09\x0b-\x1f\u0333\u033f\u2028-\u202e\ud800-\udfff]")
_COMBINING_RING = "\u030a"  # also removed, so that an a with a ring above stays one only when composed


def normalize_text(text: str) -> str:
    """Return the text as it arrives."""
    if _COMBINING_RING in text:
        text = unicodedata.normalize("NFC", text).replace(_COMBINING_RING, "")
    return text.translate(_CHARACTER_REPLACEMENTS) if _REPLACED_CHARACTERS.search(text) else text


def span_text(spans: Spans) -> str:
    """Return the characters without formatting."""
    return "".join([span.text for span in spans])


def join_spans(*parts: Iterable[Span]) -> Spans:
    """Concatenate the parts; adjacent spans with the same formatting are merged."""
    made: list[Span] = []
    marks: tuple[object, ...] = ()
    texts: list[str] = []  # of the last span, if it is merged from several
    for span in chain.from_iterable(parts):
        if (own := span[1:]) == marks:
            texts = texts or [made[-1].text]
            texts.append(span.text)
        elif span.text:
            if texts:
                made[-1] = made[-1].with_text("".join(texts))
                texts = []
            made.append(span)
            marks = own
    if texts:
        made[-1] = made[-1].with_text("".join(texts))
    return tuple(made)


def join_lines(parts: Iterable[Spans], separator: str = "\n") -> Spans:
    """Join the parts that are not empty with a separator."""
    filled, gap = [part for part in parts if part], (Span(separator),)
    if len(filled) == 1:  # nothing to merge
        return filled[0]
    return join_spans(*[piece for part in filled for piece in (gap, part)][1:])


def take_spans(spans: Spans, count: int) -> Spans:
    """Return the first `count` characters."""
    taken: list[Span] = []
    for span in spans:
        if count <= len(span.text):
            return (*taken, span.with_text(span.text[:count])) if count else tuple(taken)
        taken.append(span)
        count -= len(span.text)
    return spans


def split_spans(spans: Spans, position: int) -> tuple[Spans, Spans]:
    """Split after `position` characters."""
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


class MessageSize(Struct, frozen=True):
    """`units`: UTF-16 code units of the text. `entities`: their number. `entity_bytes`: their bytes, URLs
    included. `raw_bytes`: the text with its markup in UTF-8."""

    units: int = 0
    entities: int = 0
    entity_bytes: int = 0
    raw_bytes: int = 0

    def __add__(self, other: MessageSize) -> MessageSize:
        return MessageSize(*map(add, astuple(self), astuple(other)))

    def __sub__(self, other: MessageSize) -> MessageSize:
        return MessageSize(*map(sub, astuple(self), astuple(other)))

    def __le__(self, other: MessageSize) -> bool:
        """Return whether no value is larger than in the other size."""
        return all(map(le, astuple(self), astuple(other)))


# The server counts texts in code points (tdlib/td: MessageContent.cpp), the documentation and the apps in
# UTF-16 units; the larger count satisfies both. Entities after the hundredth are dropped silently
# (MessageEntity.cpp), more than about 9.5 kB of them are refused as ENTITIES_TOO_LONG
# (tdlib/telegram-bot-api#165), and the source of a text may have 2^15 bytes (telegram-bot-api: Client.cpp).
MAX_MESSAGE_SIZE = MessageSize(units=4096, entities=100, entity_bytes=9_500, raw_bytes=32_768)
# what an entity takes besides its URL: type, offset, length and the header of a string
_ENTITY_OVERHEAD = 16


class RenderedText(Struct, frozen=True):
    """Spans as text and entities, as Telegram's HTML (https://core.telegram.org/bots/api#html-style) for the
    preview and other senders, and their size."""

    spans: Spans
    text: str
    entities: list[MessageEntity]
    html: str
    size: MessageSize


QUOTE_OPEN_TAG, QUOTE_CLOSE_TAG = "<blockquote expandable>", "</blockquote>"
_TAGS = {"bold": "b", "italic": "i", "strikethrough": "s", "underline": "u", "code": "code", "pre": "pre"}
# Telegram drops white space at the beginning of all others
_MAY_START_WITH_SPACE = {"text_link", "code", "pre"}


def render_spans(spans: Spans) -> RenderedText:
    """Render and measure spans.

    The entities are as TDLib stores them: from the outside in, with bold, italic, underlined and struck text
    interrupted wherever a link begins or ends.
    """
    text, html, place, units = span_text(spans), "", 0, 0  # units: how many the text before `place` has
    has_pairs = _count_units(text) > len(text)
    entities: list[MessageEntity] = []

    def add_entity(index: int, start: int, kind: str, **more: str) -> None:
        shown = text[start:place] if kind in _MAY_START_WITH_SPACE else text[start:place].lstrip(" \n")
        length = _count_units(shown) if has_pairs else len(shown)
        if shown:
            entities.insert(index, {"type": kind, "offset": units - length, "length": length, **more})

    for is_quote, quoted in groupby(spans, attrgetter("quote")):
        quote_start, quote_index, quote_html = place, len(entities), ""
        for url, linked in groupby(quoted, attrgetter("url")):
            link_start, link_index, link_html = place, len(entities), ""
            for (style, language), styled in groupby(linked, attrgetter("style", "language")):
                start, shown = place, "".join([span.text for span in styled])
                place += len(shown)
                units += _count_units(shown) if has_pairs else len(shown)
                link_html += _render_style(shown, style, language)
                if style in _TAGS:
                    code = {"language": language} if language and style == "pre" else {}
                    add_entity(len(entities), start, style, **code)
            quote_html += f'<a href="{escape(url)}">{link_html}</a>' if url else link_html
            if url:
                add_entity(link_index, link_start, "text_link", url=url)
        html += f"{QUOTE_OPEN_TAG}{quote_html}{QUOTE_CLOSE_TAG}" if is_quote else quote_html
        if is_quote:
            add_entity(quote_index, quote_start, "expandable_blockquote")
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    own = sum([_ENTITY_OVERHEAD + len(one.get("url", "")) + len(one.get("language", "")) for one in entities])
    return RenderedText(spans, text, entities, html, MessageSize(units, len(entities), own, len(html.encode())))


def _count_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _render_style(text: str, style: Style, language: str) -> str:
    text, tag = escape(text, quote=False), _TAGS.get(style)
    if style == "pre" and language:
        text = f'<code class="language-{escape(language)}">{text}</code>'
    return f"<{tag}>{text}</{tag}>" if tag else text


def join_rendered(parts: Sequence[RenderedText]) -> RenderedText:
    """Concatenate rendered parts. No entity crosses the end of a part, so nothing is measured again."""
    entities: list[MessageEntity] = []
    size = MessageSize()
    for part in parts:
        entities += [{**one, "offset": size.units + one["offset"]} for one in part.entities]
        size += part.size
    spans, text = join_spans(*[part.spans for part in parts]), "".join([part.text for part in parts])
    return RenderedText(spans, text, entities, "".join([part.html for part in parts]), size)


LINE_BREAK, PARAGRAPH_BREAK = render_spans((Span("\n"),)), render_spans((Span("\n\n"),))
