"""What is remembered of an issue once it is closed, so that later ones can be compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from publisher import links
from publisher.model import Issue, Item


class Imprint(NamedTuple):
    """An issue in short: `items` are the addresses of its items in canonical form, `repos` the repositories
    they are about, in lower case. `regular` and `guided` say whether its title has the usual form and whether
    it has a guide. Plain data, as JSON keeps it."""

    path: str
    id: str
    date: str
    draft: bool
    regular: bool
    guided: bool
    items: tuple[str, ...]
    repos: tuple[str, ...]

    @classmethod
    def of(cls, issue: Issue) -> Imprint:
        """The imprint of an issue."""
        date = issue.date.isoformat() if issue.date else ""
        regular = bool(issue.title and issue.title.regular)
        guided = bool(issue.guide and issue.guide.label)
        items = tuple(filter(None, (address(item) for item in issue.items)))
        repos = tuple(sorted({item.repo.lower() for item in issue.items if item.repo}))
        return cls(issue.source.path, issue.id, date, issue.draft, regular, guided, items, repos)

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Imprint:
        """The imprint JSON gives back as a list."""
        *plain, items, repos = row
        return cls._make([*plain, tuple(items), tuple(repos)])


def address(item: Item) -> str:
    """What an item leads to, in canonical form; empty when it leads nowhere."""
    return links.canonical(item.url) if item.url else ""


class Known:
    """The issues there are beside the one that is checked. `stems` are the names of all their files without
    the ending; `renamed` maps the SHA-256 of a source to the id it went out under."""

    def __init__(self, imprints: Iterable[Imprint] = (), renamed: dict[str, str] | None = None) -> None:
        self.imprints = sorted(imprints, key=lambda one: (one.date, one.path))
        self.renamed = renamed or {}

    @property
    def stems(self) -> frozenset[str]:
        """The names of the files, without folder and ending."""
        return frozenset(one.path.rpartition("/")[2].rpartition(".")[0] for one in self.imprints)

    def before(self, issue: Issue) -> list[Imprint]:
        """The issues dated earlier than this one, newest first; for one without a date, all others."""
        date = issue.date.isoformat() if issue.date else "9999"
        return [
            one
            for one in reversed(self.imprints)
            if one.date and one.date < date and one.path != issue.source.path and one.id != issue.id
        ]
