"""Characters and marks that slipped in: radicals, ligatures, doubled and half-width punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from publisher.checks.problem import Edit, Problem
from publisher.checks.subject import Subject
from publisher.model import CodeBlock, Pos
from publisher.reader.inlines import URL
from publisher.transforms import every

# radicals, compatibility ideographs, ligatures, full-width digits and letters
_LOOKS = "\u2e80-\u2fd5\uf900-\ufaff\ufb00-\ufb06０-９Ａ-Ｚａ-ｚ"
_ODD = re.compile(f"[{_LOOKS}]")
# radicals of simplified characters have no decomposition; Unicode: EquivalentUnifiedIdeograph.txt
_RADICALS = dict(
    zip(
        "⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰",
        "民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙",
        strict=True,
    )
)
_CJK = "\u4e00-\u9fff”）】》"
_PAIR = re.compile("[，、；。：]{2,}")
# the mark comes first: the search looks for that, and only there at what is around it
_HALF = re.compile(f"[,;:](?<=[{_CJK}].)(?=[\u4e00-\u9fff“（])")
_FULL = {",": "，", ";": "；", ":": "："}
_SLIP = re.compile(f"{_PAIR.pattern}|{_HALF.pattern}")
_BOLD = re.compile(r"\*\*(?<![*\\]..)(?!\*)")
_MANY = 12
_STRENGTH = "、，：；。"
_SUMMARY = re.compile(r"\s*(?:[-*]\s+)?(?:摘要|简评)[:：]?")
_KEPT = re.compile(rf"{URL}[{_LOOKS}]*|`[^`]*`|\]\([^)\s]*\)|<[^>]*>|\$[^$]*\$")
"""What no mending may touch: addresses and what it would make a part of one, code, tags, formulas."""


def characters(subject: Subject) -> Iterator[Problem]:
    """Characters that only look like the usual ones."""
    for number, text in _lines(subject, _ODD):
        found = [one for one in _outside(text, _ODD) if usual(one[0])]
        if found:
            edits = tuple(Edit(_pos(number, one), usual(one[0])) for one in found)
            pairs = dict.fromkeys((one[0], usual(one[0])) for one in found[:5])
            message = "、".join(
                f'"{odd}" (U+{ord(odd):04X}) only looks like "{right}"' for odd, right in pairs
            )
            yield Problem(edits[0].pos, "compat-char", message, edits=edits)


def usual(char: str) -> str:
    """The usual form of a character; empty when it is that already."""
    usual = _RADICALS.get(char) or unicodedata.normalize("NFKC", char)
    return usual if usual != char else ""


def punctuation(subject: Subject) -> Iterator[Problem]:
    """Marks that stand where one was meant, and half-width marks in Chinese text; one problem a line."""
    slips = _PAIR if _prefers_half_width(subject) else _SLIP
    for number, text in _lines(subject, slips):
        label = _SUMMARY.match(text)
        found = [one for one in _outside(text, slips) if not (label and one.end() == label.end())]
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
    for number, text in _lines(subject, _BOLD):
        marks = _outside(text, _BOLD)
        if len(marks) % 2 and "***" not in text and _stays(subject, number):
            place = _pos(number, marks[-1])
            yield Problem(place, "unbalanced-bold", "this ** has no partner", "close it, or take it away")


def _stays(subject: Subject, number: int) -> bool:
    """True when neither neighbour has a lone ** too: bold text may go over a line end."""
    around = (subject.source.line(number - 1), subject.source.line(number + 1))
    return not any(text.count("**") % 2 for text in around)


def _lines(subject: Subject, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The lines an editor wrote as text in which a pattern is found."""
    if not pattern.search(subject.source.text):
        return
    skipped = _skipped(subject)
    for number, text in enumerate(subject.source.lines, 1):
        if pattern.search(text) and not any(start <= number <= end for start, end in skipped):
            yield number, text


def _outside(text: str, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    """Where a pattern is found in a line, outside of what stays as it is."""
    kept = [one.span() for one in _KEPT.finditer(text)]
    found = pattern.finditer(text)
    return [one for one in found if not any(start <= one.start() < end for start, end in kept)]


def _skipped(subject: Subject) -> list[tuple[int, int]]:
    """First and last lines of front matter, code, and all that readers do not see."""
    issue = subject.issue
    hidden = [issue.front_pos, *(one.pos for one in issue.dropped)]
    hidden += [one.pos for one in issue.definitions]
    hidden += [block.pos for block in every(CodeBlock, (issue,))]
    if issue.archive:
        hidden.append(issue.archive.pos)
    return [(pos.line, pos.end_line) for pos in hidden if pos.line]


def _pos(number: int, found: re.Match[str]) -> Pos:
    return Pos(number, found.start() + 1, number, found.end() + 1)
