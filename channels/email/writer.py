"""Writes inlines and blocks as plain text.

A URL in running text is replaced by a number and written on a separate line below, so that mail programs find
its end and no line break falls into it, unless the link has no other text, it is short, and a space follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import assert_never

from publisher import model as m
from publisher.channels.email.headers import clean_code_line
from publisher.channels.email.wrapping import TextBuffer, count_columns, fits
from publisher.inline_nodes import STRUCK, format_subscript, format_superscript
from publisher.links import to_ascii_url
from publisher.mail_address import clean_text

_RULE = "* * *"
_BULLET = "- "
_QUOTE_PREFIX = "> "
_CODE_INDENT = "    "
_NESTED_INDENT = "  "
_MAX_LIST_INDENT = 24  # columns; deeper lists are not indented further, or their text would have no room
# mail programs exclude these from the end of a URL when they make it clickable
_TRIMMED_URL_ENDINGS = tuple(").,;:!?'*")
_MAX_INLINE_URL = 40  # columns; a longer one would leave a gap where the line before it ends


def format_url(url: str) -> str:
    """Return a URL for a separate line, in angle brackets if it needs them (RFC 3986, appendix C)."""
    return f"<{url}>" if url.endswith(_TRIMMED_URL_ENDINGS) else url


def is_bare_link(text: str, url: str) -> bool:
    """Return whether the text of a link is empty or its URL."""
    return not text or text == url or ("://" in text and to_ascii_url(text) == url)


def can_stand_before(url: str, following: str) -> bool:
    """Return whether a short URL can be written before this text, none of which is mistaken for a part of it."""
    if following[:1] == "\n":
        return True
    return count_columns(url) <= _MAX_INLINE_URL and following.lstrip("".join(_TRIMMED_URL_ENDINGS))[:1].isspace()


class TextWriter:
    """Writes one part of the text and its references; `known_url` is shown next to it and gets no number."""

    def __init__(self, buffer: TextBuffer, known_url: str | None = None) -> None:
        self._buffer = buffer
        self._known_url = known_url
        self._reference_numbers: dict[str, int] = {}
        self._written_references = 0

    # --------------------------------------------------------------- inlines

    def format_lines(self, nodes: m.Inlines) -> list[str]:
        """Return the lines of inlines, split at the editor's line breaks."""
        text = self._join_inlines(nodes, following="\n")
        return [clean_text(line) for line in text.split("\n")] if "\n" in text else [clean_text(text)]

    def format_text(self, nodes: m.Inlines, following: str = "") -> str:
        """Return the text of inlines on one line; `following` is what comes after it, as far as it is known."""
        return clean_text(self._join_inlines(nodes, following))

    def format_reference(self, url: str) -> str:
        """Return the number that replaces a URL, like "[1]"."""
        following = self._buffer.last_note + len(self._reference_numbers) + 1
        return f"[{self._reference_numbers.setdefault(url, following)}]"

    def _join_inlines(self, nodes: m.Inlines, following: str) -> str:
        """Return the text of inlines; `following` is what comes after it, as far as it is known."""
        parts = []
        for next_index, node in enumerate(nodes, 1):
            parts.append(self._format_inline(node, _get_text_at(nodes, next_index, following)))
        return "".join(parts)

    def _format_inline(self, node: m.Inline, following: str) -> str:
        match node:
            case m.Text(text) | m.Code(text):
                return text
            case m.Strong(children) | m.Em(children) | m.Underline(children) | m.Mark(children):
                return self._join_inlines(children, following)
            case m.Strike(children):
                return f"{STRUCK}{self._join_inlines(children, '')}{STRUCK}"
            case m.Sup(children):
                return format_superscript(self._join_inlines(children, ""))
            case m.Sub(children):
                return format_subscript(self._join_inlines(children, ""))
            case m.Link(children, url):
                return self._format_link(self._join_inlines(children, ""), url, following)
            case m.Image(url, alt):
                return self._format_link(alt, url, following)
            case m.Break():
                return "\n"
            case m.FootnoteRef(_, number):
                return f"[{number}]"
            case _:
                assert_never(node)

    def _format_link(self, text: str, url: str, following: str) -> str:
        if is_bare_link(text, url):
            return format_url(url) if can_stand_before(url, following) else self.format_reference(url)
        if url in (self._known_url, f"mailto:{text}"):
            return text
        return text + self.format_reference(url)

    # ---------------------------------------------------------------- blocks

    def write_references(self, indent: str = "") -> None:
        """Write the URLs that got a number since the last call."""
        for url, number in islice(self._reference_numbers.items(), self._written_references, None):
            self._buffer.write(format_url(url), f"{indent}[{number}] ", indent)
        self._written_references = len(self._reference_numbers)

    def write_reference_block(self) -> None:
        """Write the new references after a blank line, if there are any."""
        if self._written_references < len(self._reference_numbers):
            self._buffer.write_blank()
            self.write_references()

    def write_blocks(self, nodes: m.Blocks, indent: str = "") -> None:
        """Write blocks, separated by blank lines."""
        for index, node in enumerate(nodes):
            if index:
                self._buffer.write_blank()
            self._write_block(node, indent, indent)

    def write_paragraph(self, lines: list[str], first: str = "", rest: str = "") -> None:
        """Write the lines of a paragraph, with the prefixes `first` and `rest`.

        Unless they are indented, wrapped ones are separated by a blank line: they look like paragraphs.
        """
        width = self._buffer.width
        for index, text in enumerate(lines):
            if index and not rest and not (fits(text, width) and fits(lines[index - 1], width)):
                self._buffer.write_blank()
            self._buffer.write(text, rest if index else first, rest)

    def _write_block(self, node: m.Block, first: str, rest: str) -> None:
        """Write a block with the prefix `first` on its first line and `rest` on the others."""
        match node:
            case m.Paragraph(children):
                self.write_paragraph(self.format_lines(children), first, rest)
            case m.Heading(_, children):
                text = self.format_text(children)
                self._write_lines([text, "-" * min(count_columns(text), self._buffer.width - len(rest))], first, rest)
            case m.List():
                self._write_list(node, first or _NESTED_INDENT, rest or _NESTED_INDENT)
            case m.Quote():
                self._write_quote(node.titled_children, first or " ", rest or " ")
            case m.CodeBlock(text):
                for line in text.split("\n"):  # without `rest`, so that mail programs can join a long line
                    self._buffer.write(clean_code_line(line), first + _CODE_INDENT)
                    first = rest
            case m.Table():
                self._write_table(node, first or _NESTED_INDENT, rest or _NESTED_INDENT)
            case m.Figure(image, url):
                self._write_lines(_format_image_lines(image, url), first, rest)
            case m.Rule():
                self._buffer.write(_RULE, first, rest)
            case m.Footnotes(notes):
                for note in notes:
                    self._write_list_item(note.children, f"{first}[{note.number}] ", rest + _CODE_INDENT, loose=True)
                    first = rest
            case _:
                assert_never(node)

    def _write_lines(self, lines: list[str], first: str, rest: str) -> None:
        for index, line in enumerate(lines):
            self._buffer.write(line, rest if index else first, rest)

    def _write_quote(self, nodes: m.Blocks, first: str, rest: str) -> None:
        for index, node in enumerate(nodes):
            if index:
                self._buffer.write("", rest + _QUOTE_PREFIX)
            self._write_block(node, (rest if index else first) + _QUOTE_PREFIX, rest + _QUOTE_PREFIX)

    def _write_list(self, node: m.List, first: str, rest: str) -> None:
        for index, item in enumerate(node.marked_items):
            marker = f"{node.start + index}{node.delimiter} " if node.ordered else _BULLET
            indent = rest + " " * len(marker) if len(rest) < _MAX_LIST_INDENT else rest
            if index and node.loose:
                self._buffer.write("", rest)
            self._write_list_item(item, first + marker, indent, loose=node.loose)
            first = rest

    def _write_list_item(self, item: m.Blocks, prefix: str, indent: str, *, loose: bool) -> None:
        for index, node in enumerate(item):
            if index and loose:
                self._buffer.write("", indent)
            self._write_block(node, prefix, indent)
            prefix = indent
        if not item:
            self._buffer.write("", prefix)

    def _write_table(self, node: m.Table, first: str, rest: str) -> None:
        rows = [node.header, *node.rows] if any(node.header) else node.rows
        cells = [[self.format_text(cell) for cell in row] for row in rows]
        width = self._buffer.width - len(rest)
        self._write_lines(_format_text_table(cells, node.align, width, has_header=any(node.header)), first, rest)


def _format_image_lines(image: m.Image, url: str | None) -> list[str]:
    """Return the alt text of an image, its URL, and the URL it links to."""
    target = format_url(url) if url and url != image.url else ""
    return [line for line in (clean_text(image.alt), format_url(image.url), target) if line]


_COLUMN_GAP = "  "
_CELL_SEPARATOR = " | "


def _format_text_table(
    cells: Sequence[Sequence[str]], align: Sequence[str], width: int, *, has_header: bool
) -> list[str]:
    """Return the lines of a table with aligned columns; with `has_header` the first row is underlined.

    In a table wider than `width` columns, cells are separated by bars and not aligned.
    """
    count = max(map(len, cells), default=0)
    rows = [[*row, *[""] * (count - len(row))] for row in cells]
    sizes = [max(map(count_columns, column)) for column in zip(*rows, strict=True)]
    if sum(sizes) + len(_COLUMN_GAP) * (count - 1) > width:
        return [_CELL_SEPARATOR.join(row) for row in cells]
    alignments = [*align, *[""] * (count - len(align))]
    if has_header:
        rows.insert(1, ["-" * size for size in sizes])
    return [_COLUMN_GAP.join(map(_pad_cell, row, sizes, alignments)).rstrip(" ") for row in rows]


def _pad_cell(cell: str, size: int, alignment: str) -> str:
    padding = size - count_columns(cell)
    left = {"right": padding, "center": padding // 2}.get(alignment, 0)
    return " " * left + cell + " " * (padding - left)


def _get_text_at(nodes: m.Inlines, index: int, following: str) -> str:
    """Return the text that begins at an index of the nodes, as far as it is known; `following` is what follows them."""
    if index == len(nodes):
        return following
    match nodes[index]:
        case m.Break():
            return "\n"
        case m.Text(text):
            return text + following if index + 1 == len(nodes) else text
        case _:
            return ""
