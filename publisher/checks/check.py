"""The list of rules, and the functions that run them on one issue."""

from __future__ import annotations

from publisher.checks import (
    addresses,
    characters,
    diagnostics,
    items,
    markup,
    references,
    sections,
    targets,
    title,
    unfinished,
)
from publisher.checks.codes import Problem
from publisher.checks.cross_issue import IssueIndex, check_cross_issue
from publisher.checks.source import CheckRule, IssueSource, SourceText
from publisher.checks.summary import IssueSummary
from publisher.model import Issue
from publisher.named_tuple import NamedTuple

RULES: tuple[CheckRule, ...] = (
    diagnostics.check_diagnostics,
    unfinished.check_front_matter,
    title.check_title,
    title.check_date,
    title.check_guide,
    title.check_warmup,
    sections.check_empty_sections,
    sections.check_duplicate_headings,
    sections.check_markers,
    items.check_items,
    items.check_sources,
    items.check_consistency,
    addresses.check_urls,
    addresses.check_image_hosts,
    addresses.check_duplicate_urls,
    targets.check_targets,
    targets.check_reversed_links,
    sections.check_stray_lines,
    characters.check_lookalikes,
    characters.check_punctuation,
    characters.check_bold,
    characters.check_fences,
    characters.check_invisible,
    characters.check_controls,
    characters.check_directions,
    markup.check_template_tags,
    markup.check_page_markup,
    references.check_footnotes,
    references.check_references,
    markup.check_open_tags,
    unfinished.check_unfinished_links,
    unfinished.check_malformed_urls,
    unfinished.check_dropped_urls,
    unfinished.check_merge_conflicts,
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
