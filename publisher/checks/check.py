"""All rules over one issue."""

from __future__ import annotations

from typing import NamedTuple

from publisher.checks.addresses import addresses, pictures, twice
from publisher.checks.archive import Archive, compare
from publisher.checks.characters import bold, characters, punctuation
from publisher.checks.imprint import Imprint
from publisher.checks.items import agreement, items, sources
from publisher.checks.opening import guide, warm_up
from publisher.checks.problem import Problem
from publisher.checks.reading import reading
from publisher.checks.sections import headings, markers, sections, stray
from publisher.checks.source import Source
from publisher.checks.subject import Rule, Subject
from publisher.checks.title import title
from publisher.model import Issue

RULES: tuple[Rule, ...] = (
    reading,
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
)


class Examined(NamedTuple):
    """What is wrong with an issue by itself, in the order of the text, and its imprint."""

    problems: tuple[Problem, ...]
    imprint: Imprint


def examine(issue: Issue, text: str) -> Examined:
    """Look at an issue that was read from `text`, by itself."""
    subject = Subject(issue, Source(text))
    imprint = Imprint.of(subject)
    found = {problem for rule in RULES for problem in rule(subject)}
    return Examined(tuple(sorted(one for one in found if one.code not in imprint.silenced)), imprint)


def check(issue: Issue, text: str, archive: Archive | None = None) -> tuple[Problem, ...]:
    """What is wrong with an issue that was read from `text`, in the order of the text; `archive` are the
    issues there are beside it.

    A comment `<!-- publish: ignore=CODE -->` anywhere in the issue silences a code; several are separated by
    commas.
    """
    found = examine(issue, text)
    return tuple(sorted((*found.problems, *compare(found.imprint, archive or Archive()))))
