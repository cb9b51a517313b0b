"""Fixes an issue: applies the edits of its problems as long as that improves the text and loses nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from msgspec import Struct

from publisher import model
from publisher.checks.characters import normalize_character
from publisher.checks.check import check_single_issue
from publisher.checks.codes import Problem
from publisher.checks.source import SourceText
from publisher.model import Issue
from publisher.named_tuple import NamedTuple

_MAX_FAILED = 20


class FixResult(NamedTuple):
    """The fixed text, and the problems that were fixed."""

    text: str
    fixed: tuple[Problem, ...]


class _FixState(NamedTuple):
    text: str
    issue: Issue
    problems: tuple[Problem, ...]


def apply_fixes(
    parse: Callable[[str, str], Issue], text: str, path: str, codes: Collection[str] | None = None
) -> FixResult:
    """Fix all problems that can be fixed safely, or only those with one of `codes`.

    Each step must reduce the number of problems and keep all words and URLs. So the loop terminates, and
    fixing a fixed text changes nothing.
    """

    def check(text: str) -> _FixState:
        issue = parse(text, path)
        return _FixState(text, issue, check_single_issue(issue, text).problems)

    state = check(text)
    fixed: list[Problem] = []
    while step := _apply_next_edits(state, check, codes):
        state, problems = step
        fixed += problems
    return FixResult(state.text, tuple(fixed))


def _apply_next_edits(
    state: _FixState, check: Callable[[str], _FixState], codes: Collection[str] | None
) -> tuple[_FixState, Sequence[Problem]] | None:
    """Apply as many edits at once as possible, found by halving; None when no edit improves the text.

    What does not improve a line is not tried again on lines like it, and after `_MAX_FAILED` such lines nothing
    is: each try reads the whole issue.
    """
    source = SourceText(state.text)
    failed: set[tuple[str, str]] = set()

    def describe(problem: Problem) -> tuple[str, str]:
        return problem.code, source.line(problem.pos.line)

    fixable = [problem for problem in state.problems if problem.fixable and (codes is None or problem.code in codes)]
    batch = _select_non_overlapping(fixable)
    in_batch = set(batch)
    candidates = [[problem] for problem in fixable if problem not in in_batch] + [batch]
    while candidates and len(failed) < _MAX_FAILED:
        problems = [problem for problem in candidates.pop() if describe(problem) not in failed]
        if not problems:
            continue
        edits = (edit for problem in problems for edit in problem.edits)
        result = check(source.apply_edits(edits))
        if _is_better(state, result):
            return result, problems
        if len(problems) > 1:
            half = len(problems) // 2
            candidates += [problems[half:], problems[:half]]
        else:
            failed.add(describe(problems[0]))
    return None


def _select_non_overlapping(problems: Sequence[Problem]) -> list[Problem]:
    """Select problems whose edits neither overlap nor touch."""
    end = (0, 0)
    chosen = []
    for problem in sorted(problems, key=lambda problem: min(problem.edits)):
        first, last = min(problem.edits).pos, max(edit.pos for edit in problem.edits)
        if (first.line, first.column) > end:
            end = last.end_line, last.end_column
            chosen.append(problem)
    return chosen


def _is_better(old: _FixState, new: _FixState) -> bool:
    """Return whether the new text has fewer problems, no more of any code, and no item, word or URL less."""
    new_codes = Counter(problem.code for problem in new.problems)
    old_codes = Counter(problem.code for problem in old.problems)
    if new_codes.total() >= old_codes.total() or new_codes - old_codes:
        return False
    if sum(1 for _ in new.issue.items) < sum(1 for _ in old.issue.items):
        return False
    words, urls = collect_content(old.issue)
    new_words, new_urls = collect_content(new.issue)
    return words <= new_words and urls <= new_urls


# derived from other text by the reader, or not visible to subscribers
_DERIVED_FIELDS = {
    "arxiv", "code", "date", "definitions", "diagnostics", "dropped", "front", "headline", "id", "kind",
    "language", "name", "repo", "segments", "subject",
}  # fmt: skip


def collect_content(issue: Issue) -> tuple[Counter[str], frozenset[str]]:
    """Return the visible letters and digits, in their common form, with counts, and the URLs."""
    words: Counter[str] = Counter()
    urls: set[str] = set()
    for name, text in _walk_texts(issue, ""):
        if name == "url":
            urls.add(text)
        else:
            words.update(filter(str.isalnum, "".join(normalize_character(char) or char for char in text)))
    return words, frozenset(urls)


def _walk_texts(node: object, name: str) -> Iterator[tuple[str, str]]:
    """Yield the strings in a node, each with the name of its field."""
    if isinstance(node, str):
        yield name, node
    elif isinstance(node, model.Link) and node.children == (model.Text(node.url),):
        yield "url", node.url  # its text is the URL, not words
    elif isinstance(node, tuple):
        for part in node:
            yield from _walk_texts(part, name)
    elif isinstance(node, Struct) and not isinstance(node, model.Pos | model.Source):
        for name in node.__struct_fields__:
            if name not in _DERIVED_FIELDS:
                yield from _walk_texts(getattr(node, name), name)
