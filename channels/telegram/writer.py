"""Writes inlines and blocks as spans: bold, italic, code and links as in Telegram, the rest as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import assert_never

from msgspec import Struct, field

from publisher import model as m
from publisher.channels.telegram.autolinks import EMAIL
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
from publisher.inline_nodes import format_subscript, format_superscript
from publisher.links import to_ascii_url
from publisher.patterns import lazy_pattern

_BULLET = "• "
_HORIZONTAL_RULE = "———"
_QUOTE_PREFIX = "│ "


class SpanWriter(Struct, frozen=True):
    """Writes with the labels of the newsletter's language. `rejected_urls` collects, in order, the URLs that
    cannot be links in Telegram; they are printed in the text instead."""

    labels: Mapping[str, str]
    rejected_urls: dict[str, None] = field(default_factory=dict)

    def inlines(self, nodes: m.Inlines, style: Style = "", url: str = "") -> Spans:
        """Return inlines as spans inside a style and a link. An inner link replaces the outer one."""
        return join_spans(*[self._write_inline(node, style, url) for node in nodes])

    def blocks(self, nodes: m.Blocks) -> Spans:
        """Return blocks as spans, each on separate lines."""
        return join_lines([self._write_block(node) for node in nodes])

    def write_link(self, children: Spans, url: str) -> Spans:
        """Return spans as a link, except inner links; the URL itself if they are empty."""
        if not url:
            return children
        if not (taken := normalize_link_url(url)):
            return self._write_printed_url(children, url)
        shown = strip_spans(children)
        if not shown:
            return (Span(normalize_text(url), url=taken),)
        # Telegram allows no code in links
        linked = [
            span if span.url else Span(span.text, "" if span.style == "code" else span.style, taken) for span in shown
        ]
        if all(span.url != taken for span in linked):  # for example an image that links elsewhere
            linked += [Span(" "), Span(self.labels["link"], url=taken)]
        before, after = span_text(children).split(span_text(shown), 1)
        return join_spans((Span(before),), linked, (Span(after),))

    def _write_printed_url(self, children: Spans, url: str) -> Spans:
        """Return spans and after them, in parentheses, an email address or a URL that cannot be a link."""
        if mailto := _MAILTO_URL.fullmatch(url):
            url = mailto[1]
            own: Spans = (Span(url, "email"),)
        else:
            self.rejected_urls[url] = None
            own = (Span(normalize_text(url)),)
        text = span_text(children).strip()
        if text in ("", url, f"mailto:{url}"):
            return own
        if url == f"mailto:{text}":
            return children
        left, right = (" (", ")") if text[-1].isascii() else ("（", "）")
        return join_spans(children, (Span(left),), own, (Span(right),))

    def _write_inline(self, node: m.Inline, style: Style, url: str) -> Spans:
        match node:
            case m.Text(text):
                return (Span(normalize_text(text), style, url),)
            case m.Strong(children):
                return self.inlines(children, style if style == "strikethrough" else "bold", url)
            case m.Em(children):
                return self.inlines(children, style or "italic", url)
            case m.Strike(children):  # stronger than all others: without it the text says the opposite
                return self.inlines(children, "strikethrough", url)
            case m.Underline(children):
                return self.inlines(children, style or "underline", url)
            case m.Mark(children):
                return self.inlines(children, style or "bold", url)
            case m.Sup(children):
                return _change_text(self.inlines(children, style, url), format_superscript)
            case m.Sub(children):
                return _change_text(self.inlines(children, style, url), format_subscript)
            case m.Code(text):
                struck: Style = style if style == "strikethrough" else "code"
                return (Span(normalize_text(text), "" if url else struck, url),)
            case m.Link(children, own):
                return self.write_link(self.inlines(children, style), own)
            case m.Image(address, alt):
                shown = normalize_text(alt).strip() or self.labels["image"]
                return self.write_link((Span(shown, style),), address)
            case m.Break():
                return (Span("\n", style, url),)
            case m.FootnoteRef(_, number):
                return (Span(f"[{number}]", style, url),)
            case _:
                assert_never(node)

    def _write_block(self, node: m.Block) -> Spans:
        match node:
            case m.Paragraph(children):
                return strip_spans(self.inlines(children))
            case m.Heading(_, children):
                return strip_spans(self.inlines(children, "bold"))
            case m.List():
                return self._write_list(node)
            case m.Quote():
                return _indent_lines(self.blocks(node.titled_children), _QUOTE_PREFIX, _QUOTE_PREFIX)
            case m.CodeBlock(text, language):
                # Telegram turns a tab into one space
                shown = normalize_text(text.expandtabs(4)).rstrip()
                return (Span(shown, "pre", language=language),) if shown.strip() else ()
            case m.Table(header, rows):
                body = [self._write_row(row) for row in rows]
                return join_lines([self._write_row(header, "bold"), *body] if any(header) else body)
            case m.Figure(image, url):
                spans = self._write_inline(image, "", "")
                if url is None or url == image.url:
                    return spans
                return join_spans(spans, (Span(" "),), self.write_link((Span(self.labels["link"]),), url))
            case m.Rule():
                return (Span(_HORIZONTAL_RULE),)
            case m.Footnotes(notes):
                return join_lines([_indent_lines(self.blocks(n.children), f"[{n.number}] ", "  ") for n in notes])
            case _:
                assert_never(node)

    def _write_list(self, node: m.List) -> Spans:
        written = [
            (f"{number}{node.delimiter} " if node.ordered else _BULLET, self.blocks(item))
            for number, item in enumerate(node.marked_items, node.start)
        ]
        return join_lines([_indent_lines(spans, marker, "  ") for marker, spans in written if spans])

    def _write_row(self, cells: tuple[m.Inlines, ...], style: Style = "") -> Spans:
        written = [strip_spans(self.inlines(cell, style)) or (Span("–"),) for cell in cells]
        spans = join_lines(written, " | ")
        return tuple(span.with_text(span.text.replace("\n", " ")) for span in spans)


def _change_text(spans: Spans, change: Callable[[str], str]) -> Spans:
    """Return the spans with `change` applied to their whole text: to each character, or around all of them."""
    text = span_text(spans)
    changed = change(text)
    if len(changed) == len(text):
        return tuple([span.with_text(change(span.text)) for span in spans])
    before, after = changed.split(text, 1)
    return join_spans((Span(before),), spans, (Span(after),))


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


_MAX_URL_BYTES = 4096  # a third of a message's limit, to leave room for others
# tdlib/td: tdutils/td/utils/HttpUrl.cpp (parse_url) and td/telegram/LinkManager.cpp (check_link_impl), for
# ASCII URLs: http or https, a dot in the host, a port from 1 to 65535
_URL_CHARACTER = r"(?:[A-Za-z0-9._!$,~*'();&+=-]|%[0-9A-Fa-f]{2})"
_ACCEPTED_URL = lazy_pattern(
    rf"https?://(?:(?:{_URL_CHARACTER}|:)*@)?(?P<host>{_URL_CHARACTER}+)(?::0*(?P<port>[1-9]\d{{0,4}}))?(?:[/?#].*)?",
    re.I,
)
_MAILTO_URL = lazy_pattern(rf"mailto:({EMAIL})(?:\?.*)?", re.I)


def normalize_link_url(url: str) -> str:
    """Return the URL in the form Telegram accepts; empty if it cannot be a link."""
    url = to_ascii_url(url)
    match = _ACCEPTED_URL.fullmatch(url) if len(url) <= _MAX_URL_BYTES else None
    if not match or "." not in match["host"].strip("."):
        return ""
    return url if int(match["port"] or 80) <= 65535 else ""
