"""All rules over one issue."""

from __future__ import annotations

from publisher.checks.addresses import addresses, pictures, twice
from publisher.checks.characters import bold, characters, fences, invisible, punctuation
from publisher.checks.cross_issue import Archive, compare
from publisher.checks.examined import Examined, examined
from publisher.checks.items import agreement, items, sources
from publisher.checks.opening import guide, warm_up
from publisher.checks.problem import Problem
from publisher.checks.reading import reading
from publisher.checks.sections import headings, markers, sections, stray
from publisher.checks.subject import Rule
from publisher.checks.title import title
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
