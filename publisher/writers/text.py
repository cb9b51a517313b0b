"""Writes inlines and blocks as readable plain text, without wrapping or shortening it.

A URL is written in parentheses after the text of its link, and only once if it is the text. Wrapping is left
to the channel, which knows the width.
"""

from __future__ import annotations

from typing import assert_never

from publisher import model as m
from publisher.inline_nodes import STRUCK, format_subscript, format_superscript

_BULLET = "- "
_RULE = "* * *"


def inlines(nodes: m.Inlines) -> str:
    """Return the text of a run of inlines; a line break becomes a newline."""
    return "".join([_inline_to_text(node) for node in nodes])


def blocks(nodes: m.Blocks) -> str:
    """Return the text of blocks, separated by blank lines, without a final newline."""
    return "\n\n".join([_block_to_text(node) for node in nodes])


def _inline_to_text(node: m.Inline) -> str:
    match node:
        case m.Text(text) | m.Code(text):
            return text
        case m.Strong(children) | m.Em(children) | m.Underline(children) | m.Mark(children):
            return inlines(children)
        case m.Strike(children):
            return f"{STRUCK}{inlines(children)}{STRUCK}"
        case m.Sup(children):
            return format_superscript(inlines(children))
        case m.Sub(children):
            return format_subscript(inlines(children))
        case m.Link(children, url):
            return _append_url(inlines(children), url)
        case m.Image(url, alt):
            return _append_url(alt, url)
        case m.Break():
            return "\n"
        case m.FootnoteRef(_, number):
            return f"[{number}]"
        case _:
            assert_never(node)


def _append_url(text: str, url: str) -> str:
    if not text or text == url or text == url.removeprefix("mailto:"):
        return text or url
    return f"{text} ({url})" if text[-1].isascii() else f"{text}（{url}）"


def _block_to_text(node: m.Block) -> str:
    match node:
        case m.Paragraph(children):
            return inlines(children)
        case m.Heading(_, children):
            return inlines(children)
        case m.List():
            return _list_to_text(node)
        case m.Quote():
            return _prefix_lines(blocks(node.titled_children), "> ", "> ")
        case m.CodeBlock(text):
            return _prefix_lines(text, "    ", "    ")
        case m.Table(header, rows):
            lines = [header, *rows] if any(header) else rows
            return "\n".join(" | ".join(inlines(cell).replace("\n", " ") for cell in row) for row in lines)
        case m.Figure(image, url):
            text = _append_url(image.alt, image.url)
            return text if url is None or url == image.url else _append_url(text, url)
        case m.Rule():
            return _RULE
        case m.Footnotes(notes):
            return "\n".join(_prefix_lines(blocks(note.children), f"[{note.number}] ", "    ") for note in notes)
        case _:
            assert_never(node)


def _list_to_text(node: m.List) -> str:
    lines = []
    for number, item in enumerate(node.marked_items, node.start):
        marker = f"{number}{node.delimiter} " if node.ordered else _BULLET
        content = "\n".join(_block_to_text(node) for node in item)
        lines.append(_prefix_lines(content, marker, " " * len(marker)))
    return "\n".join(lines)


def _prefix_lines(text: str, first: str, rest: str) -> str:
    """Add a prefix to each line, `first` to the first one; trailing white space is removed."""
    lines = text.split("\n")
    prefixed = [first + lines[0], *(rest + line for line in lines[1:])]
    return "\n".join(line.rstrip() for line in prefixed)
