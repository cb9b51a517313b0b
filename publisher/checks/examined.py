"""An issue looked at by itself, by some of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from publisher.checks.problem import Problem
from publisher.checks.source import Source
from publisher.checks.subject import Rule, Subject
from publisher.checks.summary import Imprint
from publisher.model import Issue


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
