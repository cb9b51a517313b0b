"""All rules over one issue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from publisher.checks.addresses import addresses, pictures, twice
from publisher.checks.characters import bold, characters, fences, invisible, punctuation
from publisher.checks.codes import Problem, Severity
from publisher.checks.cross_issue import Archive, compare
from publisher.checks.items import agreement, items, sources
from publisher.checks.reading import reading
from publisher.checks.sections import headings, markers, sections, stray
from publisher.checks.source import Source
from publisher.checks.subject import Rule, Subject
from publisher.checks.summary import Imprint
from publisher.checks.title import guide, title, warm_up
from publisher.checks.unfinished import front, half_links, merge, no_addresses
from publisher.model import Issue

RULES: tuple[Rule, ...] = (
    reading,
    front,
    title,
    guide,
    warm_up,
    sections,
    headings,
    markers,
    items,
    sources,
    agreement,
    addresses,
    pictures,
    twice,
    stray,
    characters,
    punctuation,
    bold,
    fences,
    invisible,
    half_links,
    no_addresses,
    merge,
)


def examine(issue: Issue, text: str) -> Examined:
    """Look at an issue that was read from `text`, by itself."""
    return examined(issue, text, RULES)


def check(issue: Issue, text: str, archive: Archive | None = None) -> tuple[Problem, ...]:
    """What is wrong with an issue that was read from `text`, in the order of the text; `archive` are the
    issues there are beside it.

    A comment `<!-- publish: ignore=CODE -->` anywhere in the issue silences a code; several are separated by
    commas.
    """
    found = examine(issue, text)
    return tuple(sorted((*found.problems, *compare(found.imprint, archive or Archive()))))


class Examined(NamedTuple):
    """What is wrong with an issue by itself, in the order of the text, and its imprint."""

    problems: tuple[Problem, ...]
    imprint: Imprint


def examined(issue: Issue, text: str, rules: Sequence[Rule]) -> Examined:
    """Look at an issue that was read from `text`."""
    subject = Subject(issue, Source(text))
    imprint = Imprint.of(subject)
    found = {problem for rule in rules for problem in rule(subject)}
    return Examined(tuple(sorted(one for one in found if one.code not in imprint.silenced)), imprint)


ERROR_RULES: tuple[Rule, ...] = (reading, front, title, addresses, half_links, no_addresses, merge)


def grave(issue: Issue, text: str) -> Examined:
    """The errors of an issue that was read from `text`, by itself."""
    found = examined(issue, text, ERROR_RULES)
    return found._replace(problems=tuple(errors(found.problems)))


def errors(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Those that stop an issue."""
    return (problem for problem in problems if problem.severity is Severity.ERROR)
