"""The rules that find errors, and how rules are run on one issue: publishing needs no others."""

from __future__ import annotations

from collections.abc import Iterable

from publisher.checks import addresses, diagnostics, targets, title, unfinished
from publisher.checks.codes import Problem
from publisher.checks.source import CheckRule, IssueSource, SourceText
from publisher.checks.summary import IssueSummary
from publisher.model import Issue
from publisher.named_tuple import NamedTuple

BLOCKING_RULES: tuple[CheckRule, ...] = (
    diagnostics.check_diagnostics,
    unfinished.check_front_matter,
    unfinished.check_content,
    title.check_title,
    title.check_date,
    addresses.check_urls,
    targets.check_targets,
    targets.check_reversed_links,
    unfinished.check_unfinished_links,
    unfinished.check_malformed_urls,
    unfinished.check_dropped_urls,
    unfinished.check_merge_conflicts,
)
"""They find warnings, too. Those that find nothing else are in `publisher.checks.check`."""


class CheckResult(NamedTuple):
    """The problems of an issue, in source order, and its summary."""

    problems: tuple[Problem, ...]
    summary: IssueSummary


def apply_rules(issue: Issue, text: str, rules: Iterable[CheckRule] = BLOCKING_RULES) -> CheckResult:
    """Check an issue parsed from `text` without looking at other issues."""
    subject = IssueSource(issue, SourceText(text))
    summary = IssueSummary.from_source(subject)
    problems = {problem for rule in rules for problem in rule(subject)}
    return CheckResult(
        tuple(sorted(problem for problem in problems if problem.code not in summary.ignored_codes)), summary
    )
