"""Inlines and blocks on a sheet.

An address in running text becomes a number there and gets a line of its own below, where programs find its
end and no line break can fall into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import assert_never

from publisher.channels.email.headers import clean_code_line, clean_text
from publisher.channels.email.wrapping import TextBuffer, count_columns, fits
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

_RULE = "* * *"
_BULLET = "- "
_QUOTE_PREFIX = "> "
_CODE_INDENT = "    "
_NESTED_INDENT = "  "
_MAX_LIST_INDENT = 24  # columns; lists further in stay there, or their text would have no room
# an address that ends in one of these is cut short by what makes addresses clickable
_TRIMMED_URL_ENDINGS = tuple(").,;:!?'*")


def format_url(url: str) -> str:
    """An address as it stands on a line of its own (RFC 3986, appendix C, for the angle brackets)."""
    return f"<{url}>" if url.endswith(_TRIMMED_URL_ENDINGS) else url


def is_bare_link(text: str, url: str) -> bool:
    """Whether the text of a link is its address."""
    return not text or text == url or ("://" in text and to_ascii_url(text) == url)


class TextWriter:
    """The text of one part of a mail. `own` is an address that is shown beside it anyway."""

    def __init__(self, buffer: TextBuffer, known_url: str | None = None) -> None:
        self._buffer = buffer
        self._known_url = known_url
        self._reference_numbers: dict[str, int] = {}
        self._written_references = 0

    # --------------------------------------------------------------- inlines

    def format_lines(self, nodes: Inlines) -> list[str]:
        """The text of inlines; the breaks the editor meant are kept."""
        text = self._join_inlines(nodes, ends_line=True)
        return [clean_text(line) for line in text.split("\n")] if "\n" in text else [clean_text(text)]

    def format_text(self, nodes: Inlines) -> str:
        """The text of inlines on one line, after which the line may go on."""
        return clean_text(self._join_inlines(nodes, ends_line=False))

    def format_reference(self, url: str) -> str:
        """The number that stands for an address."""
        return f"[{self._reference_numbers.setdefault(url, len(self._reference_numbers) + 1)}]"

    def _join_inlines(self, nodes: Inlines, *, ends_line: bool) -> str:
        """The text of inlines; `last` when a line ends after them."""
        made = []
        for index, node in enumerate(nodes, 1):
            if isinstance(node, Text):
                made.append(node.text)
            else:
                ends = isinstance(nodes[index], Break) if index < len(nodes) else ends_line
                made.append(self._format_inline(node, ends_line=ends))
        return "".join(made)

    def _format_inline(self, node: Inline, *, ends_line: bool) -> str:
        match node:
            case Text(text) | Code(text):
                return text
            case Strong(children) | Em(children):
                return self._join_inlines(children, ends_line=ends_line)
            case Link(children, url):
                return self._format_link(
                    self._join_inlines(children, ends_line=False), url, ends_line=ends_line
                )
            case Image(url, alt):
                return self._format_link(alt, url, ends_line=ends_line)
            case Break():
                return "\n"
            case _:
                assert_never(node)

    def _format_link(self, text: str, url: str, *, ends_line: bool) -> str:
        if is_bare_link(text, url):  # at the end of a line nothing can be taken for a part of it
            return format_url(url) if ends_line else self.format_reference(url)
        if url in (self._known_url, f"mailto:{text}"):
            return text
        return text + self.format_reference(url)

    # ---------------------------------------------------------------- blocks

    def write_references(self, indent: str = "") -> None:
        """Write the addresses that were given a number since the last call."""
        for url, number in islice(self._reference_numbers.items(), self._written_references, None):
            self._buffer.write(format_url(url), f"{indent}[{number}] ", indent)
        self._written_references = len(self._reference_numbers)

    def write_reference_block(self) -> None:
        """The same below a text: after a blank line, if there are any."""
        if self._written_references < len(self._reference_numbers):
            self._buffer.write_blank()
            self.write_references()

    def write_blocks(self, nodes: Blocks, indent: str = "") -> None:
        """Write blocks, a blank line between two."""
        for index, node in enumerate(nodes):
            if index:
                self._buffer.write_blank()
            self._write_block(node, indent, indent)

    def write_paragraph(self, lines: list[str], first: str = "", rest: str = "") -> None:
        """Write lines that belong together. Long ones are paragraphs to a reader, so a blank line keeps them
        apart, unless they hang below something."""
        width = self._buffer.width
        for index, text in enumerate(lines):
            if index and not rest and not (fits(text, width) and fits(lines[index - 1], width)):
                self._buffer.write_blank()
            self._buffer.write(text, rest if index else first, rest)

    def _write_block(self, node: Block, first: str, rest: str) -> None:
        """Write a block; `first` stands before its first line and `rest` before the others."""
        match node:
            case Paragraph(children):
                self.write_paragraph(self.format_lines(children), first, rest)
            case List(items, ordered, start):
                self._write_list(items, ordered, start, first or _NESTED_INDENT, rest or _NESTED_INDENT)
            case Quote(children):
                self._write_quote(children, first or " ", rest or " ")
            case CodeBlock(text):
                for line in text.split("\n"):  # without a `rest`, so that a long one can be joined again
                    self._buffer.write(clean_code_line(line), first + _CODE_INDENT)
                    first = rest
            case Table():
                self._write_table(node, first or _NESTED_INDENT, rest or _NESTED_INDENT)
            case Figure(image, url):
                self._write_lines(_format_image_lines(image, url), first, rest)
            case Rule():
                self._buffer.write(_RULE, first, rest)
            case _:
                assert_never(node)

    def _write_lines(self, lines: list[str], first: str, rest: str) -> None:
        for index, line in enumerate(lines):
            self._buffer.write(line, rest if index else first, rest)

    def _write_quote(self, nodes: Blocks, first: str, rest: str) -> None:
        for index, node in enumerate(nodes):
            if index:
                self._buffer.write("", rest + _QUOTE_PREFIX)
            self._write_block(node, (rest if index else first) + _QUOTE_PREFIX, rest + _QUOTE_PREFIX)

    def _write_list(
        self, items: tuple[Blocks, ...], ordered: bool, start: int, first: str, rest: str
    ) -> None:
        for number, item in enumerate(items, start):
            marker = f"{number}. " if ordered else _BULLET
            inner = rest + " " * len(marker) if len(rest) < _MAX_LIST_INDENT else rest
            ahead = first + marker
            for node in item:
                self._write_block(node, ahead, inner)
                ahead = inner
            if not item:
                self._buffer.write("", ahead)
            first = rest

    def _write_table(self, node: Table, first: str, rest: str) -> None:
        rows = [node.header, *node.rows] if any(node.header) else node.rows
        cells = [[self.format_text(cell) for cell in row] for row in rows]
        width = self._buffer.width - len(rest)
        self._write_lines(
            format_text_table(cells, node.align, width, has_header=any(node.header)), first, rest
        )


def _format_image_lines(image: Image, url: str | None) -> list[str]:
    """What a picture shows, where it is, and where it leads."""
    address = format_url(url) if url and url != image.url else ""
    return [line for line in (clean_text(image.alt), format_url(image.url), address) if line]


_COLUMN_GAP = "  "
_CELL_SEPARATOR = " | "


def format_text_table(
    cells: Sequence[Sequence[str]], align: Sequence[str], width: int, *, has_header: bool
) -> list[str]:
    """The lines of a table; the first of them is underlined when it is `headed`. One that is too wide has its
    cells divided by bars."""
    count = max(map(len, cells), default=0)
    filled = [[*row, *[""] * (count - len(row))] for row in cells]
    sizes = [max(map(count_columns, column)) for column in zip(*filled, strict=True)]
    if sum(sizes) + len(_COLUMN_GAP) * (count - 1) > width:
        return [_CELL_SEPARATOR.join(row) for row in cells]
    sides = [*align, *[""] * (count - len(align))]
    if has_header:
        filled.insert(1, ["-" * size for size in sizes])
    return [_COLUMN_GAP.join(map(_pad_cell, row, sizes, sides)).rstrip(" ") for row in filled]


def _pad_cell(cell: str, size: int, side: str) -> str:
    room = size - count_columns(cell)
    left = {"right": room, "center": room // 2}.get(side, 0)
    return " " * left + cell + " " * (room - left)
