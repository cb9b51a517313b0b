"""Characters and marks that slipped in: radicals, ligatures, doubled and half-width punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from publisher.checks.codes import Edit, Problem
from publisher.checks.subject import Subject
from publisher.checks.text import LOOKS, SHOWN, lines, outside
from publisher.model import Pos
from publisher.patterns import lazy_pattern
from publisher.reader.blocks import FENCE
from publisher.reader.lines import is_cjk

_ODD = lazy_pattern(f"[{LOOKS}]")
# radicals of simplified characters have no decomposition; Unicode: EquivalentUnifiedIdeograph.txt
_RADICALS = dict(
    zip(
        "⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰",
        "民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙",
        strict=True,
    )
)
_CJK = "\u4e00-\u9fff”）】》"
_PAIR = lazy_pattern("[，、；。：]{2,}")
# the mark comes first: the search looks for that, and only there at what is around it
_HALF = lazy_pattern(f"[,;:](?<=[{_CJK}].)(?=[\u4e00-\u9fff“（])")
_FULL = {",": "，", ";": "；", ":": "："}
_SLIP = lazy_pattern(f"{_PAIR.pattern}|{_HALF.pattern}")
_FENCE = lazy_pattern("```|~~~")
_BOLD = lazy_pattern(r"\*\*(?<![*\\]..)(?!\*)")
_MANY = 12
_STRENGTH = "、，：；。"
_SUMMARY = lazy_pattern(r"\s*(?:[-*]\s+)?(?:摘要|简评)[:：]?")
# zero width space, word joiner, byte order mark; those that join or direct letters have a meaning
_UNSEEN = lazy_pattern("[\u200b\u2060\ufeff]+")


def characters(subject: Subject) -> Iterator[Problem]:
    """Characters that only look like the usual ones."""
    for number, text in lines(subject, _ODD):
        found = [one for one in outside(text, _ODD) if usual(one[0])]
        if found:
            edits = tuple(Edit(_pos(number, one), usual(one[0])) for one in found)
            pairs = dict.fromkeys((one[0], usual(one[0])) for one in found[:5])
            message = "、".join(
                f'"{odd}" (U+{ord(odd):04X}) only looks like "{right}"' for odd, right in pairs
            )
            yield Problem(edits[0].pos, "compat-char", message, edits=edits)


def invisible(subject: Subject) -> Iterator[Problem]:
    """Characters that nobody sees; one problem a line."""
    for number, text in lines(subject, _UNSEEN):
        found = [one for one in outside(text, _UNSEEN, SHOWN) if not _parts_words(one)]
        if found:
            edits = tuple(Edit(_pos(number, one), "") for one in found)
            message = f"a character that nobody sees (U+{ord(found[0][0][0]):04X})"
            yield Problem(edits[0].pos, "compat-char", message, "take it out", edits)


def _parts_words(found: re.Match[str]) -> bool:
    """True between letters of scripts that write no spaces, and let a line end only there."""
    around = found.string[max(found.start() - 1, 0) : found.start()] + found.string[found.end() :][:1]
    return any(char.isalpha() and not char.isascii() and not is_cjk(char) for char in around)


def usual(char: str) -> str:
    """The usual form of a character; empty when it is that already."""
    usual = _RADICALS.get(char) or unicodedata.normalize("NFKC", char)
    return usual if usual != char else ""


def punctuation(subject: Subject) -> Iterator[Problem]:
    """Marks that stand where one was meant, and half-width marks in Chinese text; one problem a line."""
    slips = _PAIR if _prefers_half_width(subject) else _SLIP
    for number, text in lines(subject, slips):
        label = _SUMMARY.match(text)
        found = [one for one in outside(text, slips) if not (label and one.end() == label.end())]
        edits = tuple(Edit(_pos(number, one), _meant(one[0])) for one in found if _meant(one[0]))
        if edits:
            pairs = dict.fromkeys((subject.source.at(one.pos), one.text) for one in edits)
            message = "、".join(f'"{wrong}" should be "{right}"' for wrong, right in pairs)
            yield Problem(edits[0].pos, "punctuation", message, edits=edits)


def _meant(marks: str) -> str:
    """The mark that was meant; empty for what some write as an ellipsis."""
    if marks.startswith("。。。"):
        return ""
    return _FULL.get(marks) or max(marks, key=_STRENGTH.index)


def _prefers_half_width(subject: Subject) -> bool:
    """True where half-width marks between Chinese characters are no slip but the editor's way."""
    half = len(_HALF.findall(subject.source.text))
    return half >= _MANY and half * 2 > len(re.findall("[，；：]", subject.source.text))


def bold(subject: Subject) -> Iterator[Problem]:
    """Pairs of asterisks that have no partner."""
    for number, text in lines(subject, _BOLD):
        marks = outside(text, _BOLD)
        if len(marks) % 2 and "***" not in text and _stays(subject, number):
            place = _pos(number, marks[-1])
            yield Problem(place, "unbalanced-bold", "this ** has no partner", "close it, or take it away")


def fences(subject: Subject) -> Iterator[Problem]:
    """Lines that begin code which no other ends."""
    for number, text in lines(subject, _FENCE):
        if fence := FENCE.match(text):
            message = f"no {fence[1]} ends this code"
            place = Pos(number, fence.start(1) + 1, number, fence.end(1) + 1)
            yield Problem(place, "unclosed-code", message, f"write {fence[1]} below its last line")


def _stays(subject: Subject, number: int) -> bool:
    """True when neither neighbour has a lone ** too: bold text may go over a line end."""
    around = (subject.source.line(number - 1), subject.source.line(number + 1))
    return not any(text.count("**") % 2 for text in around)


def _pos(number: int, found: re.Match[str]) -> Pos:
    return Pos(number, found.start() + 1, number, found.end() + 1)
