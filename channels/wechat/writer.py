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
from publisher.channels.wechat.links import ArticleLinks, LinkForm
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
from publisher.writers.html import escape_text, escape_url

BULLET = "•"
HTML_TAG = lazy_pattern("<[^>]*>")
_HTML_PIECES = lazy_pattern("(<[^>]*>)")
_COLLAPSIBLE_SPACES = lazy_pattern("^ +| {2,}| +$")
_TAB_SIZE = 4
_VOID_TAGS = ("<br", "<img", "<hr")
# what a picture is called where nobody described it: wechat_qrcode, image-3.png
_FILE_NAME = lazy_pattern(r"[\w.-]*\Z", re.ASCII)


class ArticleWriter:
    """Writes the nodes of one article in reading order: `links` decides on each link as it comes, `pictures`
    collects the addresses of pictures, and `say` has the words that no editor wrote."""

    def __init__(self, links: ArticleLinks, labels: Mapping[str, str]) -> None:
        self.links = links
        self.labels = labels
        self.image_urls: list[str] = []

    # ---------------------------------------------------------------- inlines

    def inlines(self, nodes: Inlines) -> str:
        """A run of inlines."""
        # most nodes are plain text, which needs no closer look
        return "".join(
            [
                escape_text(node.text) if isinstance(node, Text) else self._render_inline(node)
                for node in nodes
            ]
        )

    def _render_inline(self, node: Inline) -> str:
        match node:
            case Text(text):
                return escape_text(text)
            case Strong(children):
                return f"<strong>{self.inlines(children)}</strong>"
            case Em(children):
                return f"<em>{self.inlines(children)}</em>"
            case Code(text):
                return f"<code>{_preserve_spaces(text)}</code>"
            case Link(children, url):
                text = self.inlines(children) or escape_text(url)
                return self.render_link(text, url, self.links.resolve_inline(plain(children), url))
            case Image(url, alt):
                return self._render_image(url, alt)
            case Break():
                return "<br>"
            case _:
                assert_never(node)

    def render_link(self, text: str, url: str, form: LinkForm) -> str:
        """HTML that stands for a link, with what its form adds to it."""
        match form:
            case LinkForm.LINK:
                return f'<a href="{escape_url(url)}">{wrap_in_span(text)}</a>'
            case LinkForm.BRACKETS:
                return f"{text}{self.labels['bracket']}{format_printed_url(url)}{self.labels['bracket_end']}"
            case LinkForm.FOOTNOTE:
                return f"{text}<sup>[{self.links.get_footnote_number(url)}]</sup>"
            case LinkForm.URL_TEXT | LinkForm.NEARBY | LinkForm.OWN_LINE | LinkForm.REPOSITORY:
                return text
            case _:
                assert_never(form)

    # ----------------------------------------------------------------- blocks

    def blocks(self, nodes: Blocks, css: str = "") -> str:
        """Blocks, one after the other; `css` is for paragraphs and lists."""
        return "".join([self._render_block(node, css) for node in nodes])

    def _render_block(self, node: Block, css: str) -> str:
        match node:
            case Paragraph(children):
                return render_paragraph(self.inlines(children), css)
            case List():
                return self._render_list(node, css)
            case Quote(children):
                return render_element("section", style.QUOTE_STYLE, self.blocks(children))
            case CodeBlock(text):
                lines = "<br>".join(map(_preserve_spaces, text.split("\n")))
                return render_element(
                    "section", style.CODE_STYLE, render_element("code", style.NOWRAP_STYLE, lines)
                )
            case Table():
                return self._render_table(node)
            case Figure():
                return self._render_figure(node)
            case Rule():
                return f"<hr{_render_style_attribute(style.RULE_STYLE)}>"
            case _:
                assert_never(node)

    def _render_list(self, node: List, css: str) -> str:
        rows = [
            self._render_list_item(f"{number}." if node.ordered else BULLET, item)
            for number, item in enumerate(node.items, node.start)
        ]
        return render_element("section", ";".join(filter(None, (css, style.LIST_STYLE))), "".join(rows))

    def _render_list_item(self, marker: str, content: Blocks) -> str:
        """An entry of a list, its marker before its first words."""
        match content:
            case (Paragraph(children), *rest):
                return render_paragraph(f"{marker} {self.inlines(children)}") + self.blocks(tuple(rest))
            case _:
                return render_paragraph(marker) + self.blocks(content)

    def _render_table(self, node: Table) -> str:
        width = max([len(node.header), *(len(row) for row in node.rows)])

        def row(cells: tuple[Inlines, ...], tag: str, css: str) -> str:
            filled = [*cells, *([()] * (width - len(cells)))]
            inside = (
                f"<{tag}{_render_style_attribute(css)}>{wrap_in_span(self.inlines(cell))}</{tag}>"
                for cell in filled
            )
            return f"<tr>{''.join(inside)}</tr>"

        head = row(node.header, "th", style.HEAD_CELL_STYLE) if any(node.header) else ""
        body = "".join(row(cells, "td", style.CELL_STYLE) for cells in node.rows)
        return render_element(
            "section", style.SCROLL_STYLE, render_element("table", style.TABLE_STYLE, head + body)
        )

    def _render_image(self, url: str, alt: str, css: str = "") -> str:
        self.image_urls.append(url)
        return f'<img src="{escape_url(url)}" alt="{escape(alt)}"{_render_style_attribute(css)}>'

    def _render_figure(self, node: Figure) -> str:
        shown = self._render_image(node.image.url, node.image.alt, style.FULL_WIDTH_STYLE)
        caption = "" if _FILE_NAME.match(node.image.alt) else escape_text(node.image.alt)
        if node.url:
            form = self.links.resolve_inline(node.image.alt, node.url)
            if form is LinkForm.LINK:
                shown = self.render_link(shown, node.url, form)
            else:
                caption = self.render_link(caption, node.url, form)
        return render_element(
            "section", style.IMAGE_STYLE, shown + render_paragraph(caption, style.SMALL_STYLE)
        )


def format_printed_url(url: str) -> str:
    """An address as text of the article."""
    return escape_text(url.removeprefix("mailto:"))


def wrap_in_span(html: str) -> str:
    """What may lie directly in a paragraph, a cell or a link: text alone, or elements alone."""
    start, tag, _ = html.partition("<")
    if not tag:
        return html
    if start.strip():
        return f"<span>{html}</span>"
    depth = 0
    for piece in _HTML_PIECES.split(html):
        if not piece.startswith("<"):
            if piece.strip() and depth == 0:
                return f"<span>{html}</span>"
        elif not piece.startswith(_VOID_TAGS):
            depth += -1 if piece.startswith("</") else 1
    return html


def render_element(tag: str, css: str, html: str) -> str:
    """An element around some HTML; nothing when there is nothing in it."""
    return f"<{tag}{_render_style_attribute(css)}>{html}</{tag}>" if html else ""


def render_paragraph(html: str, css: str = "") -> str:
    """A paragraph."""
    return render_element("p", css, wrap_in_span(html))


def _render_style_attribute(css: str) -> str:
    return f' style="{css}"' if css else ""


def _preserve_spaces(code: str) -> str:
    """Code that keeps its spaces where white space is collapsed: hard ones, but for single ones in a line."""
    text = escape_text(code.expandtabs(_TAB_SIZE))
    return _COLLAPSIBLE_SPACES.sub(lambda run: "&nbsp;" * len(run[0]), text)


class BilingualMessage(NamedTuple):
    """What is wrong and the next step, in both languages; words in braces are filled in."""

    chinese: str
    chinese_hint: str
    english: str
    english_hint: str

    def format(self, lang: str, **values: object) -> tuple[str, str]:
        """The sentence and the step in the language of a BCP 47 tag: Chinese for zh, English for others."""
        pair = self[:2] if lang.lower().split("-")[0] == "zh" else self[2:]
        sentence, step = (redact(text.format(**values)) for text in pair)
        return sentence, step

    def build_error(
        self, lang: str, *, permanent: bool = False, retry_after: float | None = None, **values: object
    ) -> DeliveryError:
        """The error to raise when nothing went out."""
        return DeliveryError(*self.format(lang, **values), permanent=permanent, retry_after=retry_after)
