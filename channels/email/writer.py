"""Inlines and blocks on a sheet.

An address in running text becomes a number there and gets a line of its own below, where programs find its
end and no line break can fall into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import assert_never

from publisher.channels.email.headers import tidy, tidy_code
from publisher.channels.email.wrapping import Sheet, columns, fits
from publisher.links import ascii_url
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
_QUOTE = "> "
_CODE = "    "
_NESTED = "  "
_DEEPEST = 24  # columns; lists further in stay there, or their text would have no room
# an address that ends in one of these is cut short by what makes addresses clickable
_OPEN_ENDS = tuple(").,;:!?'*")


def shown(url: str) -> str:
    """An address as it stands on a line of its own (RFC 3986, appendix C, for the angle brackets)."""
    return f"<{url}>" if url.endswith(_OPEN_ENDS) else url


def is_bare(text: str, url: str) -> bool:
    """Whether the text of a link is its address."""
    return not text or text == url or ("://" in text and ascii_url(text) == url)


class Prose:
    """The text of one part of a mail. `own` is an address that is shown beside it anyway."""

    def __init__(self, sheet: Sheet, own: str | None = None) -> None:
        self._sheet = sheet
        self._own = own
        self._numbers: dict[str, int] = {}
        self._listed = 0

    # --------------------------------------------------------------- inlines

    def lines(self, nodes: Inlines) -> list[str]:
        """The text of inlines; the breaks the editor meant are kept."""
        text = self._joined(nodes, last=True)
        return [tidy(line) for line in text.split("\n")] if "\n" in text else [tidy(text)]

    def text(self, nodes: Inlines) -> str:
        """The text of inlines on one line, after which the line may go on."""
        return tidy(self._joined(nodes, last=False))

    def mark(self, url: str) -> str:
        """The number that stands for an address."""
        return f"[{self._numbers.setdefault(url, len(self._numbers) + 1)}]"

    def _joined(self, nodes: Inlines, *, last: bool) -> str:
        """The text of inlines; `last` when a line ends after them."""
        made = []
        for index, node in enumerate(nodes, 1):
            if isinstance(node, Text):
                made.append(node.text)
            else:
                ends = isinstance(nodes[index], Break) if index < len(nodes) else last
                made.append(self._inline(node, last=ends))
        return "".join(made)

    def _inline(self, node: Inline, *, last: bool) -> str:
        match node:
            case Text(text) | Code(text):
                return text
            case Strong(children) | Em(children):
                return self._joined(children, last=last)
            case Link(children, url):
                return self._link(self._joined(children, last=False), url, last=last)
            case Image(url, alt):
                return self._link(alt, url, last=last)
            case Break():
                return "\n"
            case _:
                assert_never(node)

    def _link(self, text: str, url: str, *, last: bool) -> str:
        if is_bare(text, url):  # at the end of a line nothing can be taken for a part of it
            return shown(url) if last else self.mark(url)
        if url in (self._own, f"mailto:{text}"):
            return text
        return text + self.mark(url)

    # ---------------------------------------------------------------- blocks

    def references(self, indent: str = "") -> None:
        """Write the addresses that were given a number since the last call."""
        for url, number in islice(self._numbers.items(), self._listed, None):
            self._sheet.write(shown(url), f"{indent}[{number}] ", indent)
        self._listed = len(self._numbers)

    def below(self) -> None:
        """The same below a text: after a blank line, if there are any."""
        if self._listed < len(self._numbers):
            self._sheet.blank()
            self.references()

    def blocks(self, nodes: Blocks, indent: str = "") -> None:
        """Write blocks, a blank line between two."""
        for index, node in enumerate(nodes):
            if index:
                self._sheet.blank()
            self._block(node, indent, indent)

    def paragraph(self, lines: list[str], first: str = "", rest: str = "") -> None:
        """Write lines that belong together. Long ones are paragraphs to a reader, so a blank line keeps them
        apart, unless they hang below something."""
        width = self._sheet.width
        for index, text in enumerate(lines):
            if index and not rest and not (fits(text, width) and fits(lines[index - 1], width)):
                self._sheet.blank()
            self._sheet.write(text, rest if index else first, rest)

    def _block(self, node: Block, first: str, rest: str) -> None:
        """Write a block; `first` stands before its first line and `rest` before the others."""
        match node:
            case Paragraph(children):
                self.paragraph(self.lines(children), first, rest)
            case List(items, ordered, start):
                self._list(items, ordered, start, first or _NESTED, rest or _NESTED)
            case Quote(children):
                self._quote(children, first or " ", rest or " ")
            case CodeBlock(text):
                for line in text.split("\n"):  # without a `rest`, so that a long one can be joined again
                    self._sheet.write(tidy_code(line), first + _CODE)
                    first = rest
            case Table():
                self._table(node, first or _NESTED, rest or _NESTED)
            case Figure(image, url):
                self._lines(_picture(image, url), first, rest)
            case Rule():
                self._sheet.write(_RULE, first, rest)
            case _:
                assert_never(node)

    def _lines(self, lines: list[str], first: str, rest: str) -> None:
        for index, line in enumerate(lines):
            self._sheet.write(line, rest if index else first, rest)

    def _quote(self, nodes: Blocks, first: str, rest: str) -> None:
        for index, node in enumerate(nodes):
            if index:
                self._sheet.write("", rest + _QUOTE)
            self._block(node, (rest if index else first) + _QUOTE, rest + _QUOTE)

    def _list(self, items: tuple[Blocks, ...], ordered: bool, start: int, first: str, rest: str) -> None:
        for number, item in enumerate(items, start):
            marker = f"{number}. " if ordered else _BULLET
            inner = rest + " " * len(marker) if len(rest) < _DEEPEST else rest
            ahead = first + marker
            for node in item:
                self._block(node, ahead, inner)
                ahead = inner
            if not item:
                self._sheet.write("", ahead)
            first = rest

    def _table(self, node: Table, first: str, rest: str) -> None:
        rows = [node.header, *node.rows] if any(node.header) else node.rows
        cells = [[self.text(cell) for cell in row] for row in rows]
        width = self._sheet.width - len(rest)
        self._lines(table(cells, node.align, width, headed=any(node.header)), first, rest)


def _picture(image: Image, url: str | None) -> list[str]:
    """What a picture shows, where it is, and where it leads."""
    address = shown(url) if url and url != image.url else ""
    return [line for line in (tidy(image.alt), shown(image.url), address) if line]


_GAP = "  "
_BAR = " | "


def table(cells: Sequence[Sequence[str]], align: Sequence[str], width: int, *, headed: bool) -> list[str]:
    """The lines of a table; the first of them is underlined when it is `headed`. One that is too wide has its
    cells divided by bars."""
    count = max(map(len, cells), default=0)
    filled = [[*row, *[""] * (count - len(row))] for row in cells]
    sizes = [max(map(columns, column)) for column in zip(*filled, strict=True)]
    if sum(sizes) + len(_GAP) * (count - 1) > width:
        return [_BAR.join(row) for row in cells]
    sides = [*align, *[""] * (count - len(align))]
    if headed:
        filled.insert(1, ["-" * size for size in sizes])
    return [_GAP.join(map(_padded, row, sizes, sides)).rstrip(" ") for row in filled]


def _padded(cell: str, size: int, side: str) -> str:
    room = size - columns(cell)
    left = {"right": room, "center": room // 2}.get(side, 0)
    return " " * left + cell + " " * (room - left)
