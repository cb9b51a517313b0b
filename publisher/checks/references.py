"""Rules for what refers to something that is not there: definitions of links, and footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.checks.codes import Problem
from publisher.checks.source import IssueSource, locate_match
from publisher.checks.text import find_matching_lines, find_outside
from publisher.model import Footnote
from publisher.patterns import lazy_pattern
from publisher.reader.link_syntax import normalize_label
from publisher.transforms import find_nodes

_CODE = lazy_pattern(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_FOOTNOTE = lazy_pattern(r"\[\^([^\]\[\s]+)\](?!\()")
# [text][label] and [label][], not a[0][1] and [[1][2]]
_LABEL = r"\[(?!\^)((?:[^\[\]\\]|\\.)*)\]"
_REFERENCE = lazy_pattern(rf"(?<![A-Za-z0-9_\]\\\[])!?{_LABEL}{_LABEL}(?![\[(])")
_HEAD = lazy_pattern(r"\s*(?:[-*+]|\d{1,3}[.)、])\s+(?:\[[^\[\]]*\]\s*)*\Z")
_WORDS = lazy_pattern(r"[A-Za-z]{2}")
_LOWER_CASE_LABEL = lazy_pattern(r"[a-z][\w .:/#-]*\Z", re.ASCII)


def check_references(subject: IssueSource) -> Iterator[Problem]:
    """Report references to links that are not defined, which subscribers would see in brackets."""
    if "][" not in subject.source.text:
        return
    defined = {normalize_label(definition.label) for definition in subject.issue.definitions}
    defined |= {_find_label(part.text) for part in subject.issue.dropped if part.name == "unsafe-url"}
    for number, text in find_matching_lines(subject, _REFERENCE):
        for match in find_outside(text, _REFERENCE, _CODE):
            label = match[2].strip() or match[1]
            if normalize_label(label) in defined or not _is_reference(text, match, has_definitions=bool(defined)):
                continue
            message = f"the link [{label}] is not defined"
            help_ = f"add a line: [{label}]: https://…"
            yield Problem(locate_match(number, match), "undefined-reference", message, help_)


def _find_label(text: str) -> str:
    return normalize_label(text.strip().removeprefix("[").partition("]:")[0])


def _is_reference(text: str, match: re.Match[str], *, has_definitions: bool) -> bool:
    """False for tags before a title, `[RFC][PATCH] title`, and for numbers and short Chinese words in brackets."""
    words, label = match[1].strip(), match[2].strip()
    if not words or not (_WORDS.search(label or words) or has_definitions):
        return False
    if not label:
        return True
    is_head = _HEAD.match(text, 0, match.start()) is not None or not text[: match.start()].strip()
    return not is_head or has_definitions or _LOWER_CASE_LABEL.match(label) is not None


def check_footnotes(subject: IssueSource) -> Iterator[Problem]:
    """Report references without a footnote, and footnotes without a reference."""
    if "[^" not in subject.source.text:
        return
    unused = [part for part in subject.issue.dropped if part.name == "footnote"]
    notes = find_nodes(Footnote, (subject.issue,))
    known = {note.label.casefold() for note in notes}
    for number, text in find_matching_lines(subject, _FOOTNOTE):
        for match in find_outside(text, _FOOTNOTE, _CODE):
            if match[1].casefold() not in known and not text.startswith(":", match.end()):
                message = f"there is no footnote {match[0]}"
                help_ = f"add a line: {match[0]}: text"
                yield Problem(locate_match(number, match), "undefined-footnote", message, help_)
    for part in unused:
        message = "nothing refers to this footnote, it is left out"
        yield Problem(
            subject.source.line_position(part.pos.line), "unused-footnote", message, "refer to it or remove it"
        )
