"""A line of an issue, and what the Issue holds there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from textwrap import dedent
from typing import Any, TypeVar

from msgspec import Struct

from publisher.model import (
    NO_POSITION,
    Block,
    Brief,
    Diagnostic,
    Field,
    Figure,
    Inlines,
    Issue,
    Item,
    Note,
    Paragraph,
    Pos,
    Section,
    Source,
    Table,
    Title,
    plain,
)
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.transforms import find_urls

PUBLICATION = Newsletter(
    name="潮汐简报",
    url="https://tide.example.org/{date}/",
    base="https://tide.example.org/",
    id="tag:tide.example.org,2021:weekly",
)
MARK = "→"

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Place:
    """Line `line` of a text, counted from 1; line 0 is the text as a whole.

    A place that is asked for what it does not have raises LookupError, and the test fails.
    """

    source: str
    path: str
    line: int

    # ------------------------------------------------- the source, read without the reader

    @property
    def lines(self) -> list[str]:
        return self.source.split("\n")

    @property
    def raw(self) -> str:
        """The line as written."""
        return self.lines[self.line - 1]

    @property
    def text(self) -> str:
        """The line without the white space around it."""
        return self.raw.strip()

    def match(self, pattern: str) -> tuple[str, ...]:
        """The groups of a pattern found in the line."""
        found = re.search(pattern, self.text)
        if not found:
            raise LookupError(f"{self.text!r} does not match {pattern}")
        return found.groups()

    @property
    def first_link(self) -> tuple[str, str]:
        """Caption and address of the first link in the line."""
        return self.match(r"\[([^\[\]]*)\]\(([^()\s]*)\)")  # type: ignore[return-value]

    def column(self, part: str) -> int:
        """Where a part of the line starts, counted from 1."""
        return self.raw.index(part) + 1

    # ------------------------------------------------------------- what the reader made of it

    @property
    def issue(self) -> Issue:
        return reading(self.source, self.path)

    @property
    def codes(self) -> list[tuple[str, int]]:
        """Code and column of every diagnostic at the line."""
        return [(d.code, d.pos.column) for d in self.issue.diagnostics if d.pos.line == self.line]

    def all(self, *kinds: type[Kind]) -> list[Kind]:
        """The nodes of some kinds that cover the line, the smallest first."""
        found = [n for n in walk(self.issue) if isinstance(n, kinds) and covers(n, self.line)]
        return sorted(found, key=lambda node: (node.pos.end_line - node.pos.line, -node.pos.column))

    def the(self, *kinds: type[Kind]) -> Kind:
        """The smallest node of some kinds that covers the line."""
        found = self.all(*kinds)
        if not found:
            raise LookupError(f"no {' or '.join(kind.__name__ for kind in kinds)} at {self.text!r}")
        return found[0]

    @property
    def inlines(self) -> Inlines:
        """The text of the smallest node at the line; of an item, its head."""
        if self.issue.tagline_pos.line == self.line:
            return self.issue.tagline
        match self.the(Paragraph, Figure, Table, Field, Brief, Note, Title, Section, Item):
            case Item(title=title, extras=extras, tail=tail):
                return (*title, *extras, *tail)
            case Figure(image):
                return (image,)
            case Table(header, rows):
                return tuple(node for row in (header, *rows) for cell in row for node in cell)
            case Section(title) | Title(title) | Paragraph(title) | Brief(title):
                return title
            case Field(value=text) | Note(text=text):
                return text

    @property
    def words(self) -> str:
        return plain(self.inlines)

    @property
    def urls(self) -> list[str]:
        """The addresses in the smallest node at the line."""
        head = [item.url for item in self.all(Item) if item.url]
        return [*head, *find_urls(self.inlines)]

    @property
    def head(self) -> Item:
        """The item whose head starts at the line."""
        item = self.the(Item)
        if item.pos.line != self.line:
            raise LookupError(f"no item starts at {self.text!r}")
        return item

    @property
    def item(self) -> Item:
        """The item the line belongs to, as its head or below it."""
        for item in self.issue.items:
            last = max(node.pos.end_line for node in (item, *item.fields, *item.body))
            if item.pos.line <= self.line <= last:
                return item
        raise LookupError(f"no item at {self.text!r}")

    @property
    def section(self) -> Section:
        """The section the line stands in."""
        found = [section for section in self.issue.sections if section.pos.line <= self.line]
        if not found:
            raise LookupError(f"no section above {self.text!r}")
        return found[-1]

    @property
    def free(self) -> tuple[Block, ...]:
        """The blocks of that section that belong to no item."""
        return tuple(node for node in self.section.content if not isinstance(node, Item))


@cache
def reading(source: str, path: str) -> Issue:
    return parse_issue(source, path)


def walk(node: Any) -> Iterator[Any]:
    """A node and all nodes inside it, outer ones first."""
    if isinstance(node, tuple):
        for part in node:
            yield from walk(part)
    elif isinstance(node, Struct) and not isinstance(node, Pos):
        yield node
        for name in node.__struct_fields__:
            yield from walk(getattr(node, name))


def covers(node: Any, line: int) -> bool:
    pos = getattr(node, "pos", NO_POSITION)
    return pos != NO_POSITION and pos.line <= line <= pos.end_line


def strings(node: Any) -> Iterator[str]:
    """Every string of a node and the nodes inside it, addresses too."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from strings(part)
    elif isinstance(node, Struct) and not isinstance(node, Pos | Source | Diagnostic):
        for name in node.__struct_fields__:
            yield from strings(getattr(node, name))


def unmarked(markdown: str) -> str:
    """What a reader sees of a line with links, bold and code in it."""
    return re.sub(r"\*\*|`", "", re.sub(r"!?\[([^\[\]]*)\]\([^()\s]*\)", r"\1", markdown)).strip()


# ---------------------------------------------------------------------------- cases


@dataclass(frozen=True)
class Case:
    """One irregularity: a sample of ours, and what must hold at each place like it."""

    id: str
    places: tuple[Place, ...]
    holds: Callable[[Place], None]


CASES: dict[str, Case] = {}


def case(number: str, sample: str, path: str = "2021-03-14.md") -> Callable[[Callable[[Place], None]], None]:
    """Enter a function as what must hold at the lines of `sample` that start with an arrow; at the
    sample as a whole when none does. `path` is the file the sample is read from."""
    lines = (dedent(sample).strip("\n") if sample.strip() else sample).split("\n")
    marked = [number for number, line in enumerate(lines, 1) if line.startswith(MARK)] or [0]
    source = "\n".join(line.removeprefix(MARK) for line in lines)

    def enter(holds: Callable[[Place], None]) -> None:
        assert number not in CASES, f"{number} is there already"
        CASES[number] = Case(number, tuple(Place(source, path, line) for line in marked), holds)

    return enter
