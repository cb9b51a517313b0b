"""The input of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from publisher.checks.codes import Problem
from publisher.checks.source import SourceText
from publisher.model import Issue, Pos


class IssueSource(Struct, frozen=True):
    """An issue and the text it was parsed from."""

    issue: Issue
    source: SourceText

    def find_url(self, url: str, within: Pos) -> Pos:
        """Return the position of a URL in `within`, or its first line if the URL is written differently."""
        return self.source.find(url, within) or self.source.line_position(within.line)

    @property
    def full_position(self) -> Pos:
        """The position of the whole text."""
        return Pos(1, 1, max(len(self.source.lines), 1), 1)

    @property
    def title_position(self) -> Pos:
        """The position of the title, or where it should be."""
        title = self.issue.title
        if title and title.pos.line:
            return self.source.resolve_position(title.pos)
        first = next((n for n, text in enumerate(self.source.lines, 1) if text.strip()), 1)
        return (
            self.source.line_position(first)
            if self.source.line(first)
            else self.source.character_position(1, 1)
        )


CheckRule = Callable[[IssueSource], Iterator[Problem]]
