"""What a rule looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from publisher.checks.codes import Problem
from publisher.checks.source import Source
from publisher.dataclass import dataclass
from publisher.model import Issue, Pos


@dataclass(frozen=True, slots=True)
class Subject:
    """An issue, and the text it was read from."""

    issue: Issue
    source: Source

    def url_pos(self, url: str, within: Pos) -> Pos:
        """Where an address stands in a stretch of the text; its first line, where it is written otherwise."""
        return self.source.find(url, within) or self.source.whole(within.line)

    @property
    def whole(self) -> Pos:
        """All lines."""
        return Pos(1, 1, max(len(self.source.lines), 1), 1)

    @property
    def top(self) -> Pos:
        """The title, or where it should be."""
        title = self.issue.title
        if title and title.pos.line:
            return self.source.placed(title.pos)
        first = next((n for n, text in enumerate(self.source.lines, 1) if text.strip()), 1)
        return self.source.whole(first) if self.source.line(first) else self.source.mark(1, 1)


Rule = Callable[[Subject], Iterator[Problem]]
