"""Writes inlines and blocks as escaped HTML that every feed reader keeps.

Only tags that the sanitizers of feed readers allow are written: p, ul, ol, li, blockquote, pre, code, table,
figure, figcaption, hr, br, strong, em, s, u, mark, sup, sub, h1 to h6, a, img. There is no class and no script, a
style only for the alignment of table cells, and an id only for footnotes: `remove_anchors` takes those away.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import TypeVar, assert_never

from publisher import model as m
from publisher.links import is_safe_image_url, is_safe_url, to_ascii_url
from publisher.patterns import lazy_pattern

_T = TypeVar("_T")
_REFERENCE = lazy_pattern(r'<sup(?: id="fnref-\d+")?><a href="#fn-\d+">(\[\d+\])</a></sup>')
_NOTE_ANCHOR = lazy_pattern(r'<li id="fn-\d+"| <a href="#fnref-\d+">↩</a>|\n<p><a href="#fnref-\d+">↩</a></p>')


def inlines(nodes: m.Inlines) -> str:
    """Return the HTML of a run of inlines."""
    return "".join([_inline_to_html(node) for node in nodes])


def blocks(nodes: m.Blocks) -> str:
    """Return the HTML of blocks, one per line, without a final newline."""
    return "\n".join([_block_to_html(node) for node in nodes])


def escape_text(text: str) -> str:
    """Escape text content for HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@lru_cache(1024)  # each channel writes each URL of an issue
def escape_url(url: str) -> str:
    """Return the URL as an attribute value: ASCII, escaped, and "#" instead of an unsafe URL."""
    return escape(to_ascii_url(url)) if is_safe_url(url) else "#"


def _inline_to_html(node: m.Inline) -> str:
    match node:
        case m.Text(text):
            return escape_text(text)
        # the most frequent first
        case m.Strong(children):
            return f"<strong>{inlines(children)}</strong>"
        case m.Code(text):
            return f"<code>{escape_text(text)}</code>"
        case m.Link(children, url, title):
            return f'<a href="{escape_url(url)}"{_render_title(title)}>{inlines(children) or escape_text(url)}</a>'
        case m.Em(children):
            return f"<em>{inlines(children)}</em>"
        case m.Strike(children):  # not <del>, which some feed readers hide
            return f"<s>{inlines(children)}</s>"
        case m.Underline(children):
            return f"<u>{inlines(children)}</u>"
        case m.Mark(children):
            return f"<mark>{inlines(children)}</mark>"
        case m.Sup(children):
            return f"<sup>{inlines(children)}</sup>"
        case m.Sub(children):
            return f"<sub>{inlines(children)}</sub>"
        case m.Image():
            return _image_to_html(node)
        case m.Break():
            return "<br>\n"
        case m.FootnoteRef(_, number, occurrence):
            anchor = f' id="fnref-{number}"' if occurrence == 1 else ""
            return f'<sup{anchor}><a href="#fn-{number}">[{number}]</a></sup>'
        case _:
            assert_never(node)


def _image_to_html(node: m.Image) -> str:
    source = escape_url(node.url) if is_safe_image_url(node.url) else "#"
    return f'<img src="{source}" alt="{escape(node.alt)}"{_render_title(node.title)}>'


def _render_title(title: str) -> str:
    return f' title="{escape(title)}"' if title else ""


def _block_to_html(node: m.Block) -> str:
    match node:
        case m.Paragraph(children):
            return f"<p>{inlines(children)}</p>"
        case m.Heading(level, children):
            return f"<h{level}>{inlines(children)}</h{level}>"
        case m.List():
            return _list_to_html(node)
        case m.Quote():
            return f"<blockquote>\n{blocks(node.titled_children)}\n</blockquote>"
        case m.CodeBlock(text):
            # the newline before </code> ends the last line; code without text has no line
            ending = "\n" if text else ""
            return f"<pre><code>{escape_text(text)}{ending}</code></pre>"
        case m.Table():
            return _table_to_html(node)
        case m.Figure():
            return _figure_to_html(node)
        case m.Rule():
            return "<hr>"
        case m.Footnotes(notes):
            return _footnotes_to_html(notes)
        case _:
            assert_never(node)


def _list_to_html(node: m.List) -> str:
    tag = "ol" if node.ordered else "ul"
    first = f' start="{node.start}"' if node.ordered and node.start != 1 else ""
    rows = "\n".join(f"<li>{_list_item_to_html(item, loose=node.loose)}</li>" for item in node.marked_items)
    return f"<{tag}{first}>\n{rows}\n</{tag}>"


def _list_item_to_html(content: m.Blocks, *, loose: bool) -> str:
    """Return the content of a list item; in a list that is not loose, the first paragraph is written without <p>."""
    if not loose and content and isinstance(content[0], m.Paragraph):
        rest = blocks(content[1:])
        return inlines(content[0].children) + (f"\n{rest}" if rest else "")
    return blocks(content)


def _table_to_html(node: m.Table) -> str:
    width = max([len(node.header), *(len(row) for row in node.rows)])
    styles = [f' style="text-align:{align}"' if align else "" for align in pad_row(node.align, width, "")]

    def row(cells: tuple[m.Inlines, ...], tag: str) -> str:
        pairs = zip(pad_row(cells, width, ()), styles, strict=False)
        return "<tr>" + "".join(f"<{tag}{style}>{inlines(cell)}</{tag}>" for cell, style in pairs) + "</tr>"

    head = f"<thead>\n{row(node.header, 'th')}\n</thead>\n" if any(node.header) else ""
    body = "\n".join(row(cells, "td") for cells in node.rows)
    return f"<table>\n{head}" + (f"<tbody>\n{body}\n</tbody>\n" if body else "") + "</table>"


def pad_row(cells: Sequence[_T], width: int, blank: _T) -> list[_T]:
    """Return the cells of a row, or what belongs to each, filled up to the width of the table."""
    return [*cells, *([blank] * (width - len(cells)))]


def _footnotes_to_html(notes: tuple[m.Footnote, ...]) -> str:
    """Return footnotes as a list with their numbers; each ends with a link back to its first reference."""
    rows = []
    for note in notes:
        back = f'<a href="#fnref-{note.number}">↩</a>'
        match note.children:
            case (*before, m.Paragraph(children)):
                last = f"{inlines(children)} {back}"
                content = f"{blocks(tuple(before))}\n<p>{last}</p>" if before else last
            case _:
                content = f"{blocks(note.children)}\n<p>{back}</p>"
        rows.append(f'<li id="fn-{note.number}" value="{note.number}">{content}</li>')
    return "<ol>\n" + "\n".join(rows) + "\n</ol>"


def remove_anchors(text: str) -> str:
    """Remove the links between footnotes and their references from HTML, for places where they lead nowhere."""
    if "#fn" not in text:
        return text
    return _NOTE_ANCHOR.sub(lambda anchor: "<li" * anchor[0].startswith("<li"), _REFERENCE.sub(r"<sup>\1</sup>", text))


def _figure_to_html(node: m.Figure) -> str:
    image = _image_to_html(node.image)
    if node.url:
        image = f'<a href="{escape_url(node.url)}">{image}</a>'
    caption = f"<figcaption>{escape_text(node.image.alt)}</figcaption>" if node.image.alt else ""
    return f"<figure>{image}{caption}</figure>"
