"""An issue against the other issues there are."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from publisher import links
from publisher.checks.codes import Problem
from publisher.checks.summary import Entry, Imprint
from publisher.model import Pos

_FEW = 3
"""Fewer items than this make no copy of an issue, and fewer issues no archive."""

_LATELY = 8
"""So many issues tell what is usual."""


class Archive:
    """All issues there are, the one that is checked among them or not. `published` maps the SHA-256 of a
    source to the id under which it went out; `gone` are the addresses, in canonical form, in issues that went
    out and that no file has any more, by id."""

    def __init__(
        self,
        imprints: Iterable[Imprint] = (),
        published: Mapping[str, str] | None = None,
        gone: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.published = published or {}
        self.gone = gone or {}
        found = sorted(imprints, key=lambda one: (one.date, one.path))
        self.ids = frozenset(one.id for one in found)
        self.stems = frozenset(one.stem for one in found)
        self._out = [one for one in found if one.date and not one.draft]
        self._dates = [one.date for one in self._out]
        self._addresses: defaultdict[str, list[Imprint]] = defaultdict(list)
        self._repos: defaultdict[str, list[Imprint]] = defaultdict(list)
        for one in self._out:
            for key in {entry.address for entry in one.entries}:
                self._addresses[key].append(one)
            for key in {entry.repo for entry in one.entries}:
                self._repos[key].append(one)

    def lately(self, issue: Imprint) -> list[Imprint]:
        """The last few issues before this one."""
        end = bisect_left(self._dates, issue.date or "9999")
        return [one for one in self._out[max(end - _LATELY, 0) : end] if one.id != issue.id]

    def with_address(self, issue: Imprint, address: str) -> list[Imprint]:
        """The issues before this one with an item that leads there, newest first."""
        return _before(issue, self._addresses.get(address, ())) if address else []

    def with_repo(self, issue: Imprint, repo: str) -> list[Imprint]:
        """The issues before this one with an item about a repository, newest first."""
        return _before(issue, self._repos.get(repo, ())) if repo else []


def _before(issue: Imprint, others: Iterable[Imprint]) -> list[Imprint]:
    date = issue.date or "9999"
    found = [one for one in others if one.date < date and one.id != issue.id and one.path != issue.path]
    return found[::-1]


def title_form(issue: Imprint, archive: Archive) -> Iterator[Problem]:
    """A title of the form the others have, and a date somewhere."""
    if not issue.titled:
        help_ = "begin with: # NAME (2021-07-18)"
        yield Problem(Pos(1, 1, 1, 2), "title-form", "the issue has no title", help_)
    elif not issue.regular:
        lately = archive.lately(issue)
        help_ = "write # NAME (2021-07-18)：topic"
        if sum(one.regular for one in lately) * 2 > len(lately):
            message = "the title is not of the form of the others, NAME (DATE)"
            yield Problem(Pos(*issue.top), "title-form", message, help_)
        elif not issue.date:
            message = "neither the title nor the file's name has a date"
            yield Problem(Pos(*issue.top), "title-form", message, help_)


def guide(issue: Imprint, archive: Archive) -> Iterator[Problem]:
    """A guide, in newsletters that have one: the last issues tell, or else the form of the title."""
    lately = archive.lately(issue)
    usual = any(one.guided for one in lately) if lately else True
    if usual and issue.regular and not issue.opened:
        help_ = "write a line below the title: > 导读：…"
        yield Problem(Pos(*issue.top), "guide-missing", "there is no guide", help_)


def repeats(issue: Imprint, archive: Archive) -> Iterator[Problem]:
    """Items that an earlier issue had; a copy of a whole issue is told once."""
    addresses = {entry.address for entry in issue.entries if entry.address}
    shared = Counter(other for key in addresses for other in archive.with_address(issue, key))
    for other, same in shared.most_common(1):
        if same >= _FEW and same * 2 >= len(addresses):
            message = f"{same} of the {len(addresses)} addresses of its items stood in issue {other.id}"
            help_ = "is this a copy that was never filled anew?"
            yield Problem(Pos(*issue.top), "stale-copy", message, help_)
            return
    for entry in issue.entries:
        yield from _repeat(issue, entry, archive)


def _repeat(issue: Imprint, entry: Entry, archive: Archive) -> Iterator[Problem]:
    had = archive.with_address(issue, entry.address)
    if had and not links.repository(entry.address):
        message = f"issue {had[0].id} had this article"
        help_ = "take the item out, or find another address"
        yield Problem(Pos(*entry.place), "duplicate-item", message, help_)
    elif about := archive.with_repo(issue, entry.repo):
        yield Problem(Pos(*entry.repo_place), "repeat-repo", f"issue {about[0].id} had {entry.repo} too")


def listed(issue: Imprint, archive: Archive) -> Iterator[Problem]:
    """Links of the list of earlier issues to issues that are not there; one problem a line. Where most are
    not, the others were simply never brought here, which is told once."""
    missing = [(stem, place) for stem, place in issue.listed if stem not in archive.stems]
    if not missing or len(archive.stems) < _FEW:
        return
    if len(missing) * 2 > len(issue.listed):
        message = f"{len(missing)} of {len(issue.listed)} issues listed are not here, first {missing[0][0]}"
        yield Problem(Pos(*missing[0][1]), "dead-archive-link", message)
        return
    lines: dict[int, list[str]] = {}
    for stem, place in missing:
        lines.setdefault(place[0], []).append(stem)
    for line, stems in lines.items():
        place = next(place for _, place in missing if place[0] == line)
        message = f"there is no issue {', '.join(dict.fromkeys(stems))}"
        yield Problem(Pos(*place), "dead-archive-link", message)


def renamed(issue: Imprint, archive: Archive) -> Iterator[Problem]:
    """An issue that went out under an id that no file has any more, as it is or before it was edited."""
    before = archive.published.get(issue.sha256)
    if before is None and archive.gone and issue.id not in archive.published.values():
        before = next((one for one in archive.gone if _is_same(issue, archive.gone[one])), None)
    if before and before not in archive.ids:
        message = f"this issue went out as {before}; as {issue.id} it would go out again"
        yield Problem(Pos(*issue.top), "renamed", message, f"write `id: {before}` into its front matter")


def _is_same(issue: Imprint, addresses: frozenset[str]) -> bool:
    """Whether most items of an issue are in one that went out."""
    own = {entry.address for entry in issue.entries if entry.address}
    same = len(own & addresses)
    return same >= _FEW and same * 2 > len(own)


RULES: tuple[Callable[[Imprint, Archive], Iterator[Problem]], ...] = (
    title_form,
    guide,
    repeats,
    listed,
    renamed,
)


def compare(issue: Imprint, archive: Archive) -> tuple[Problem, ...]:
    """What is wrong with an issue beside the others, in the order of the text."""
    found = {problem for rule in RULES for problem in rule(issue, archive)}
    return tuple(sorted(problem for problem in found if problem.code not in issue.silenced))
