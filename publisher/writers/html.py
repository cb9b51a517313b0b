"""Writes inlines and blocks as escaped HTML that every feed reader keeps.

Only tags that the sanitizers of feed readers allow are written: p, ul, ol, li, blockquote, pre, code, table,
figure, figcaption, hr, br, strong, em, s, u, mark, sup, sub, a, img; and no class, style, script or id.
"""

from __future__ import annotations

from html import escape
from typing import assert_never

from publisher import model as m
from publisher.links import is_safe_image_url, is_safe_url, to_ascii_url


def inlines(nodes: m.Inlines) -> str:
    """Return the HTML of a run of inlines."""
    # fast path: most nodes are plain text
    return "".join([escape_text(node.text) if isinstance(node, m.Text) else _inline_to_html(node) for node in nodes])


def blocks(nodes: m.Blocks) -> str:
    """Return the HTML of blocks, one per line, without a final newline."""
    return "\n".join([_block_to_html(node) for node in nodes])


def escape_text(text: str) -> str:
    """Escape text content for HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_url(url: str) -> str:
    """Return the URL as an attribute value: ASCII, escaped, and "#" instead of an unsafe URL."""
    return escape(to_ascii_url(url)) if is_safe_url(url) else "#"


def _inline_to_html(node: m.Inline) -> str:
    match node:
        case m.Text(text):
            return escape_text(text)
        case m.Strong(children):
            return f"<strong>{inlines(children)}</strong>"
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
        case m.Code(text):
            return f"<code>{escape_text(text)}</code>"
        case m.Link(children, url, title):
            return f'<a href="{escape_url(url)}"{_render_title(title)}>{inlines(children) or escape_text(url)}</a>'
        case m.Image():
            return _image_to_html(node)
        case m.Break():
            return "<br>\n"
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
        case m.List(items, ordered, start):
            return _list_to_html(items, ordered, start)
        case m.Quote(children):
            return f"<blockquote>\n{blocks(children)}\n</blockquote>"
        case m.CodeBlock(text):
            # the newline before </code> ends the last line
            return f"<pre><code>{escape_text(text)}\n</code></pre>"
        case m.Table():
            return _table_to_html(node)
        case m.Figure():
            return _figure_to_html(node)
        case m.Rule():
            return "<hr>"
        case _:
            assert_never(node)


def _list_to_html(items: tuple[m.Blocks, ...], ordered: bool, start: int) -> str:
    tag = "ol" if ordered else "ul"
    first = f' start="{start}"' if ordered and start != 1 else ""
    rows = "\n".join(f"<li>{_list_item_to_html(item)}</li>" for item in items)
    return f"<{tag}{first}>\n{rows}\n</{tag}>"


def _list_item_to_html(content: m.Blocks) -> str:
    """Return the content of a list item; the first paragraph is written without <p>."""
    if content and isinstance(content[0], m.Paragraph):
        rest = blocks(content[1:])
        return inlines(content[0].children) + (f"\n{rest}" if rest else "")
    return blocks(content)


def _table_to_html(node: m.Table) -> str:
    width = max([len(node.header), *(len(row) for row in node.rows)])

    def row(cells: tuple[m.Inlines, ...], tag: str) -> str:
        filled = [*cells, *([()] * (width - len(cells)))]
        return "<tr>" + "".join(f"<{tag}>{inlines(cell)}</{tag}>" for cell in filled) + "</tr>"

    head = f"<thead>\n{row(node.header, 'th')}\n</thead>\n" if any(node.header) else ""
    body = "\n".join(row(cells, "td") for cells in node.rows)
    return f"<table>\n{head}" + (f"<tbody>\n{body}\n</tbody>\n" if body else "") + "</table>"


def _figure_to_html(node: m.Figure) -> str:
    image = _image_to_html(node.image)
    if node.url:
        image = f'<a href="{escape_url(node.url)}">{image}</a>'
    caption = f"<figcaption>{escape_text(node.image.alt)}</figcaption>" if node.image.alt else ""
    return f"<figure>{image}{caption}</figure>"
