"""The list of rules, and the functions that run them on one issue."""

from __future__ import annotations

from typing import NamedTuple

from publisher.checks.addresses import check_duplicate_urls, check_image_hosts, check_urls
from publisher.checks.characters import (
    check_bold,
    check_fences,
    check_invisible,
    check_lookalikes,
    check_punctuation,
)
from publisher.checks.codes import Problem
from publisher.checks.cross_issue import IssueIndex, check_cross_issue
from publisher.checks.diagnostics import check_diagnostics
from publisher.checks.items import check_consistency, check_items, check_sources
from publisher.checks.sections import (
    check_duplicate_headings,
    check_empty_sections,
    check_markers,
    check_stray_lines,
)
from publisher.checks.source import SourceText
from publisher.checks.subject import CheckRule, IssueSource
from publisher.checks.summary import IssueSummary
from publisher.checks.title import check_guide, check_title, check_warmup
from publisher.checks.unfinished import (
    check_front_matter,
    check_malformed_urls,
    check_merge_conflicts,
    check_unfinished_links,
)
from publisher.model import Issue

RULES: tuple[CheckRule, ...] = (
    check_diagnostics,
    check_front_matter,
    check_title,
    check_guide,
    check_warmup,
    check_empty_sections,
    check_duplicate_headings,
    check_markers,
    check_items,
    check_sources,
    check_consistency,
    check_urls,
    check_image_hosts,
    check_duplicate_urls,
    check_stray_lines,
    check_lookalikes,
    check_punctuation,
    check_bold,
    check_fences,
    check_invisible,
    check_unfinished_links,
    check_malformed_urls,
    check_merge_conflicts,
)


class CheckResult(NamedTuple):
    """The problems of an issue, in source order, and its summary."""

    problems: tuple[Problem, ...]
    summary: IssueSummary


def check_single_issue(issue: Issue, text: str) -> CheckResult:
    """Check an issue parsed from `text` without looking at other issues."""
    subject = IssueSource(issue, SourceText(text))
    summary = IssueSummary.from_source(subject)
    problems = {problem for rule in RULES for problem in rule(subject)}
    return CheckResult(
        tuple(sorted(problem for problem in problems if problem.code not in summary.ignored_codes)), summary
    )


def check_issue(issue: Issue, text: str, index: IssueIndex | None = None) -> tuple[Problem, ...]:
    """Return the problems of an issue parsed from `text`, in source order; `index` has the other issues.

    A comment `<!-- publish: ignore=CODE -->` anywhere in the issue ignores a code; several codes are
    separated by commas.
    """
    result = check_single_issue(issue, text)
    return tuple(sorted((*result.problems, *check_cross_issue(result.summary, index or IssueIndex()))))
