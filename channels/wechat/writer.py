"""Inlines and blocks as the HTML that WeChat keeps: no lists, no classes, white space of code spelled out.

A paragraph of more than one run of text is held by a span, as the editor would do itself: checks of line
heights take every run that lies directly in a paragraph for a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple, assert_never

from publisher.channels.wechat import style
from publisher.channels.wechat.links import Form, Links
from publisher.credentials import redact
from publisher.errors import DeliveryError
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
    plain,
)
from publisher.patterns import lazy_pattern
from publisher.writers.html import address, words

BULLET = "•"
TAG = lazy_pattern("<[^>]*>")
_PIECES = lazy_pattern("(<[^>]*>)")
_SPACES = lazy_pattern("^ +| {2,}| +$")
_TAB = 4
_VOID = ("<br", "<img", "<hr")
# what a picture is called where nobody described it: wechat_qrcode, image-3.png
_FILE = lazy_pattern(r"[\w.-]*\Z", re.ASCII)


class Writer:
    """Writes the nodes of one article in reading order: `links` decides on each link as it comes, `pictures`
    collects the addresses of pictures, and `say` has the words that no editor wrote."""

    def __init__(self, links: Links, say: Mapping[str, str]) -> None:
        self.links = links
        self.say = say
        self.pictures: list[str] = []

    # ---------------------------------------------------------------- inlines

    def inlines(self, nodes: Inlines) -> str:
        """A run of inlines."""
        # most nodes are plain text, which needs no closer look
        return "".join([words(node.text) if isinstance(node, Text) else self._inline(node) for node in nodes])

    def _inline(self, node: Inline) -> str:
        match node:
            case Text(text):
                return words(text)
            case Strong(children):
                return f"<strong>{self.inlines(children)}</strong>"
            case Em(children):
                return f"<em>{self.inlines(children)}</em>"
            case Code(text):
                return f"<code>{_spaced(text)}</code>"
            case Link(children, url):
                text = self.inlines(children) or words(url)
                return self.linked(text, url, self.links.in_text(plain(children), url))
            case Image(url, alt):
                return self._picture(url, alt)
            case Break():
                return "<br>"
            case _:
                assert_never(node)

    def linked(self, text: str, url: str, form: Form) -> str:
        """HTML that stands for a link, with what its form adds to it."""
        match form:
            case Form.LINK:
                return f'<a href="{address(url)}">{held(text)}</a>'
            case Form.BRACKETS:
                return f"{text}{self.say['bracket']}{printed(url)}{self.say['bracket_end']}"
            case Form.NUMBER:
                return f"{text}<sup>[{self.links.number(url)}]</sup>"
            case Form.SHOWN | Form.ABOVE | Form.LINE | Form.NAME:
                return text
            case _:
                assert_never(form)

    # ----------------------------------------------------------------- blocks

    def blocks(self, nodes: Blocks, css: str = "") -> str:
        """Blocks, one after the other; `css` is for paragraphs and lists."""
        return "".join([self._block(node, css) for node in nodes])

    def _block(self, node: Block, css: str) -> str:
        match node:
            case Paragraph(children):
                return paragraph(self.inlines(children), css)
            case List():
                return self._list(node, css)
            case Quote(children):
                return element("section", style.QUOTE, self.blocks(children))
            case CodeBlock(text):
                lines = "<br>".join(map(_spaced, text.split("\n")))
                return element("section", style.CODE, element("code", style.UNBROKEN, lines))
            case Table():
                return self._table(node)
            case Figure():
                return self._figure(node)
            case Rule():
                return f"<hr{_style(style.RULE)}>"
            case _:
                assert_never(node)

    def _list(self, node: List, css: str) -> str:
        rows = [
            self._entry(f"{number}." if node.ordered else BULLET, item)
            for number, item in enumerate(node.items, node.start)
        ]
        return element("section", ";".join(filter(None, (css, style.LIST))), "".join(rows))

    def _entry(self, marker: str, content: Blocks) -> str:
        """An entry of a list, its marker before its first words."""
        match content:
            case (Paragraph(children), *rest):
                return paragraph(f"{marker} {self.inlines(children)}") + self.blocks(tuple(rest))
            case _:
                return paragraph(marker) + self.blocks(content)

    def _table(self, node: Table) -> str:
        width = max([len(node.header), *(len(row) for row in node.rows)])

        def row(cells: tuple[Inlines, ...], tag: str, css: str) -> str:
            filled = [*cells, *([()] * (width - len(cells)))]
            inside = (f"<{tag}{_style(css)}>{held(self.inlines(cell))}</{tag}>" for cell in filled)
            return f"<tr>{''.join(inside)}</tr>"

        head = row(node.header, "th", style.HEAD_CELL) if any(node.header) else ""
        body = "".join(row(cells, "td", style.CELL) for cells in node.rows)
        return element("section", style.SCROLL, element("table", style.TABLE, head + body))

    def _picture(self, url: str, alt: str, css: str = "") -> str:
        self.pictures.append(url)
        return f'<img src="{address(url)}" alt="{escape(alt)}"{_style(css)}>'

    def _figure(self, node: Figure) -> str:
        shown = self._picture(node.image.url, node.image.alt, style.WIDE)
        caption = "" if _FILE.match(node.image.alt) else words(node.image.alt)
        if node.url:
            form = self.links.in_text(node.image.alt, node.url)
            if form is Form.LINK:
                shown = self.linked(shown, node.url, form)
            else:
                caption = self.linked(caption, node.url, form)
        return element("section", style.PICTURE, shown + paragraph(caption, style.SMALL))


def printed(url: str) -> str:
    """An address as text of the article."""
    return words(url.removeprefix("mailto:"))


def held(html: str) -> str:
    """What may lie directly in a paragraph, a cell or a link: text alone, or elements alone."""
    start, tag, _ = html.partition("<")
    if not tag:
        return html
    if start.strip():
        return f"<span>{html}</span>"
    depth = 0
    for piece in _PIECES.split(html):
        if not piece.startswith("<"):
            if piece.strip() and depth == 0:
                return f"<span>{html}</span>"
        elif not piece.startswith(_VOID):
            depth += -1 if piece.startswith("</") else 1
    return html


def element(tag: str, css: str, html: str) -> str:
    """An element around some HTML; nothing when there is nothing in it."""
    return f"<{tag}{_style(css)}>{html}</{tag}>" if html else ""


def paragraph(html: str, css: str = "") -> str:
    """A paragraph."""
    return element("p", css, held(html))


def _style(css: str) -> str:
    return f' style="{css}"' if css else ""


def _spaced(code: str) -> str:
    """Code that keeps its spaces where white space is collapsed: hard ones, but for single ones in a line."""
    text = words(code.expandtabs(_TAB))
    return _SPACES.sub(lambda run: "&nbsp;" * len(run[0]), text)


class Sentence(NamedTuple):
    """What is wrong and the next step, in both languages; words in braces are filled in."""

    chinese: str
    chinese_step: str
    english: str
    english_step: str

    def told(self, lang: str, **values: object) -> tuple[str, str]:
        """The sentence and the step in the language of a BCP 47 tag: Chinese for zh, English for others."""
        pair = self[:2] if lang.lower().split("-")[0] == "zh" else self[2:]
        sentence, step = (redact(text.format(**values)) for text in pair)
        return sentence, step

    def error(
        self, lang: str, *, permanent: bool = False, retry_after: float | None = None, **values: object
    ) -> DeliveryError:
        """The error to raise when nothing went out."""
        return DeliveryError(*self.told(lang, **values), permanent=permanent, retry_after=retry_after)
