"""Checks a text by all rules, by itself and against the other issues."""

from __future__ import annotations

from publisher.checks.check import check_single_issue
from publisher.checks.codes import Problem
from publisher.checks.cross_issue import IssueIndex, check_cross_issue
from publisher.model import Issue


def check_issue(issue: Issue, text: str, index: IssueIndex | None = None) -> tuple[Problem, ...]:
    """Return the problems of an issue parsed from `text`, in source order; `index` has the other issues."""
    result = check_single_issue(issue, text)
    return tuple(sorted((*result.problems, *check_cross_issue(result.summary, index or IssueIndex()))))
