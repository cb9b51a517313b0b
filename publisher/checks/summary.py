"""An issue in short: all that other issues are compared with, as plain data that JSON can keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from publisher import links
from publisher.checks.subject import IssueSource
from publisher.model import Issue, Item, Link, Pos
from publisher.patterns import lazy_pattern
from publisher.transforms import find_nodes

PositionTuple = tuple[int, int, int, int]
_IGNORE_COMMENT = lazy_pattern(r"<!--\s*publish:\s*ignore\s*=\s*([\w,\s-]+?)\s*-->")


class ItemSummary(NamedTuple):
    """An item: what it leads to in canonical form, the repository it is about in lower case, each with its
    place; empty when there is none."""

    url: str
    position: PositionTuple
    repo: str = ""
    repo_position: PositionTuple = (0, 0, 0, 0)


class IssueSummary(NamedTuple):
    """`sha256` is the source's. `top` is the place of the title or where it should be. `titled` says whether
    there is one, `regular` whether it has the usual form; `guided` whether there is a guide with its label,
    `opened` whether any text stands there. `listed` are the issues that the list of earlier ones leads to,
    by the stem of their file. `silenced` are the codes the issue wants to hear nothing of.
    """

    path: str
    id: str
    date: str
    draft: bool
    sha256: str
    title_position: PositionTuple
    has_title: bool
    has_regular_title: bool
    has_labelled_guide: bool
    has_guide: bool
    items: tuple[ItemSummary, ...] = ()
    archive_links: tuple[tuple[str, PositionTuple], ...] = ()
    ignored_codes: tuple[str, ...] = ()

    @classmethod
    def from_source(cls, subject: IssueSource) -> IssueSummary:
        """The imprint of an issue."""
        issue = subject.issue
        return cls(
            path=issue.source.path,
            id=issue.id,
            date=issue.date.isoformat() if issue.date else "",
            draft=issue.draft,
            sha256=issue.source.sha256,
            title_position=_position_to_tuple(subject.title_position),
            has_title=issue.title is not None,
            has_regular_title=bool(issue.title and issue.title.regular),
            has_labelled_guide=bool(issue.guide and issue.guide.label),
            has_guide=issue.guide is not None,
            items=tuple(_summarize_item(subject, item) for item in issue.items if item.pos.line),
            archive_links=tuple(_find_archive_links(subject)),
            ignored_codes=tuple(sorted(find_ignored_codes(issue))),
        )

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> IssueSummary:
        """The imprint JSON gives back as a list."""
        made = cls._make(row)
        return made._replace(
            title_position=_position_from_row(made.title_position),
            items=tuple(
                ItemSummary(a, _position_from_row(b), c, _position_from_row(d)) for a, b, c, d in made.items
            ),
            archive_links=tuple((stem, _position_from_row(place)) for stem, place in made.archive_links),
            ignored_codes=tuple(made.ignored_codes),
        )

    @property
    def stem(self) -> str:
        """The name of the file, without folder and ending."""
        return self.path.rpartition("/")[2].rpartition(".")[0]


def find_ignored_codes(issue: Issue) -> frozenset[str]:
    """The codes that comments of the issue silence: `<!-- publish: ignore=CODE, CODE -->`."""
    found = (_IGNORE_COMMENT.search(one.text) for one in issue.dropped if one.name == "comment")
    return frozenset(code.strip() for one in found if one for code in one[1].split(","))


def _summarize_item(subject: IssueSource, item: Item) -> ItemSummary:
    address = links.canonicalize_url(item.url) if item.url else ""
    place = subject.find_url(item.url or "", item.pos)
    if not item.repo:
        return ItemSummary(address, _position_to_tuple(place))
    repo_place = subject.source.find(item.repo, item.pos) or place
    return ItemSummary(address, _position_to_tuple(place), item.repo.lower(), _position_to_tuple(repo_place))


def _find_archive_links(subject: IssueSource) -> list[tuple[str, PositionTuple]]:
    archive = subject.issue.archive
    if archive is None:
        return []
    found = []
    for link in dict.fromkeys(find_nodes(Link, archive.blocks)):
        name = re.search(r"(?:\A|/)(\d{4}-\d{2}-\d{2})\.md\Z", link.url)
        lines = subject.source.numbered_lines(archive.pos.line or 1, len(subject.source.lines))
        place = next((_locate_link(n, text, link.url) for n, text in lines if f"({link.url})" in text), None)
        if name and place:
            found.append((name[1], place))
    return sorted(found, key=lambda one: one[1])


def _locate_link(number: int, text: str, url: str) -> PositionTuple:
    start = text.index(f"({url})") + 2
    return number, start, number, start + len(url)


def _position_from_row(row: Sequence[int]) -> PositionTuple:
    line, column, end_line, end_column = row
    return line, column, end_line, end_column


def _position_to_tuple(pos: Pos) -> PositionTuple:
    return pos.line, pos.column, pos.end_line, pos.end_column
