"""Writes inlines and blocks as HTML that WeChat keeps: no lists, no classes, non-breaking spaces in code.

Mixed content of a paragraph is wrapped in a span, as WeChat's editor does: its line-height checks count every
text run directly inside a paragraph as a separate line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import assert_never

from publisher import model as m
from publisher.channels.wechat import style
from publisher.channels.wechat.links import ArticleLinks, LinkForm
from publisher.channels.wechat.style import ArticleTheme, join_styles
from publisher.patterns import lazy_pattern
from publisher.writers.html import escape_text, escape_url, pad_row

HTML_TAG = lazy_pattern("<[^<>]*>")
_HTML_TOKENS = lazy_pattern("(<[^<>]*>)")
_COLLAPSIBLE_SPACES = lazy_pattern("^ +| {2,}| +$")
_TAB_SIZE = 4
_VOID_TAGS = ("<br", "<img", "<hr")
# alt text that is only a file name, not a description: wechat_qrcode, image-3.png
_FILE_NAME = lazy_pattern(r"[\w.-]*\Z", re.ASCII)


class ArticleWriter:
    """Writes the nodes of one article as HTML; to be called in reading order.

    `links` decides on each link, `image_urls` collects the URLs of images, `labels` are the fixed texts in the
    language of the newsletter, and `theme` has the styles.
    """

    def __init__(self, links: ArticleLinks, labels: Mapping[str, str], theme: ArticleTheme) -> None:
        self.links = links
        self.labels = labels
        self.theme = theme
        self.image_urls: list[str] = []

    # ---------------------------------------------------------------- inlines

    def inlines(self, nodes: m.Inlines) -> str:
        """Return inline nodes as HTML."""
        return "".join([self._render_inline(node) for node in nodes])

    def _render_inline(self, node: m.Inline) -> str:
        match node:
            case m.Text(text):
                return escape_text(text)
            case m.Strong(children):
                return f"<strong>{self.inlines(children)}</strong>"
            case m.Em(children):
                return f"<em>{self.inlines(children)}</em>"
            case m.Strike(children):
                return render_element("span", style.STRIKE_STYLE, self.inlines(children))
            case m.Underline(children):
                return render_element("span", style.UNDERLINE_STYLE, self.inlines(children))
            case m.Mark(children):
                return render_element("span", self.theme.mark, self.inlines(children))
            case m.Sup(children):
                return render_element("sup", "", self.inlines(children))
            case m.Sub(children):
                return render_element("sub", "", self.inlines(children))
            case m.Code(text):
                return render_element("code", self.theme.inline_code, _preserve_spaces(text))
            case m.Link(children, url):
                text = self.inlines(children) or escape_text(url)
                return self.render_link(text, url, self.links.resolve_inline(m.plain(children), url))
            case m.Image(url, alt):
                return self.render_image(url, alt)
            case m.Break():
                return "<br>"
            case m.FootnoteRef(_, number):  # without a link: WeChat refuses articles with href="#…"
                return f"<sup>[{number}]</sup>"
            case _:
                assert_never(node)

    def render_link(self, text: str, url: str, form: LinkForm) -> str:
        """Return the HTML of a link in the given form; `text` is HTML."""
        match form:
            case LinkForm.LINK:
                return f'<a href="{escape_url(url)}">{wrap_in_span(text)}</a>'
            case LinkForm.BRACKETS:
                return f"{text}{self.labels['bracket']}{format_printed_url(url)}{self.labels['bracket_end']}"
            case LinkForm.FOOTNOTE:
                return f"{text}<sup>[{self.links.format_footnote_number(url)}]</sup>"
            case LinkForm.URL_TEXT | LinkForm.NEARBY | LinkForm.OWN_LINE:
                return text
            case _:
                assert_never(form)

    # ----------------------------------------------------------------- blocks

    def blocks(self, nodes: m.Blocks, css: str = "") -> str:
        """Return blocks as HTML; `css` applies to paragraphs."""
        return "".join([self._render_block(node, css) for node in nodes])

    def _render_block(self, node: m.Block, css: str) -> str:
        match node:
            case m.Paragraph(children):
                return render_paragraph(self.inlines(children), css)
            case m.List():
                return self._render_list(node)
            case m.Heading(_, children):
                return render_paragraph(self.inlines(children), style.INNER_HEADING_STYLE)
            case m.Quote():
                return render_element("section", self.theme.quote, self.blocks(node.titled_children))
            case m.CodeBlock(text):
                lines = "<br>".join(map(_preserve_spaces, text.split("\n")))
                return render_element("section", self.theme.code, render_element("code", style.NOWRAP_STYLE, lines))
            case m.Table():
                return self._render_table(node)
            case m.Figure():
                return self._render_figure(node)
            case m.Rule():
                return f"<hr{_render_style_attribute(self.theme.rule)}>"
            case m.Footnotes(notes):
                rows = [self._render_list_item(f"[{note.number}]", note.children) for note in notes]
                css = join_styles(self.theme.references, self.theme.numbers)
                return render_element("section", css, "".join(rows))
            case _:
                assert_never(node)

    def _render_list(self, node: m.List) -> str:
        css, bullet = (self.theme.numbers, "") if node.ordered else (self.theme.list, self.theme.bullet)
        rows = [
            self._render_list_item(bullet or f"{number}{node.delimiter}", item)
            for number, item in enumerate(node.marked_items, node.start)
        ]
        return render_element("section", css, "".join(rows))

    def _render_list_item(self, marker: str, content: m.Blocks) -> str:
        """Return a list item with its marker in front of its first paragraph."""
        match content:
            case (m.Paragraph(children), *rest):
                return render_paragraph(f"{marker} {self.inlines(children)}") + self.unindented_blocks(tuple(rest))
            case _:
                return render_paragraph(marker) + self.unindented_blocks(content)

    def unindented_blocks(self, nodes: m.Blocks) -> str:
        """Return blocks below the first line of a list entry, which alone begins at the bullet."""
        html = self.blocks(nodes)
        are_indented = all(isinstance(node, m.List) for node in nodes)  # by their own style
        return html if are_indented else render_element("section", style.UNINDENTED_STYLE, html)

    def _render_table(self, node: m.Table) -> str:
        width = max([len(node.header), *(len(row) for row in node.rows)])

        def render_row(cells: tuple[m.Inlines, ...], tag: str, css: str) -> str:
            html = ""
            for cell, align in zip(pad_row(cells, width, ()), pad_row(node.align, width, ""), strict=False):
                attribute = _render_style_attribute(f"{css};text-align:{align}" if align else css)
                html += f"<{tag}{attribute}>{wrap_in_span(self.inlines(cell))}</{tag}>"
            return f"<tr>{html}</tr>"

        head = render_row(node.header, "th", self.theme.head_cell) if any(node.header) else ""
        body = "".join(render_row(cells, "td", self.theme.cell) for cells in node.rows)
        return render_element("section", style.SCROLL_STYLE, render_element("table", style.TABLE_STYLE, head + body))

    def render_image(self, url: str, alt: str, css: str = "") -> str:
        self.image_urls.append(url)
        return f'<img src="{escape_url(url)}" alt="{escape(alt)}"{_render_style_attribute(css)}>'

    def _render_figure(self, node: m.Figure) -> str:
        image = self.render_image(node.image.url, node.image.alt, self.theme.figure_image)
        caption = "" if _FILE_NAME.match(node.image.alt) else escape_text(node.image.alt)
        if node.url:
            form = self.links.resolve_inline(node.image.alt, node.url)
            if form is LinkForm.LINK:
                image = self.render_link(image, node.url, form)
            else:
                caption = self.render_link(caption, node.url, form)
        return render_element("section", self.theme.figure, image + render_paragraph(caption, self.theme.caption))


def format_printed_url(url: str) -> str:
    """Return a URL as text of the article (HTML)."""
    return escape_text(url.removeprefix("mailto:"))


def wrap_in_span(html: str) -> str:
    """Wrap HTML in a span if it mixes text and elements at its top level; else return it unchanged."""
    start, tag, _ = html.partition("<")
    if not tag:
        return html
    if start.strip():
        return f"<span>{html}</span>"
    depth = 0
    for token in _HTML_TOKENS.split(html):
        if not token.startswith("<"):
            if token.strip() and depth == 0:
                return f"<span>{html}</span>"
        elif not token.startswith(_VOID_TAGS):
            depth += -1 if token.startswith("</") else 1
    return html


def render_element(tag: str, css: str, html: str, lang: str = "") -> str:
    """Return an element that contains `html`, in the language `lang` if it is given; "" if `html` is empty."""
    attributes = (f' lang="{escape(lang)}"' if lang else "") + _render_style_attribute(css)
    return f"<{tag}{attributes}>{html}</{tag}>" if html else ""


def render_paragraph(html: str, css: str = "") -> str:
    """Return a paragraph that contains `html`; "" if that is empty."""
    return render_element("p", css, wrap_in_span(html))


def _render_style_attribute(css: str) -> str:
    return f' style="{css}"' if css else ""


def _preserve_spaces(code: str) -> str:
    """Return code as HTML that keeps its spaces: all but single spaces inside a line become &nbsp;."""
    text = escape_text(code.expandtabs(_TAB_SIZE))
    return _COLLAPSIBLE_SPACES.sub(lambda match: "&nbsp;" * len(match[0]), text)
