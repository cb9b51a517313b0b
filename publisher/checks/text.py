"""The text an editor wrote for readers, line by line, and what of it no rule may touch."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from publisher.checks.subject import IssueSource
from publisher.model import CodeBlock
from publisher.patterns import lazy_pattern
from publisher.reader.html import HIDDEN
from publisher.reader.inlines import URL
from publisher.transforms import find_nodes

LOOKALIKE_CHARACTERS = "\u2e80-\u2fd5\uf900-\ufaff\ufb00-\ufb06０-９Ａ-Ｚａ-ｚ"
"""Radicals, compatibility ideographs, ligatures, full-width digits and letters, for a class of characters."""

_PROTECTED = lazy_pattern(rf"{URL}[{LOOKALIKE_CHARACTERS}]*|`[^`]*`|\]\([^)\s]*\)|<[^>]*>|\$[^$]*\$")
"""What no mending may touch: addresses and what it would make a part of one, code, tags, formulas."""


_HIDDEN_KINDS = HIDDEN | {"comment"}

CODE_TAGS_AND_FORMULAS = lazy_pattern(r"`[^`]*`|<[^>]*>|\$[^$]*\$")
"""Code, tags and formulas."""


def find_matching_lines(subject: IssueSource, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The lines an editor wrote as text in which a pattern is found."""
    source = subject.source.text
    if "\r" not in source and not pattern.search(source):
        return
    skipped = _find_skipped_lines(subject)
    for number, text in enumerate(subject.source.lines, 1):
        if number not in skipped and pattern.search(text):
            yield number, text


def find_outside(
    text: str, pattern: re.Pattern[str], protected: re.Pattern[str] = _PROTECTED
) -> list[re.Match[str]]:
    """Where a pattern is found in a line, outside of what stays as it is."""
    kept = [one.span() for one in protected.finditer(text)]
    starts = [start for start, _ in kept]

    def is_kept(at: int) -> bool:
        before = bisect_right(starts, at)
        return bool(before) and at < kept[before - 1][1]

    return [one for one in pattern.finditer(text) if not is_kept(one.start())]


def _find_skipped_lines(subject: IssueSource) -> set[int]:
    """The lines of front matter, code, and all that readers do not see."""
    issue = subject.issue
    hidden = [
        issue.front_pos,
        *(one.pos for one in issue.dropped if not one.inline or one.name in _HIDDEN_KINDS),
    ]
    hidden += [one.pos for one in issue.definitions]
    hidden += [block.pos for block in find_nodes(CodeBlock, (issue,))]
    if issue.archive:
        hidden.append(issue.archive.pos)
    return {number for pos in hidden if pos.line for number in range(pos.line, pos.end_line + 1)}
