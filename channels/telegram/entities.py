"""A message's text as runs: stretches of characters that look alike.

Telegram wants a text, and entities with offsets into it. Runs have no offsets, so they are joined and cut
like strings; what they become is counted once, at the end.

Runs as Telegram's HTML: https://core.telegram.org/bots/api#html-style

A message is sent as text and entities; this is the same message for people, and for tools that send with
`parse_mode` HTML.
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
"""How characters look. `email` is an address that Telegram is to make a link by itself."""


class Span(NamedTuple):
    """Characters with the same marks. `url` makes a link, `quote` puts them into an expandable quote;
    `language` is that of the style `pre`. Code has no `url`: Telegram lets only one of them be."""

    text: str
    style: Style = ""
    url: str = ""
    quote: bool = False
    language: str = ""

    def with_text(self, text: str) -> Span:
        """Other characters with these marks."""
        return Span(text, *self[1:])


Spans = tuple[Span, ...]


class MessageEntity(TypedDict):
    """A stretch of a text with a mark, as https://core.telegram.org/bots/api#messageentity spells it.

    Offset and length count UTF-16 code units.
    """

    type: str
    offset: int
    length: int
    url: NotRequired[str]
    language: NotRequired[str]


# What TDLib does to every text, done before anything is counted (td/telegram/misc.cpp, clean_input_string):
# white space and control characters become spaces, line separators and bidirectional embeddings go. A lone
# surrogate cannot be sent at all.
_CHARACTER_REPLACEMENTS: dict[int, str | None] = {
    **dict.fromkeys((*range(10), *range(11, 32)), " "),
    **dict.fromkeys((0x0D, *range(0x202A, 0x202F), 0x0333, 0x033F)),
    **dict.fromkeys((0x2028, 0x2029), "\n"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_REPLACED_CHARACTERS = lazy_pattern(f"[{re.escape(''.join(map(chr, _CHARACTER_REPLACEMENTS)))}]")
_COMBINING_RING = "\u030a"  # goes as well, so that an a with a ring above is one only when composed


def normalize_text(text: str) -> str:
    """The text as it will arrive."""
    if _COMBINING_RING in text:
        text = unicodedata.normalize("NFC", text).replace(_COMBINING_RING, "")
    return text.translate(_CHARACTER_REPLACEMENTS) if _REPLACED_CHARACTERS.search(text) else text


def count_utf16_units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def span_text(spans: Spans) -> str:
    """The characters alone."""
    return "".join([run.text for run in spans])


def join_spans(*parts: Iterable[Span]) -> Spans:
    """The parts one after another; neighbours with the same marks become one run."""
    made: list[Span] = []
    marks: tuple[object, ...] = ()
    for run in chain.from_iterable(parts):
        if (own := run[1:]) == marks:
            made[-1] = run.with_text(made[-1].text + run.text)
        elif run.text:
            made.append(run)
            marks = own
    return tuple(made)


def join_lines(parts: Iterable[Spans], separator: str = "\n") -> Spans:
    """The parts that are not empty, with a text between them."""
    filled, gap = [part for part in parts if part], (Span(separator),)
    if len(filled) == 1:  # nothing to join
        return filled[0]
    return join_spans(*[piece for part in filled for piece in (gap, part)][1:])


def split_spans(spans: Spans, position: int) -> tuple[Spans, Spans]:
    """The first `at` characters, and the rest."""
    head: list[Span] = []
    for index, run in enumerate(spans):
        if position < len(run.text):
            if position:
                head.append(run.with_text(run.text[:position]))
            return tuple(head), (run.with_text(run.text[position:]), *spans[index + 1 :])
        head.append(run)
        position -= len(run.text)
    return spans, ()


def strip_spans(spans: Spans) -> Spans:
    """The runs without white space at either end."""
    text = span_text(spans)
    if len(text.strip()) == len(text):
        return spans if text else ()
    head, _ = split_spans(spans, len(text.rstrip()))
    return split_spans(head, len(text) - len(text.lstrip()))[1] if text.strip() else ()


def build_entities(spans: Spans) -> list[MessageEntity]:
    """The marks of the runs as TDLib keeps them: from the outside in, bold and italic interrupted wherever
    a link begins or ends."""
    text = span_text(spans)
    found: list[tuple[int, int, str, Span]] = []
    place = quote = link = style = 0  # here, and where the marks of the run before began
    last = Span("")
    for run in (*spans, Span("")):
        quote_ends = run.quote != last.quote
        link_ends = quote_ends or run.url != last.url
        if quote_ends:
            if last.quote:
                found.append((quote, place, "expandable_blockquote", last))
            quote = place
        if link_ends:
            if last.url:
                found.append((link, place, "text_link", last))
            link = place
        if link_ends or run.style != last.style or run.language != last.language:
            if last.style and last.style != "email":
                found.append((style, place, last.style, last))
            style = place
        place += len(run.text)
        last = run
    length = len if count_utf16_units(text) == len(text) else count_utf16_units
    made = []
    for start, end, kind, run in found:
        inside = text[start:end] if kind in _MAY_START_WITH_SPACE else text[start:end].lstrip(" \n")
        if inside:
            made.append(_build_entity(length(text[: end - len(inside)]), length(inside), kind, run))
    return sorted(made, key=lambda entity: (entity["offset"], -entity["length"]))


# bold, italic and quotes cannot begin with white space
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
    """The markup of the runs."""
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
