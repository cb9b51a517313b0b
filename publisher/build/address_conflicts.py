"""Finds issues that cannot be published because of their id or the URL of their page, before someone tries to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from publisher.archive.records import Record, build_edition
from publisher.archive.sources import scan_issues
from publisher.checks.codes import Problem
from publisher.checks.summary import IssueSummary
from publisher.config import Config
from publisher.errors import IssueError
from publisher.page_urls import find_page_urls


def find_address_conflicts(
    summaries: Iterable[IssueSummary], config: Config | None
) -> Mapping[str, tuple[Problem, ...]]:
    """Return by path the problem of each issue of the newsletter that `publish` would refuse.

    Drafts and issues without a date are left out, as they are when issues are published.
    """
    if config is None:
        return {}
    paths = {file.path for file in scan_issues(config.root, config.issues)}
    feeds = frozenset(url for channel in config.channels for url in channel.feed_urls(config.newsletter).values())
    issues = {issue.path: issue for issue in summaries if issue.date and issue.path in paths}
    edition = build_edition([_build_record(issue, config, feeds) for issue in issues.values()], dt.date.max)
    return {
        path: (Problem(issues[path].title_position, "address-conflict", error.message, error.hint),)
        for path, error in {**edition.conflicts, **edition.faults}.items()
        if "address-conflict" not in issues[path].ignored_codes
    }


def _build_record(issue: IssueSummary, config: Config, feeds: Collection[str]) -> Record:
    """Return a record that has what only one issue can have, or why the issue cannot have a page."""
    record = Record(issue.path, 0, 0, "", id=issue.id, date=issue.date, draft=issue.draft, feed_id=issue.feed_id)
    date = dt.date.fromisoformat(issue.date)
    try:
        found = find_page_urls(config.newsletter, issue.path, issue.id, date, issue.address, feeds)
    except IssueError as error:
        return record._replace(fault=error.message, hint=error.hint)
    return record._replace(url=found.url, aliases=found.aliases)
