"""Searches the visible text of an issue, and leaves out the parts that no fix may change."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from publisher.checks.source import IssueSource
from publisher.model import CodeBlock
from publisher.patterns import any_of, lazy_pattern
from publisher.reader.bare_links import URL_BRANCHES
from publisher.reader.html import HIDDEN
from publisher.transforms import find_nodes

LOOKALIKE_CHARACTERS = "\u2e80-\u2fd5\uf900-\ufaff\ufb00-\ufb06０-９Ａ-Ｚａ-ｚ"
"""Radicals, compatibility ideographs, ligatures, full-width digits and letters; for a character class."""

_CODE_TAGS_AND_FORMULAS = (("`", "[^`]*`"), ("<", "[^<>]*>"), ("$", r"[^$]*\$"))
CODE_TAGS_AND_FORMULAS = lazy_pattern(any_of(*_CODE_TAGS_AND_FORMULAS))
"""Code, tags and formulas."""

_PROTECTED = lazy_pattern(
    any_of(
        *[(first, rf"{rest}[{LOOKALIKE_CHARACTERS}]*") for first, rest in URL_BRANCHES],
        (r"\]", r"\((?:(?!\]\()[^)\s])*+\)"),
        *_CODE_TAGS_AND_FORMULAS,
    )
)
"""Text that no fix may change: URLs and lookalikes next to them, code, tags, formulas."""

_HIDDEN_KINDS = HIDDEN | {"comment"}


def find_matching_lines(subject: IssueSource, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Return the lines of visible text that contain a pattern, each with its number."""
    source = subject.source.text
    if "\r" not in source and not pattern.search(source):
        return
    skipped = _find_skipped_lines(subject)
    for number, text in enumerate(subject.source.lines, 1):
        if number not in skipped and pattern.search(text):
            yield number, text


def find_outside(text: str, pattern: re.Pattern[str], protected: re.Pattern[str] = _PROTECTED) -> list[re.Match[str]]:
    """Return the matches of a pattern in a line, outside of protected text."""
    spans = [match.span() for match in protected.finditer(text)]
    starts = [start for start, _ in spans]

    def is_protected(index: int) -> bool:
        before = bisect_right(starts, index)
        return bool(before) and index < spans[before - 1][1]

    return [match for match in pattern.finditer(text) if not is_protected(match.start())]


def _find_skipped_lines(subject: IssueSource) -> set[int]:
    """Return the lines of front matter, code, and everything that subscribers do not see."""
    issue = subject.issue
    hidden = [issue.front_pos, *(part.pos for part in issue.dropped if not part.inline or part.name in _HIDDEN_KINDS)]
    hidden += [definition.pos for definition in issue.definitions]
    hidden += [block.pos for block in find_nodes(CodeBlock, (issue,))]
    if issue.archive:
        hidden.append(issue.archive.pos)
    return {number for pos in hidden if pos.line for number in range(pos.line, pos.end_line + 1)}
