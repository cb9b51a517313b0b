"""The input of the rules: an issue, and its source text by line and column as the reader counts them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain

from msgspec import Struct

from publisher.checks.codes import Edit, Problem
from publisher.model import Issue, Link, Pos
from publisher.patterns import lazy_pattern
from publisher.transforms import find_nodes

_LINE_END = lazy_pattern(r"\r\n|\n|\r")


class SourceText:
    """A text. Lines and columns count from 1, columns in characters; a byte order mark is not counted."""

    def __init__(self, text: str) -> None:
        self.text = text
        body = text.removeprefix("\ufeff")
        self.lines: list[str] = _LINE_END.split(body) if "\r" in body else body.split("\n")

    @cached_property
    def _line_starts(self) -> list[int]:
        """The offset of the start of each line, in characters."""
        start = len(self.text) - len(self.text.removeprefix("\ufeff"))
        return [start, *(match.end() for match in _LINE_END.finditer(self.text))]

    def line(self, number: int) -> str:
        """Return a line without its line ending; empty if there is no such line."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def text_at(self, pos: Pos) -> str:
        """Return the text at a position."""
        return self.text[self._offset(pos.line, pos.column) : self._offset(pos.end_line, pos.end_column)]

    def find(self, word: str, within: Pos) -> Pos | None:
        """Return the position of the first `word` in the lines of `within`, from its start column on."""
        for number in range(within.line, within.end_line + 1):
            start = within.column - 1 if number == within.line else 0
            if word and (at := self.line(number).find(word, start)) >= 0:
                return Pos(number, at + 1, number, at + 1 + len(word))
        return None

    def find_all(self, word: str, within: Pos) -> Iterator[Pos]:
        """Yield the position of every `word` in the lines of `within`."""
        for number in range(within.line, within.end_line + 1) if word else ():
            for match in re.finditer(re.escape(word), self.line(number)):
                yield locate_match(number, match)

    def resolve_position(self, pos: Pos) -> Pos:
        """Return where a position of the reader really is in the source.

        The reader joins the lines of a link that is broken over two lines, and counts columns on. Such a
        position is moved to the next line. No position ends after the end of a line.
        """
        line, column = self._resolve_point(pos.line, pos.column)
        end_line, end = self._resolve_point(pos.end_line, pos.end_column)
        return (
            Pos(line, column, end_line, end)
            if (line, column) < (end_line, end)
            else self.character_position(line, column)
        )

    def character_position(self, line: int, column: int) -> Pos:
        """Return the position of one character, or of the end of the line."""
        column = max(1, min(column, len(self.line(line)) + 1))
        return Pos(line, column, line, column + 1)

    def line_position(self, number: int) -> Pos:
        """Return the position of a line without surrounding white space."""
        text = self.line(number)
        start = len(text) - len(text.lstrip()) if text.strip() else 0
        return Pos(number, start + 1, number, max(len(text.rstrip()), start) + 1)

    def apply_edits(self, edits: Iterable[Edit]) -> str:
        """Return the text with edits applied; of overlapping edits only the first."""
        pieces: list[str] = []
        end = 0
        for edit in sorted(edits):
            start = self._offset(edit.pos.line, edit.pos.column)
            if start >= end:
                pieces += [self.text[end:start], edit.text]
                end = self._offset(edit.pos.end_line, edit.pos.end_column)
        return "".join([*pieces, self.text[end:]])

    def numbered_lines(self, first: int, last: int) -> Iterator[tuple[int, str]]:
        """Return the lines from `first` to `last`, each with its number."""
        return ((number, self.line(number)) for number in range(max(first, 1), last + 1))

    def _offset(self, line: int, column: int) -> int:
        return self._line_starts[line - 1] + column - 1

    def _resolve_point(self, line: int, column: int) -> tuple[int, int]:
        text = self.line(line)
        while column > len(text.rstrip()) + 1 and line < len(self.lines) and self.line(line + 1).strip():
            column -= len(text.rstrip()) + 1  # the reader joins the lines with one space
            line, text = line + 1, self.line(line + 1)
            column += len(text) - len(text.lstrip())
        return line, min(column, len(text) + 1)


class IssueSource(Struct, frozen=True, dict=True):
    """An issue and the text it was parsed from."""

    issue: Issue
    source: SourceText

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links in what subscribers can see, but for the footer."""
        issue = self.issue
        return tuple(find_nodes(Link, tuple(part for part in (issue.guide, issue.warmup, *issue.sections) if part)))

    @cached_property
    def urls(self) -> frozenset[str]:
        """The URLs that subscribers can open there."""
        items = tuple(self.issue.items)
        found = (item.url for item in items), (field.url for item in items for field in item.fields)
        return frozenset(url for url in (*chain(*found), *(link.url for link in self.links)) if url)

    def find_url(self, url: str, within: Pos) -> Pos:
        """Return the position of a URL in `within`, or its first line if the URL is written differently."""
        return self.source.find(url, within) or self.source.line_position(within.line)

    @property
    def whole_position(self) -> Pos:
        """The position of the whole text."""
        return Pos(1, 1, len(self.source.lines), 1)

    @property
    def title_position(self) -> Pos:
        """The position of the title, or where it should be."""
        title = self.issue.title
        if title and title.pos.line:
            return self.source.resolve_position(title.pos)
        first = next((n for n, text in enumerate(self.source.lines, 1) if text.strip()), 1)
        return self.source.line_position(first) if self.source.line(first) else self.source.character_position(1, 1)


def locate_match(line: int, match: re.Match[str], group: int | str = 0) -> Pos:
    """Return the position of a match, or of a group of it, in a line."""
    return Pos(line, match.start(group) + 1, line, match.end(group) + 1)


def quote_start(text: str, limit: int) -> str:
    """Return a text for a message, on one line and with at most `limit` characters."""
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


CheckRule = Callable[[IssueSource], Iterator[Problem]]
