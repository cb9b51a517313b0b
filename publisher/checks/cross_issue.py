"""Rules that compare an issue with the other issues."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property

from publisher import links
from publisher.checks.codes import Problem
from publisher.checks.summary import IssueSummary, ItemSummary
from publisher.model import Pos
from publisher.sketches import estimate_similarity

_MIN_COUNT = 3
"""Fewer shared items than this do not make a copy; with fewer issues, archive links are not checked."""

_NEIGHBOR_COUNT = 8
"""How many issues determine what is usual for the newsletter."""

_MIN_COPIED = 0.9
"""From this share of the items on, an issue may be a copy of another one."""

_MIN_SIMILARITY = 0.5
"""From this share of common sentences on, it is one."""

_MIN_REPEATING = 2
"""A section in which so many earlier issues, and half of the last ones, repeated an item is one of standing items,
such as events, jobs and sponsors."""


class IssueIndex:
    """All issues, with or without the one that is checked.

    `published` maps the SHA-256 of a source to the id it was published under. `removed` has, by id, the
    canonical URLs in published issues whose files no longer exist.
    """

    def __init__(
        self,
        summaries: Iterable[IssueSummary] = (),
        published: Mapping[str, str] | None = None,
        removed: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.published = published or {}
        self.removed = removed or {}
        issues = sorted(summaries, key=lambda issue: (issue.date, issue.path))
        self.ids = frozenset(issue.id for issue in issues)
        self.stems = frozenset(issue.stem for issue in issues)
        self._dated = [issue for issue in issues if issue.date and not issue.draft]
        self._dates = [issue.date for issue in self._dated]
        self._by_url: defaultdict[str, list[IssueSummary]] = defaultdict(list)
        self._by_repo: defaultdict[str, list[IssueSummary]] = defaultdict(list)
        for issue in self._dated:
            for url in {item.url for item in issue.items}:
                self._by_url[url].append(issue)
            for repo in {item.repo for item in issue.items}:
                self._by_repo[repo].append(issue)

    def find_neighbors(self, issue: IssueSummary) -> list[IssueSummary]:
        """Return the last few issues before this one, oldest first, and the next ones if there are not enough."""
        end = bisect_left(self._dates, issue.date or "9999")
        recent = [*self._dated[max(end - _NEIGHBOR_COUNT, 0) : end], *self._dated[end : end + _NEIGHBOR_COUNT]]
        return [other for other in recent if other.path != issue.path and other.id != issue.id][:_NEIGHBOR_COUNT]

    def has_standing_items(self, issue: IssueSummary, section: str) -> bool:
        """Return whether this section repeated items in earlier issues, as one of events or sponsors does."""
        history = self._section_history.get(section, []) if section else []
        end = bisect_left(history, (issue.date or "9999", False))
        recent = [repeats for _, repeats in history[max(end - _NEIGHBOR_COUNT, 0) : end]]
        return sum(recent) >= _MIN_REPEATING and sum(recent) * 2 >= len(recent)

    @cached_property
    def _section_history(self) -> dict[str, list[tuple[str, bool]]]:
        """For each section, the dates of the issues that have it, and whether it repeated an item there."""
        history: dict[str, list[tuple[str, bool]]] = {}
        seen: set[tuple[str, str]] = set()
        for issue in self._dated:
            items = {(item.section, item.url) for item in issue.items if item.section and item.url}
            repeating = {section for section, _ in items & seen}
            for section in {section for section, _ in items}:
                history.setdefault(section, []).append((issue.date, section in repeating))
            seen |= items
        return history

    def find_by_url(self, issue: IssueSummary, url: str) -> list[IssueSummary]:
        """Return earlier issues with an item that has this canonical URL, newest first."""
        return _select_earlier(issue, self._by_url.get(url, ())) if url else []

    def find_by_repo(self, issue: IssueSummary, repo: str) -> list[IssueSummary]:
        """Return earlier issues with an item about this repository, newest first."""
        return _select_earlier(issue, self._by_repo.get(repo, ())) if repo else []


def _select_earlier(issue: IssueSummary, others: Iterable[IssueSummary]) -> list[IssueSummary]:
    date = issue.date or "9999"
    earlier = [other for other in others if other.date < date and other.id != issue.id and other.path != issue.path]
    return earlier[::-1]


def check_title_form(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Report a missing title, and one that does not have the form of most others."""
    others = index.find_neighbors(issue)
    if not issue.has_title:
        if _is_usual(other.has_title for other in others):
            help_ = f"start with: # NAME ({issue.date or '2021-07-18'})"
            yield Problem(Pos(1, 1, 1, 2), "title-form", "the issue has no title, unlike most others", help_)
    elif not issue.has_regular_title and _is_usual(other.has_regular_title for other in others):
        message = "the title does not have the form NAME (DATE) used by most issues"
        help_ = f"write # NAME ({issue.date or '2021-07-18'})：topic"
        yield Problem(issue.title_position, "title-form", message, help_)


def _is_usual(has_form: Iterable[bool]) -> bool:
    """Return whether more than half of the issues have a form."""
    verdicts = list(has_form)
    return sum(verdicts) * 2 > len(verdicts)


def check_guide_present(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Report a missing guide if most issues have one, unless the title has another form."""
    if issue.has_guide or not issue.has_regular_title:
        return
    labels = [other.guide_label for other in index.find_neighbors(issue)]
    if _is_usual(map(bool, labels)):
        label = Counter(filter(None, labels)).most_common(1)[0][0]
        help_ = f"add a line below the title: > {label}{': ' if label.isascii() else '：'}…"
        yield Problem(issue.title_position, "guide-missing", "the issue has no guide, unlike most others", help_)


def check_summaries_present(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Report items without a summary if most items of this issue and of most others have one."""
    others = index.find_neighbors(issue)
    if issue.unsummarized and (not others or _is_usual(other.has_summaries for other in others)):
        help_ = "add a line below it: 摘要：…"
        for pos in issue.unsummarized:
            yield Problem(pos, "summary-missing", "the item has no summary", help_)


def check_repeats(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Report items of earlier issues; if nearly all come from one issue, report that once instead."""
    urls = {item.url for item in issue.items if item.url}
    shared = Counter(other for url in urls for other in index.find_by_url(issue, url))
    for other, count in shared.most_common(1):
        is_copied = count >= _MIN_COUNT and count >= len(urls) * _MIN_COPIED
        if is_copied and estimate_similarity(issue.sketch, other.sketch) >= _MIN_SIMILARITY:
            message = f"{count} of {len(urls)} item URLs are also in issue {other.id}"
            help_ = "replace the items that were copied from it"
            yield Problem(issue.title_position, "stale-copy", message, help_)
            return
    for item in issue.items:
        yield from _check_item_repeat(issue, item, index)


def _check_item_repeat(issue: IssueSummary, item: ItemSummary, index: IssueIndex) -> Iterator[Problem]:
    """Report an item of one earlier issue. One of several is there on purpose, such as a sponsor or an event."""
    earlier = index.find_by_url(issue, item.url)
    if len(earlier) == 1 and links.is_article(item.url) and not index.has_standing_items(issue, item.section):
        message = f"this article is also in issue {earlier[0].id}"
        help_ = "remove the item or use another URL"
        yield Problem(item.position, "duplicate-item", message, help_)
    elif (earlier := index.find_by_repo(issue, item.repo)) and not _recurs(earlier, index.find_neighbors(issue)):
        message = f"{item.repo} is also in issue {earlier[0].id}"
        yield Problem(item.repo_position, "repeat-repo", message)


def _recurs(earlier: Collection[IssueSummary], neighbors: Collection[IssueSummary]) -> bool:
    """Return whether something of earlier issues is in more than half of the last ones."""
    count = sum(other in earlier for other in neighbors)
    return count > 1 and count * 2 > len(neighbors)


def check_archive_links(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Report links in the list of earlier issues to issues that do not exist, one problem per line.

    If most of them do not exist, they were probably never imported, which is reported once.
    """
    missing = [(stem, pos) for stem, pos in issue.archive_links if stem not in index.stems]
    if not missing or len(index.stems) < _MIN_COUNT:
        return
    if len(missing) * 2 > len(issue.archive_links):
        count = len(issue.archive_links)
        message = f"{len(missing)} of {count} listed issues do not exist, the first is {missing[0][0]}"
        yield Problem(missing[0][1], "dead-archive-link", message)
        return
    lines: dict[int, list[str]] = {}
    for stem, pos in missing:
        lines.setdefault(pos.line, []).append(stem)
    for line, stems in lines.items():
        pos = next(pos for _, pos in missing if pos.line == line)
        message = f"there is no issue {', '.join(dict.fromkeys(stems))}"
        yield Problem(pos, "dead-archive-link", message)


def check_renamed(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Report an issue that was published under an id that no file has any more; it may have been edited."""
    old_id = index.published.get(issue.sha256)
    if old_id is None and index.removed and issue.id not in index.published.values():
        old_id = next((id_ for id_, urls in index.removed.items() if _is_same_issue(issue, urls)), None)
    if old_id and old_id not in index.ids:
        message = f"this issue was published as {old_id}; as {issue.id} it would be published again"
        help_ = f"add `id: {old_id}` to its front matter"
        yield Problem(issue.title_position, "renamed", message, help_)


def _is_same_issue(issue: IssueSummary, urls: frozenset[str]) -> bool:
    """Return whether most items of the issue are among the URLs of a published one."""
    item_urls = {item.url for item in issue.items if item.url}
    count = len(item_urls & urls)
    return count >= _MIN_COUNT and count * 2 > len(item_urls)


CROSS_ISSUE_RULES: tuple[Callable[[IssueSummary, IssueIndex], Iterator[Problem]], ...] = (
    check_title_form,
    check_guide_present,
    check_summaries_present,
    check_repeats,
    check_archive_links,
    check_renamed,
)


def check_cross_issue(issue: IssueSummary, index: IssueIndex) -> tuple[Problem, ...]:
    """Return the problems of an issue compared with the others, in source order."""
    problems = {problem for rule in CROSS_ISSUE_RULES for problem in rule(issue, index)}
    return tuple(sorted(problem for problem in problems if problem.code not in issue.ignored_codes))
