"""Inlines and blocks as runs: bold, italic, code and links as Telegram has them, all else as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import assert_never

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
from publisher.dataclass import dataclass
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


@dataclass(frozen=True, slots=True)
class SpanWriter:
    """Writes with the words `say` of the newsletter's language. `refused` collects, in order, the addresses
    that Telegram takes for no link; they stand in the text instead."""

    labels: Mapping[str, str]
    rejected_urls: dict[str, None] = field(default_factory=dict)

    def inlines(self, nodes: Inlines, style: Style = "", url: str = "") -> Spans:
        """The runs of inlines inside a style and a link. An inner link wins over the outer one."""
        # most nodes are plain text, which needs no closer look
        return join_spans(
            *[
                (Span(normalize_text(node.text), style, url),)
                if isinstance(node, Text)
                else self._write_inline(node, style, url)
                for node in nodes
            ]
        )

    def blocks(self, nodes: Blocks) -> Spans:
        """The runs of blocks, each on lines of its own."""
        return join_lines([self._write_block(node) for node in nodes])

    def write_link(self, children: Spans, url: str) -> Spans:
        """The runs as a link, except where they are one; the address itself when they are empty."""
        if not url:
            return children
        if address := extract_email_address(url):
            return self._write_email(children, address)
        if not (taken := normalize_link_url(url)):
            return self._write_rejected_link(children, url)
        shown = strip_spans(children)
        if not shown:
            return (Span(normalize_text(url), url=taken),)
        linked = [run if run.url else Span(run.text, _get_style_in_link(run.style), taken) for run in shown]
        if all(run.url != taken for run in linked):  # a picture, say, that has an address of its own
            linked += [Span(" "), Span(self.labels["link"], url=taken)]
        before, after = span_text(children).split(span_text(shown), 1)
        return join_spans((Span(before),), linked, (Span(after),))

    def _write_email(self, children: Spans, address: str) -> Spans:
        # joiners: Telegram would take Chinese characters for a part of the address
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
                # a tab would arrive as one space
                shown = normalize_text(text.expandtabs(4)).rstrip()
                return (Span(shown, "pre", language=language),) if shown.strip() else ()
            case Table(header, rows):
                body = [self._write_row(row) for row in rows]
                return join_lines([self._write_row(header, "bold"), *body] if any(header) else body)
            case Figure(image, url):
                picture = self._write_inline(image, "", "")
                if url is None or url == image.url:
                    return picture
                return join_spans(picture, (Span(" "),), self.write_link((Span(self.labels["link"]),), url))
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
    """Telegram has no code inside a link."""
    return "" if style == "code" else style


def _flatten_spans(spans: Spans) -> Spans:
    return tuple(run.with_text(run.text.replace("\n", " ")) for run in spans)


def _indent_lines(spans: Spans, first_prefix: str, other_prefix: str) -> Spans:
    """The lines of the runs with something before each; code keeps its lines as they are."""
    made: list[Spans] = [(Span(first_prefix),)]
    for run in spans:
        if run.style == "pre":
            made.append((run,))
            continue
        head, *more = run.text.split("\n")
        made.append((run.with_text(head),))
        made += [(Span(f"\n{other_prefix}"), run.with_text(line)) for line in more]
    return join_spans(*made)


# tdlib/td: tdutils/td/utils/HttpUrl.cpp (parse_url) and td/telegram/LinkManager.cpp (check_link_impl), for
# addresses in ASCII: http or https, a dot in the host, a port from 1 to 65535
_URL_CHARACTER = r"(?:[A-Za-z0-9._!$,~*'();&+=-]|%[0-9A-Fa-f]{2})"
_ACCEPTED_URL = lazy_pattern(
    rf"https?://(?:(?:{_URL_CHARACTER}|:)*@)?(?P<host>{_URL_CHARACTER}+)(?::0*(?P<port>[1-9]\d{{0,4}}))?(?:[/?#].*)?",
    re.I,
)
_MAILTO_URL = lazy_pattern(r"mailto:([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,8})(?:\?.*)?", re.I)


def normalize_link_url(url: str) -> str:
    """The address in the form in which Telegram takes it; empty when it takes none."""
    url = to_ascii_url(url)
    found = _ACCEPTED_URL.fullmatch(url) if len(url) <= MAX_URL_BYTES else None
    if not found or "." not in found["host"].strip("."):
        return ""
    return url if int(found["port"] or 80) <= 65535 else ""


def extract_email_address(url: str) -> str:
    """The address of a mailto: link that Telegram recognises where it stands in a text, else empty."""
    found = _MAILTO_URL.fullmatch(url)
    return found[1] if found else ""
