"""Writes inlines and blocks as spans: bold, italic, code and links as in Telegram, the rest as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import assert_never

from msgspec import Struct, field

from publisher.channels.telegram.autolinks import WORD_JOINER
from publisher.channels.telegram.entities import (
    Span,
    Spans,
    Style,
    join_lines,
    join_spans,
    normalize_text,
    span_text,
    strip_spans,
)
from publisher.channels.telegram.limits import MAX_URL_BYTES
from publisher.links import to_ascii_url
from publisher.model import (
    Block,
    Blocks,
    Break,
    Code,
    CodeBlock,
    Em,
    Figure,
    Image,
    Inline,
    Inlines,
    Link,
    List,
    Paragraph,
    Quote,
    Rule,
    Strong,
    Table,
    Text,
)
from publisher.patterns import lazy_pattern

_BULLET = "• "
_HORIZONTAL_RULE = "———"
_QUOTE_PREFIX = "│ "


class SpanWriter(Struct, frozen=True):
    """Writes with the labels of the newsletter's language. `refused` collects, in order, the URLs that
    cannot be links in Telegram; they are printed in the text instead."""

    labels: Mapping[str, str]
    rejected_urls: dict[str, None] = field(default_factory=dict)

    def inlines(self, nodes: Inlines, style: Style = "", url: str = "") -> Spans:
        """Return inlines as spans inside a style and a link. An inner link replaces the outer one."""
        # fast path: most nodes are plain text
        return join_spans(
            *[
                (Span(normalize_text(node.text), style, url),)
                if isinstance(node, Text)
                else self._write_inline(node, style, url)
                for node in nodes
            ]
        )

    def blocks(self, nodes: Blocks) -> Spans:
        """Return blocks as spans, each on separate lines."""
        return join_lines([self._write_block(node) for node in nodes])

    def write_link(self, children: Spans, url: str) -> Spans:
        """Return spans as a link, except inner links; the URL itself if they are empty."""
        if not url:
            return children
        if address := extract_email_address(url):
            return self._write_email(children, address)
        if not (taken := normalize_link_url(url)):
            return self._write_rejected_link(children, url)
        shown = strip_spans(children)
        if not shown:
            return (Span(normalize_text(url), url=taken),)
        linked = [
            span if span.url else Span(span.text, _get_style_in_link(span.style), taken) for span in shown
        ]
        if all(span.url != taken for span in linked):  # for example an image that links elsewhere
            linked += [Span(" "), Span(self.labels["link"], url=taken)]
        before, after = span_text(children).split(span_text(shown), 1)
        return join_spans((Span(before),), linked, (Span(after),))

    def _write_email(self, children: Spans, address: str) -> Spans:
        # word joiners: Telegram would include Chinese characters in the email address
        own = (Span(WORD_JOINER), Span(address, "email"), Span(WORD_JOINER))
        if span_text(children).strip() in ("", address):
            return own
        return self._append_in_parentheses(children, own)

    def _write_rejected_link(self, children: Spans, url: str) -> Spans:
        self.rejected_urls[url] = None
        own = (Span(normalize_text(url)),)
        return own if span_text(children).strip() in ("", url) else self._append_in_parentheses(children, own)

    def _append_in_parentheses(self, spans: Spans, remark: Spans) -> Spans:
        left, right = ("（", "）") if not span_text(spans).rstrip()[-1:].isascii() else (" (", ")")
        return join_spans(spans, (Span(left),), remark, (Span(right),))

    def _write_inline(self, node: Inline, style: Style, url: str) -> Spans:
        match node:
            case Text(text):
                return (Span(normalize_text(text), style, url),)
            case Strong(children):
                return self.inlines(children, "bold", url)
            case Em(children):
                return self.inlines(children, style or "italic", url)
            case Code(text):
                return (Span(normalize_text(text), _get_style_in_link("code") if url else "code", url),)
            case Link(children, own):
                return self.write_link(self.inlines(children, style), own)
            case Image(address, alt):
                return self.write_link(
                    (Span(normalize_text(alt).strip() or self.labels["image"], style),), address
                )
            case Break():
                return (Span("\n", style, url),)
            case _:
                assert_never(node)

    def _write_block(self, node: Block) -> Spans:
        match node:
            case Paragraph(children):
                return strip_spans(self.inlines(children))
            case List(items, ordered, start):
                return self._write_list(items, ordered, start)
            case Quote(children):
                return _indent_lines(self.blocks(children), _QUOTE_PREFIX, _QUOTE_PREFIX)
            case CodeBlock(text, language):
                # Telegram turns a tab into one space
                shown = normalize_text(text.expandtabs(4)).rstrip()
                return (Span(shown, "pre", language=language),) if shown.strip() else ()
            case Table(header, rows):
                body = [self._write_row(row) for row in rows]
                return join_lines([self._write_row(header, "bold"), *body] if any(header) else body)
            case Figure(image, url):
                spans = self._write_inline(image, "", "")
                if url is None or url == image.url:
                    return spans
                return join_spans(spans, (Span(" "),), self.write_link((Span(self.labels["link"]),), url))
            case Rule():
                return (Span(_HORIZONTAL_RULE),)
            case _:
                assert_never(node)

    def _write_list(self, items: tuple[Blocks, ...], ordered: bool, start: int) -> Spans:
        markers = [f"{number}. " if ordered else _BULLET for number in range(start, start + len(items))]
        written = [self.blocks(item) for item in items]
        return join_lines(
            [_indent_lines(one, mark, "  ") for mark, one in zip(markers, written, strict=True) if one]
        )

    def _write_row(self, cells: tuple[Inlines, ...], style: Style = "") -> Spans:
        written = [_flatten_spans(strip_spans(self.inlines(cell, style))) for cell in cells]
        return join_lines([cell or (Span("–"),) for cell in written], " | ")


def _get_style_in_link(style: Style) -> Style:
    """Return the style inside a link: Telegram allows no code there."""
    return "" if style == "code" else style


def _flatten_spans(spans: Spans) -> Spans:
    return tuple(span.with_text(span.text.replace("\n", " ")) for span in spans)


def _indent_lines(spans: Spans, first_prefix: str, other_prefix: str) -> Spans:
    """Prefix each line; code keeps its lines."""
    made: list[Spans] = [(Span(first_prefix),)]
    for span in spans:
        if span.style == "pre":
            made.append((span,))
            continue
        head, *more = span.text.split("\n")
        made.append((span.with_text(head),))
        made += [(Span(f"\n{other_prefix}"), span.with_text(line)) for line in more]
    return join_spans(*made)


# tdlib/td: tdutils/td/utils/HttpUrl.cpp (parse_url) and td/telegram/LinkManager.cpp (check_link_impl), for
# ASCII URLs: http or https, a dot in the host, a port from 1 to 65535
_URL_CHARACTER = r"(?:[A-Za-z0-9._!$,~*'();&+=-]|%[0-9A-Fa-f]{2})"
_ACCEPTED_URL = lazy_pattern(
    rf"https?://(?:(?:{_URL_CHARACTER}|:)*@)?(?P<host>{_URL_CHARACTER}+)(?::0*(?P<port>[1-9]\d{{0,4}}))?(?:[/?#].*)?",
    re.I,
)
_MAILTO_URL = lazy_pattern(r"mailto:([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,8})(?:\?.*)?", re.I)


def normalize_link_url(url: str) -> str:
    """Return the URL in the form Telegram accepts; empty if it cannot be a link."""
    url = to_ascii_url(url)
    match = _ACCEPTED_URL.fullmatch(url) if len(url) <= MAX_URL_BYTES else None
    if not match or "." not in match["host"].strip("."):
        return ""
    return url if int(match["port"] or 80) <= 65535 else ""


def extract_email_address(url: str) -> str:
    """Return the email address of a mailto: link that Telegram links by itself, else empty."""
    match = _MAILTO_URL.fullmatch(url)
    return match[1] if match else ""
