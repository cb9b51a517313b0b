"""What stops an issue: the errors alone, by the few rules that find any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher.checks.addresses import addresses
from publisher.checks.codes import Severity
from publisher.checks.examined import Examined, examined
from publisher.checks.problem import Problem
from publisher.checks.reading import reading
from publisher.checks.subject import Rule
from publisher.checks.title import title
from publisher.checks.unfinished import front, half_links, merge, no_addresses
from publisher.model import Issue

RULES: tuple[Rule, ...] = (reading, front, title, addresses, half_links, no_addresses, merge)


def grave(issue: Issue, text: str) -> Examined:
    """The errors of an issue that was read from `text`, by itself."""
    found = examined(issue, text, RULES)
    return found._replace(problems=tuple(errors(found.problems)))


def errors(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Those that stop an issue."""
    return (problem for problem in problems if problem.severity is Severity.ERROR)
