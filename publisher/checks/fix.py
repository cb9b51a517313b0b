"""Mending a text: the edits of its problems, made until none is left that costs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import NamedTuple

from publisher import model
from publisher.checks.characters import usual
from publisher.checks.check import examine
from publisher.checks.codes import Problem
from publisher.checks.source import Source
from publisher.model import Issue

Reader = Callable[[str, str], Issue]


class Mended(NamedTuple):
    """A text after mending, and the problems that are gone."""

    text: str
    fixed: tuple[Problem, ...]


class _State(NamedTuple):
    text: str
    issue: Issue
    problems: tuple[Problem, ...]


def mend(read: Reader, text: str, path: str, codes: Collection[str] | None = None) -> Mended:
    """Mend what can be mended safely; of `codes` only, when they are given.

    Every edit that is made leaves fewer problems than there were, and no word and no address less, so there
    is an end to it, and to mend a mended text changes nothing.
    """

    def state(text: str) -> _State:
        issue = read(text, path)
        return _State(text, issue, examine(issue, text).problems)

    now = state(text)
    fixed: list[Problem] = []
    while step := _step(now, state, codes):
        now, done = step
        fixed += done
    return Mended(now.text, tuple(fixed))


def _step(
    now: _State, state: Callable[[str], _State], codes: Collection[str] | None
) -> tuple[_State, Sequence[Problem]] | None:
    """The text after as many edits as can be made together, found by halving; None when none can be made."""
    found = [one for one in now.problems if one.fixable and (codes is None or one.code in codes)]
    together = _apart(found)
    taken = set(together)
    waiting = [[one] for one in found if one not in taken] + [together]
    while waiting:
        chosen = waiting.pop()
        if not chosen:
            continue
        then = state(Source(now.text).edited(edit for one in chosen for edit in one.edits))
        if _is_better(now, then):
            return then, chosen
        if len(chosen) > 1:
            half = len(chosen) // 2
            waiting += [chosen[half:], chosen[:half]]
    return None


def _apart(problems: Sequence[Problem]) -> list[Problem]:
    """Problems whose edits leave something between them."""
    end = (0, 0)
    chosen = []
    for problem in sorted(problems, key=lambda one: min(one.edits)):
        first, last = min(problem.edits).pos, max(edit.pos for edit in problem.edits)
        if (first.line, first.column) > end:
            end = last.end_line, last.end_column
            chosen.append(problem)
    return chosen


def _is_better(old: _State, new: _State) -> bool:
    """Whether the new text has fewer problems, none of a new kind, and all words and addresses of the old."""
    codes, before = Counter(one.code for one in new.problems), Counter(one.code for one in old.problems)
    if codes.total() >= before.total() or codes - before:
        return False
    if sum(1 for _ in new.issue.items) < sum(1 for _ in old.issue.items):
        return False
    words, urls = content(old.issue)
    new_words, new_urls = content(new.issue)
    return words <= new_words and urls <= new_urls


# what the reader derives from other text, or what no reader sees
_DERIVED = {
    "arxiv", "code", "date", "definitions", "diagnostics", "dropped", "front", "headline", "id", "kind",
    "language", "name", "repo", "segments", "subject",
}  # fmt: skip


def content(issue: Issue) -> tuple[Counter[str], frozenset[str]]:
    """The letters and digits readers see, in their usual form, and the addresses they can follow."""
    words: Counter[str] = Counter()
    urls: set[str] = set()
    for name, text in _texts(issue, ""):
        if name == "url":
            urls.add(text)
        else:
            words.update(filter(str.isalnum, "".join(usual(char) or char for char in text)))
    return words, frozenset(urls)


def _texts(node: object, name: str) -> Iterator[tuple[str, str]]:
    """Every text in a node, with the name of its field."""
    if isinstance(node, str):
        yield name, node
    elif isinstance(node, model.Link) and node.children == (model.Text(node.url),):
        yield "url", node.url  # its text is no word of the editor's
    elif isinstance(node, tuple):
        for part in node:
            yield from _texts(part, name)
    elif is_dataclass(node) and not isinstance(node, model.Pos | model.Source):
        for field in fields(node):
            if field.name not in _DERIVED:
                yield from _texts(getattr(node, field.name), field.name)
