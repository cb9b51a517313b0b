"""Mending a text: the edits of its problems, made until none is left that costs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import NamedTuple

from publisher import model
from publisher.checks.characters import normalize_character
from publisher.checks.check import check_single_issue
from publisher.checks.codes import Problem
from publisher.checks.source import SourceText
from publisher.model import Issue

ParseFunction = Callable[[str, str], Issue]


class FixResult(NamedTuple):
    """A text after mending, and the problems that are gone."""

    text: str
    fixed: tuple[Problem, ...]


class _FixState(NamedTuple):
    text: str
    issue: Issue
    problems: tuple[Problem, ...]


def apply_fixes(
    parse: ParseFunction, text: str, path: str, codes: Collection[str] | None = None
) -> FixResult:
    """Mend what can be mended safely; of `codes` only, when they are given.

    Every edit that is made leaves fewer problems than there were, and no word and no address less, so there
    is an end to it, and to mend a mended text changes nothing.
    """

    def state(text: str) -> _FixState:
        issue = parse(text, path)
        return _FixState(text, issue, check_single_issue(issue, text).problems)

    now = state(text)
    fixed: list[Problem] = []
    while step := _apply_next_edits(now, state, codes):
        now, done = step
        fixed += done
    return FixResult(now.text, tuple(fixed))


def _apply_next_edits(
    now: _FixState, state: Callable[[str], _FixState], codes: Collection[str] | None
) -> tuple[_FixState, Sequence[Problem]] | None:
    """The text after as many edits as can be made together, found by halving; None when none can be made."""
    found = [one for one in now.problems if one.fixable and (codes is None or one.code in codes)]
    together = _select_non_overlapping(found)
    taken = set(together)
    waiting = [[one] for one in found if one not in taken] + [together]
    while waiting:
        chosen = waiting.pop()
        if not chosen:
            continue
        then = state(SourceText(now.text).apply_edits(edit for one in chosen for edit in one.edits))
        if _is_better(now, then):
            return then, chosen
        if len(chosen) > 1:
            half = len(chosen) // 2
            waiting += [chosen[half:], chosen[:half]]
    return None


def _select_non_overlapping(problems: Sequence[Problem]) -> list[Problem]:
    """Problems whose edits leave something between them."""
    end = (0, 0)
    chosen = []
    for problem in sorted(problems, key=lambda one: min(one.edits)):
        first, last = min(problem.edits).pos, max(edit.pos for edit in problem.edits)
        if (first.line, first.column) > end:
            end = last.end_line, last.end_column
            chosen.append(problem)
    return chosen


def _is_better(old: _FixState, new: _FixState) -> bool:
    """Whether the new text has fewer problems, none of a new kind, and all words and addresses of the old."""
    codes, before = Counter(one.code for one in new.problems), Counter(one.code for one in old.problems)
    if codes.total() >= before.total() or codes - before:
        return False
    if sum(1 for _ in new.issue.items) < sum(1 for _ in old.issue.items):
        return False
    words, urls = collect_content(old.issue)
    new_words, new_urls = collect_content(new.issue)
    return words <= new_words and urls <= new_urls


# what the reader derives from other text, or what no reader sees
_DERIVED_FIELDS = {
    "arxiv", "code", "date", "definitions", "diagnostics", "dropped", "front", "headline", "id", "kind",
    "language", "name", "repo", "segments", "subject",
}  # fmt: skip


def collect_content(issue: Issue) -> tuple[Counter[str], frozenset[str]]:
    """The letters and digits readers see, in their usual form, and the addresses they can follow."""
    words: Counter[str] = Counter()
    urls: set[str] = set()
    for name, text in _walk_texts(issue, ""):
        if name == "url":
            urls.add(text)
        else:
            words.update(filter(str.isalnum, "".join(normalize_character(char) or char for char in text)))
    return words, frozenset(urls)


def _walk_texts(node: object, name: str) -> Iterator[tuple[str, str]]:
    """Every text in a node, with the name of its field."""
    if isinstance(node, str):
        yield name, node
    elif isinstance(node, model.Link) and node.children == (model.Text(node.url),):
        yield "url", node.url  # its text is no word of the editor's
    elif isinstance(node, tuple):
        for part in node:
            yield from _walk_texts(part, name)
    elif is_dataclass(node) and not isinstance(node, model.Pos | model.Source):
        for field in fields(node):
            if field.name not in _DERIVED_FIELDS:
                yield from _walk_texts(getattr(node, field.name), field.name)
