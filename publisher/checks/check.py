"""All rules over one issue, and how an editor tells them to be quiet."""

from __future__ import annotations

import re
from collections.abc import Iterable

from publisher.checks.addresses import addresses, pictures, twice
from publisher.checks.archive import listed, renamed, repeats
from publisher.checks.characters import bold, characters, punctuation
from publisher.checks.items import agreement, items
from publisher.checks.known import Known
from publisher.checks.opening import guide, warm_up
from publisher.checks.problem import Problem
from publisher.checks.reading import reading
from publisher.checks.sections import markers, sections, stray
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
    markers,
    items,
    agreement,
    addresses,
    pictures,
    twice,
    stray,
    characters,
    punctuation,
    bold,
    repeats,
    listed,
    renamed,
)

_SILENCE = re.compile(r"<!--\s*publish:\s*ignore\s*=\s*([\w,\s-]+?)\s*-->")


def check(issue: Issue, text: str, known: Known | None = None) -> tuple[Problem, ...]:
    """What is wrong with an issue that was read from `text`, in the order of the text.

    `known` are the issues there are beside it. A comment `<!-- publish: ignore=CODE -->` anywhere in the
    issue silences a code; several are separated by commas.
    """
    subject = Subject(issue, Source(text), known or Known())
    found = {problem for rule in RULES for problem in rule(subject)}
    return heard(issue, found)


def heard(issue: Issue, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems the issue does not silence, in the order of the text."""
    silenced = _silenced(issue)
    return tuple(sorted(problem for problem in problems if problem.code not in silenced))


def _silenced(issue: Issue) -> frozenset[str]:
    found = (_SILENCE.search(one.text) for one in issue.dropped if one.name == "comment")
    return frozenset(code.strip() for one in found if one for code in one[1].split(","))
