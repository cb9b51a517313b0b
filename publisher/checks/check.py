"""All rules over one issue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from publisher.checks.addresses import check_duplicate_urls, check_image_hosts, check_urls
from publisher.checks.characters import (
    check_bold,
    check_fences,
    check_invisible,
    check_lookalikes,
    check_punctuation,
)
from publisher.checks.codes import Problem, Severity
from publisher.checks.cross_issue import IssueIndex, check_cross_issue
from publisher.checks.items import check_consistency, check_items, check_sources
from publisher.checks.reading import check_diagnostics
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


def check_single_issue(issue: Issue, text: str) -> CheckResult:
    """Look at an issue that was read from `text`, by itself."""
    return run_rules(issue, text, RULES)


def check_issue(issue: Issue, text: str, index: IssueIndex | None = None) -> tuple[Problem, ...]:
    """What is wrong with an issue that was read from `text`, in the order of the text; `archive` are the
    issues there are beside it.

    A comment `<!-- publish: ignore=CODE -->` anywhere in the issue silences a code; several are separated by
    commas.
    """
    found = check_single_issue(issue, text)
    return tuple(sorted((*found.problems, *check_cross_issue(found.summary, index or IssueIndex()))))


class CheckResult(NamedTuple):
    """What is wrong with an issue by itself, in the order of the text, and its imprint."""

    problems: tuple[Problem, ...]
    summary: IssueSummary


def run_rules(issue: Issue, text: str, rules: Sequence[CheckRule]) -> CheckResult:
    """Look at an issue that was read from `text`."""
    subject = IssueSource(issue, SourceText(text))
    imprint = IssueSummary.from_source(subject)
    found = {problem for rule in rules for problem in rule(subject)}
    return CheckResult(tuple(sorted(one for one in found if one.code not in imprint.ignored_codes)), imprint)


ERROR_RULES: tuple[CheckRule, ...] = (
    check_diagnostics,
    check_front_matter,
    check_title,
    check_urls,
    check_unfinished_links,
    check_malformed_urls,
    check_merge_conflicts,
)


def errors_only(issue: Issue, text: str) -> CheckResult:
    """The errors of an issue that was read from `text`, by itself."""
    found = run_rules(issue, text, ERROR_RULES)
    return found._replace(problems=tuple(select_errors(found.problems)))


def select_errors(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Those that stop an issue."""
    return (problem for problem in problems if problem.severity is Severity.ERROR)
