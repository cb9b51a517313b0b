"""An issue in short: all that other issues are compared with, as plain data that JSON can keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from publisher import links
from publisher.checks.subject import Subject
from publisher.model import Issue, Item, Link, Pos
from publisher.patterns import lazy_pattern
from publisher.transforms import every

Place = tuple[int, int, int, int]
_SILENCE = lazy_pattern(r"<!--\s*publish:\s*ignore\s*=\s*([\w,\s-]+?)\s*-->")


class Entry(NamedTuple):
    """An item: what it leads to in canonical form, the repository it is about in lower case, each with its
    place; empty when there is none."""

    address: str
    place: Place
    repo: str = ""
    repo_place: Place = (0, 0, 0, 0)


class Imprint(NamedTuple):
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
    top: Place
    titled: bool
    regular: bool
    guided: bool
    opened: bool
    entries: tuple[Entry, ...] = ()
    listed: tuple[tuple[str, Place], ...] = ()
    silenced: tuple[str, ...] = ()

    @classmethod
    def of(cls, subject: Subject) -> Imprint:
        """The imprint of an issue."""
        issue = subject.issue
        return cls(
            path=issue.source.path,
            id=issue.id,
            date=issue.date.isoformat() if issue.date else "",
            draft=issue.draft,
            sha256=issue.source.sha256,
            top=_flat(subject.top),
            titled=issue.title is not None,
            regular=bool(issue.title and issue.title.regular),
            guided=bool(issue.guide and issue.guide.label),
            opened=issue.guide is not None,
            entries=tuple(_entry(subject, item) for item in issue.items if item.pos.line),
            listed=tuple(_listed(subject)),
            silenced=tuple(sorted(silenced(issue))),
        )

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Imprint:
        """The imprint JSON gives back as a list."""
        made = cls._make(row)
        return made._replace(
            top=_place(made.top),
            entries=tuple(Entry(a, _place(b), c, _place(d)) for a, b, c, d in made.entries),
            listed=tuple((stem, _place(place)) for stem, place in made.listed),
            silenced=tuple(made.silenced),
        )

    @property
    def stem(self) -> str:
        """The name of the file, without folder and ending."""
        return self.path.rpartition("/")[2].rpartition(".")[0]


def silenced(issue: Issue) -> frozenset[str]:
    """The codes that comments of the issue silence: `<!-- publish: ignore=CODE, CODE -->`."""
    found = (_SILENCE.search(one.text) for one in issue.dropped if one.name == "comment")
    return frozenset(code.strip() for one in found if one for code in one[1].split(","))


def _entry(subject: Subject, item: Item) -> Entry:
    address = links.canonical(item.url) if item.url else ""
    place = subject.url_pos(item.url or "", item.pos)
    if not item.repo:
        return Entry(address, _flat(place))
    repo_place = subject.source.find(item.repo, item.pos) or place
    return Entry(address, _flat(place), item.repo.lower(), _flat(repo_place))


def _listed(subject: Subject) -> list[tuple[str, Place]]:
    archive = subject.issue.archive
    if archive is None:
        return []
    found = []
    for link in dict.fromkeys(every(Link, archive.blocks)):
        name = re.search(r"(?:\A|/)(\d{4}-\d{2}-\d{2})\.md\Z", link.url)
        lines = subject.source.numbered(archive.pos.line or 1, len(subject.source.lines))
        place = next((_at(n, text, link.url) for n, text in lines if f"({link.url})" in text), None)
        if name and place:
            found.append((name[1], place))
    return sorted(found, key=lambda one: one[1])


def _at(number: int, text: str, url: str) -> Place:
    start = text.index(f"({url})") + 2
    return number, start, number, start + len(url)


def _place(row: Sequence[int]) -> Place:
    line, column, end_line, end_column = row
    return line, column, end_line, end_column


def _flat(pos: Pos) -> Place:
    return pos.line, pos.column, pos.end_line, pos.end_column
