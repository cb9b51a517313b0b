"""Characters and marks that slipped in: radicals, ligatures, doubled and half-width punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from publisher.checks.codes import Edit, Problem
from publisher.checks.subject import IssueSource
from publisher.checks.text import (
    CODE_TAGS_AND_FORMULAS,
    LOOKALIKE_CHARACTERS,
    find_matching_lines,
    find_outside,
)
from publisher.model import Pos
from publisher.patterns import lazy_pattern
from publisher.reader.blocks import FENCE
from publisher.reader.lines import is_cjk

_LOOKALIKE = lazy_pattern(f"[{LOOKALIKE_CHARACTERS}]")
# radicals of simplified characters have no decomposition; Unicode: EquivalentUnifiedIdeograph.txt
_RADICALS = dict(
    zip(
        "⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰",
        "民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙",
        strict=True,
    )
)
_CJK = "\u4e00-\u9fff”）】》"
_DOUBLED_MARKS = lazy_pattern("[，、；。：]{2,}")
# the mark comes first: the search looks for that, and only there at what is around it
_HALF_WIDTH_MARK = lazy_pattern(f"[,;:](?<=[{_CJK}].)(?=[\u4e00-\u9fff“（])")
_FULL_WIDTH_MARKS = {",": "，", ";": "；", ":": "："}
_WRONG_MARKS = lazy_pattern(f"{_DOUBLED_MARKS.pattern}|{_HALF_WIDTH_MARK.pattern}")
_FENCE = lazy_pattern("```|~~~")
_BOLD = lazy_pattern(r"\*\*(?<![*\\]..)(?!\*)")
_MIN_HALF_WIDTH = 12
_MARK_PRECEDENCE = "、，：；。"
_SUMMARY = lazy_pattern(r"\s*(?:[-*]\s+)?(?:摘要|简评)[:：]?")
# zero width space, word joiner, byte order mark; those that join or direct letters have a meaning
_INVISIBLE = lazy_pattern("[\u200b\u2060\ufeff]+")


def check_lookalikes(subject: IssueSource) -> Iterator[Problem]:
    """Characters that only look like the usual ones."""
    for number, text in find_matching_lines(subject, _LOOKALIKE):
        found = [one for one in find_outside(text, _LOOKALIKE) if normalize_character(one[0])]
        if found:
            edits = tuple(Edit(_locate_match(number, one), normalize_character(one[0])) for one in found)
            pairs = dict.fromkeys((one[0], normalize_character(one[0])) for one in found[:5])
            message = "、".join(
                f'"{odd}" (U+{ord(odd):04X}) only looks like "{right}"' for odd, right in pairs
            )
            yield Problem(edits[0].pos, "compat-char", message, edits=edits)


def check_invisible(subject: IssueSource) -> Iterator[Problem]:
    """Characters that nobody sees; one problem a line."""
    for number, text in find_matching_lines(subject, _INVISIBLE):
        found = [
            one for one in find_outside(text, _INVISIBLE, CODE_TAGS_AND_FORMULAS) if not _separates_words(one)
        ]
        if found:
            edits = tuple(Edit(_locate_match(number, one), "") for one in found)
            message = f"a character that nobody sees (U+{ord(found[0][0][0]):04X})"
            yield Problem(edits[0].pos, "compat-char", message, "take it out", edits)


def _separates_words(found: re.Match[str]) -> bool:
    """True between letters of scripts that write no spaces, and let a line end only there."""
    around = found.string[max(found.start() - 1, 0) : found.start()] + found.string[found.end() :][:1]
    return any(char.isalpha() and not char.isascii() and not is_cjk(char) for char in around)


def normalize_character(char: str) -> str:
    """The usual form of a character; empty when it is that already."""
    usual = _RADICALS.get(char) or unicodedata.normalize("NFKC", char)
    return usual if usual != char else ""


def check_punctuation(subject: IssueSource) -> Iterator[Problem]:
    """Marks that stand where one was meant, and half-width marks in Chinese text; one problem a line."""
    slips = _DOUBLED_MARKS if _prefers_half_width(subject) else _WRONG_MARKS
    for number, text in find_matching_lines(subject, slips):
        label = _SUMMARY.match(text)
        found = [one for one in find_outside(text, slips) if not (label and one.end() == label.end())]
        edits = tuple(
            Edit(_locate_match(number, one), _choose_mark(one[0])) for one in found if _choose_mark(one[0])
        )
        if edits:
            pairs = dict.fromkeys((subject.source.text_at(one.pos), one.text) for one in edits)
            message = "、".join(f'"{wrong}" should be "{right}"' for wrong, right in pairs)
            yield Problem(edits[0].pos, "punctuation", message, edits=edits)


def _choose_mark(marks: str) -> str:
    """The mark that was meant; empty for what some write as an ellipsis."""
    if marks.startswith("。。。"):
        return ""
    return _FULL_WIDTH_MARKS.get(marks) or max(marks, key=_MARK_PRECEDENCE.index)


def _prefers_half_width(subject: IssueSource) -> bool:
    """True where half-width marks between Chinese characters are no slip but the editor's way."""
    half = len(_HALF_WIDTH_MARK.findall(subject.source.text))
    return half >= _MIN_HALF_WIDTH and half * 2 > len(re.findall("[，；：]", subject.source.text))


def check_bold(subject: IssueSource) -> Iterator[Problem]:
    """Pairs of asterisks that have no partner."""
    for number, text in find_matching_lines(subject, _BOLD):
        marks = find_outside(text, _BOLD)
        if len(marks) % 2 and "***" not in text and _is_single_line(subject, number):
            place = _locate_match(number, marks[-1])
            yield Problem(place, "unbalanced-bold", "this ** has no partner", "close it, or take it away")


def check_fences(subject: IssueSource) -> Iterator[Problem]:
    """Lines that begin code which no other ends."""
    for number, text in find_matching_lines(subject, _FENCE):
        if fence := FENCE.match(text):
            message = f"no {fence[1]} ends this code"
            place = Pos(number, fence.start(1) + 1, number, fence.end(1) + 1)
            yield Problem(place, "unclosed-code", message, f"write {fence[1]} below its last line")


def _is_single_line(subject: IssueSource, number: int) -> bool:
    """True when neither neighbour has a lone ** too: bold text may go over a line end."""
    around = (subject.source.line(number - 1), subject.source.line(number + 1))
    return not any(text.count("**") % 2 for text in around)


def _locate_match(number: int, found: re.Match[str]) -> Pos:
    return Pos(number, found.start() + 1, number, found.end() + 1)
