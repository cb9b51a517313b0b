"""An issue against the other issues there are."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from publisher import links
from publisher.checks.codes import Problem
from publisher.checks.summary import IssueSummary, ItemSummary
from publisher.model import Pos

_MIN_COUNT = 3
"""Fewer items than this make no copy of an issue, and fewer issues no archive."""

_RECENT_COUNT = 8
"""So many issues tell what is usual."""


class IssueIndex:
    """All issues there are, the one that is checked among them or not. `published` maps the SHA-256 of a
    source to the id under which it went out; `gone` are the addresses, in canonical form, in issues that went
    out and that no file has any more, by id."""

    def __init__(
        self,
        summaries: Iterable[IssueSummary] = (),
        published: Mapping[str, str] | None = None,
        removed: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.published = published or {}
        self.removed = removed or {}
        found = sorted(summaries, key=lambda one: (one.date, one.path))
        self.ids = frozenset(one.id for one in found)
        self.stems = frozenset(one.stem for one in found)
        self._dated = [one for one in found if one.date and not one.draft]
        self._dates = [one.date for one in self._dated]
        self._by_url: defaultdict[str, list[IssueSummary]] = defaultdict(list)
        self._by_repo: defaultdict[str, list[IssueSummary]] = defaultdict(list)
        for one in self._dated:
            for key in {entry.url for entry in one.items}:
                self._by_url[key].append(one)
            for key in {entry.repo for entry in one.items}:
                self._by_repo[key].append(one)

    def find_recent(self, issue: IssueSummary) -> list[IssueSummary]:
        """The last few issues before this one."""
        end = bisect_left(self._dates, issue.date or "9999")
        return [one for one in self._dated[max(end - _RECENT_COUNT, 0) : end] if one.id != issue.id]

    def find_by_url(self, issue: IssueSummary, url: str) -> list[IssueSummary]:
        """The issues before this one with an item that leads there, newest first."""
        return _select_earlier(issue, self._by_url.get(url, ())) if url else []

    def find_by_repo(self, issue: IssueSummary, repo: str) -> list[IssueSummary]:
        """The issues before this one with an item about a repository, newest first."""
        return _select_earlier(issue, self._by_repo.get(repo, ())) if repo else []


def _select_earlier(issue: IssueSummary, others: Iterable[IssueSummary]) -> list[IssueSummary]:
    date = issue.date or "9999"
    found = [one for one in others if one.date < date and one.id != issue.id and one.path != issue.path]
    return found[::-1]


def check_title_form(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """A title of the form the others have, and a date somewhere."""
    if not issue.has_title:
        help_ = "begin with: # NAME (2021-07-18)"
        yield Problem(Pos(1, 1, 1, 2), "title-form", "the issue has no title", help_)
    elif not issue.has_regular_title:
        lately = index.find_recent(issue)
        help_ = "write # NAME (2021-07-18)：topic"
        if sum(one.has_regular_title for one in lately) * 2 > len(lately):
            message = "the title is not of the form of the others, NAME (DATE)"
            yield Problem(Pos(*issue.title_position), "title-form", message, help_)
        elif not issue.date:
            message = "neither the title nor the file's name has a date"
            yield Problem(Pos(*issue.title_position), "title-form", message, help_)


def check_guide_present(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """A guide, in newsletters that have one: the last issues tell, or else the form of the title."""
    lately = index.find_recent(issue)
    usual = any(one.has_labelled_guide for one in lately) if lately else True
    if usual and issue.has_regular_title and not issue.has_guide:
        help_ = "write a line below the title: > 导读：…"
        yield Problem(Pos(*issue.title_position), "guide-missing", "there is no guide", help_)


def check_repeats(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Items that an earlier issue had; a copy of a whole issue is told once."""
    addresses = {entry.url for entry in issue.items if entry.url}
    shared = Counter(other for key in addresses for other in index.find_by_url(issue, key))
    for other, same in shared.most_common(1):
        if same >= _MIN_COUNT and same * 2 >= len(addresses):
            message = f"{same} of the {len(addresses)} addresses of its items stood in issue {other.id}"
            help_ = "is this a copy that was never filled anew?"
            yield Problem(Pos(*issue.title_position), "stale-copy", message, help_)
            return
    for entry in issue.items:
        yield from _check_item_repeat(issue, entry, index)


def _check_item_repeat(issue: IssueSummary, entry: ItemSummary, index: IssueIndex) -> Iterator[Problem]:
    had = index.find_by_url(issue, entry.url)
    if had and not links.parse_repository(entry.url):
        message = f"issue {had[0].id} had this article"
        help_ = "take the item out, or find another address"
        yield Problem(Pos(*entry.position), "duplicate-item", message, help_)
    elif about := index.find_by_repo(issue, entry.repo):
        yield Problem(Pos(*entry.repo_position), "repeat-repo", f"issue {about[0].id} had {entry.repo} too")


def check_archive_links(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Links of the list of earlier issues to issues that are not there; one problem a line. Where most are
    not, the others were simply never brought here, which is told once."""
    missing = [(stem, place) for stem, place in issue.archive_links if stem not in index.stems]
    if not missing or len(index.stems) < _MIN_COUNT:
        return
    if len(missing) * 2 > len(issue.archive_links):
        message = (
            f"{len(missing)} of {len(issue.archive_links)} issues listed are not here, first {missing[0][0]}"
        )
        yield Problem(Pos(*missing[0][1]), "dead-archive-link", message)
        return
    lines: dict[int, list[str]] = {}
    for stem, place in missing:
        lines.setdefault(place[0], []).append(stem)
    for line, stems in lines.items():
        place = next(place for _, place in missing if place[0] == line)
        message = f"there is no issue {', '.join(dict.fromkeys(stems))}"
        yield Problem(Pos(*place), "dead-archive-link", message)


def check_renamed(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """An issue that went out under an id that no file has any more, as it is or before it was edited."""
    before = index.published.get(issue.sha256)
    if before is None and index.removed and issue.id not in index.published.values():
        before = next((one for one in index.removed if _is_same_issue(issue, index.removed[one])), None)
    if before and before not in index.ids:
        message = f"this issue went out as {before}; as {issue.id} it would go out again"
        yield Problem(
            Pos(*issue.title_position), "renamed", message, f"write `id: {before}` into its front matter"
        )


def _is_same_issue(issue: IssueSummary, addresses: frozenset[str]) -> bool:
    """Whether most items of an issue are in one that went out."""
    own = {entry.url for entry in issue.items if entry.url}
    same = len(own & addresses)
    return same >= _MIN_COUNT and same * 2 > len(own)


CROSS_ISSUE_RULES: tuple[Callable[[IssueSummary, IssueIndex], Iterator[Problem]], ...] = (
    check_title_form,
    check_guide_present,
    check_repeats,
    check_archive_links,
    check_renamed,
)


def check_cross_issue(issue: IssueSummary, index: IssueIndex) -> tuple[Problem, ...]:
    """What is wrong with an issue beside the others, in the order of the text."""
    found = {problem for rule in CROSS_ISSUE_RULES for problem in rule(issue, index)}
    return tuple(sorted(problem for problem in found if problem.code not in issue.ignored_codes))
