"""Rules that compare an issue with the other issues."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from publisher import links
from publisher.checks.codes import Problem
from publisher.checks.summary import IssueSummary, ItemSummary
from publisher.model import Pos

_MIN_COUNT = 3
"""Fewer shared items than this do not make a copy; with fewer issues, archive links are not checked."""

_RECENT_COUNT = 8
"""How many earlier issues determine what is usual for the newsletter."""


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

    def find_recent(self, issue: IssueSummary) -> list[IssueSummary]:
        """Return the last few issues before this one, oldest first."""
        end = bisect_left(self._dates, issue.date or "9999")
        return [other for other in self._dated[max(end - _RECENT_COUNT, 0) : end] if other.id != issue.id]

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
    """Report a missing title, one that does not have the usual form, and a missing date."""
    if not issue.has_title:
        help_ = "start with: # NAME (2021-07-18)"
        yield Problem(Pos(1, 1, 1, 2), "title-form", "the issue has no title", help_)
    elif not issue.has_regular_title:
        recent = index.find_recent(issue)
        help_ = "write # NAME (2021-07-18)：topic"
        if sum(other.has_regular_title for other in recent) * 2 > len(recent):
            message = "the title does not have the form NAME (DATE) used by earlier issues"
            yield Problem(issue.title_position, "title-form", message, help_)
        elif not issue.date:
            message = "neither the title nor the file name has a date"
            yield Problem(issue.title_position, "title-form", message, help_)


def check_guide_present(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Report a missing guide, unless the title has another form or recent issues have none either."""
    recent = index.find_recent(issue)
    expected = any(other.has_labelled_guide for other in recent) if recent else True
    if expected and issue.has_regular_title and not issue.has_guide:
        help_ = "add a line below the title: > 导读：…"
        yield Problem(issue.title_position, "guide-missing", "the issue has no guide", help_)


def check_repeats(issue: IssueSummary, index: IssueIndex) -> Iterator[Problem]:
    """Report items of earlier issues; if most items come from one issue, report that once instead."""
    urls = {item.url for item in issue.items if item.url}
    shared = Counter(other for url in urls for other in index.find_by_url(issue, url))
    for other, count in shared.most_common(1):
        if count >= _MIN_COUNT and count * 2 >= len(urls):
            message = f"{count} of {len(urls)} item URLs are also in issue {other.id}"
            help_ = "replace the items that were copied from it"
            yield Problem(issue.title_position, "stale-copy", message, help_)
            return
    for item in issue.items:
        yield from _check_item_repeat(issue, item, index)


def _check_item_repeat(issue: IssueSummary, item: ItemSummary, index: IssueIndex) -> Iterator[Problem]:
    earlier = index.find_by_url(issue, item.url)
    if earlier and not links.parse_repository(item.url):
        message = f"this article is also in issue {earlier[0].id}"
        help_ = "remove the item or use another URL"
        yield Problem(item.position, "duplicate-item", message, help_)
    elif earlier := index.find_by_repo(issue, item.repo):
        message = f"{item.repo} is also in issue {earlier[0].id}"
        yield Problem(item.repo_position, "repeat-repo", message)


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
    """Whether most items of the issue are among the URLs of a published one."""
    item_urls = {item.url for item in issue.items if item.url}
    count = len(item_urls & urls)
    return count >= _MIN_COUNT and count * 2 > len(item_urls)


CROSS_ISSUE_RULES: tuple[Callable[[IssueSummary, IssueIndex], Iterator[Problem]], ...] = (
    check_title_form,
    check_guide_present,
    check_repeats,
    check_archive_links,
    check_renamed,
)


def check_cross_issue(issue: IssueSummary, index: IssueIndex) -> tuple[Problem, ...]:
    """Return the problems of an issue compared with the others, in source order."""
    problems = {problem for rule in CROSS_ISSUE_RULES for problem in rule(issue, index)}
    return tuple(sorted(problem for problem in problems if problem.code not in issue.ignored_codes))
