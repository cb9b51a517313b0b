"""The source text of an issue by line and column, as the reader counts them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from publisher.checks.codes import Edit
from publisher.model import Pos
from publisher.patterns import lazy_pattern

_LINE_END = lazy_pattern(r"\r\n|\n|\r")


class SourceText:
    """A text; lines and columns count from 1, columns in characters. A byte order mark counts for nothing."""

    def __init__(self, text: str) -> None:
        self.text = text
        body = text.removeprefix("\ufeff")
        self.lines: list[str] = _LINE_END.split(body) if "\r" in body else body.split("\n")

    @cached_property
    def _line_starts(self) -> list[int]:
        """Where each line begins."""
        begin = len(self.text) - len(self.text.removeprefix("\ufeff"))
        return [begin, *(found.end() for found in _LINE_END.finditer(self.text))]

    def line(self, number: int) -> str:
        """A line without its end; empty beyond the last."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def text_at(self, pos: Pos) -> str:
        """The text of a stretch."""
        return self.text[self._offset(pos.line, pos.column) : self._offset(pos.end_line, pos.end_column)]

    def find(self, word: str, within: Pos) -> Pos | None:
        """Where a word first stands in the lines of a stretch."""
        for number in range(within.line, within.end_line + 1):
            start = within.column - 1 if number == within.line else 0
            if word and (at := self.line(number).find(word, start)) >= 0:
                return Pos(number, at + 1, number, at + 1 + len(word))
        return None

    def resolve_position(self, pos: Pos) -> Pos:
        """The stretch where it is in the text: one that the reader counted on from the line above, because
        there a link goes on, moves to its own line; none ends behind the end of a line."""
        line, column = self._resolve_point(pos.line, pos.column)
        end_line, end = self._resolve_point(pos.end_line, pos.end_column)
        return (
            Pos(line, column, end_line, end)
            if (line, column) < (end_line, end)
            else self.character_position(line, column)
        )

    def character_position(self, line: int, column: int) -> Pos:
        """One character, or the end of a line."""
        column = max(1, min(column, len(self.line(line)) + 1))
        return Pos(line, column, line, column + 1)

    def line_position(self, number: int) -> Pos:
        """A line without the white space around it."""
        text = self.line(number)
        start = len(text) - len(text.lstrip()) if text.strip() else 0
        return Pos(number, start + 1, number, max(len(text.rstrip()), start) + 1)

    def apply_edits(self, edits: Iterable[Edit]) -> str:
        """The text with edits made; of those that overlap, only the first."""
        pieces: list[str] = []
        done = 0
        for edit in sorted(edits):
            start = self._offset(edit.pos.line, edit.pos.column)
            if start >= done:
                pieces += [self.text[done:start], edit.text]
                done = self._offset(edit.pos.end_line, edit.pos.end_column)
        return "".join([*pieces, self.text[done:]])

    def numbered_lines(self, first: int, last: int) -> Iterator[tuple[int, str]]:
        """Lines with their numbers."""
        return ((number, self.line(number)) for number in range(max(first, 1), last + 1))

    def _offset(self, line: int, column: int) -> int:
        return self._line_starts[line - 1] + column - 1

    def _resolve_point(self, line: int, column: int) -> tuple[int, int]:
        text = self.line(line)
        while column > len(text.rstrip()) + 1 and line < len(self.lines) and self.line(line + 1).strip():
            column -= len(text.rstrip()) + 1  # the reader puts one space between the lines
            line, text = line + 1, self.line(line + 1)
            column += len(text) - len(text.lstrip())
        return line, min(column, len(text) + 1)
