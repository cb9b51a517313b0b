"""Characters and marks that slipped in: radicals, ligatures, doubled and half-width punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.checks.problem import Edit, Problem
from publisher.checks.subject import Subject
from publisher.model import CodeBlock, Pos
from publisher.reader.inlines import URL
from publisher.transforms import every

# radicals, compatibility ideographs, ligatures, full-width digits and letters; as a set, because a pattern of
# these ranges takes as long to compile as an issue to check
_ODD = frozenset(
    chr(number)
    for first, last in ("\u2e80\u2fd5", "\uf900\ufaff", "\ufb00\ufb06", "０９", "ＡＺ", "ａｚ")
    for number in range(ord(first), ord(last) + 1)
)
# radicals of simplified characters have no decomposition; Unicode: EquivalentUnifiedIdeograph.txt
_RADICALS = dict(
    zip(
        "⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰",
        "民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙",
        strict=True,
    )
)
_PAIR = re.compile("[，、；。：]{2,}")
_HALF = re.compile("[,;:]")
_FULL = {",": "，", ";": "；", ":": "："}
_MANY = 12
_CLOSERS = frozenset("”）】》")
_OPENERS = frozenset("“（")
_STRENGTH = "、，：；。"
_SUMMARY = re.compile(r"\s*(?:[-*]\s+)?(?:摘要|简评)[:：]?")
_KEPT = re.compile(rf"{URL}|`[^`]*`|\]\([^)\s]*\)|<[^>]*>|\$[^$]*\$")
"""What no mending may touch: addresses, code, tags, formulas."""


def characters(subject: Subject) -> Iterator[Problem]:
    """Characters that only look like the usual ones."""
    for number, text, kept in _lines(subject):
        if _ODD.isdisjoint(text):
            continue
        odd = re.finditer("|".join(sorted(_ODD.intersection(text))), text)
        found = [one for one in odd if not _within(kept, one) and usual(one[0])]
        if found:
            edits = tuple(Edit(_pos(number, one), usual(one[0])) for one in found)
            pairs = dict.fromkeys((one[0], usual(one[0])) for one in found[:5])
            message = "、".join(
                f'"{odd}" (U+{ord(odd):04X}) only looks like "{right}"' for odd, right in pairs
            )
            yield Problem(edits[0].pos, "compat-char", message, edits=edits)


def usual(char: str) -> str:
    """The usual form of a character; empty when it is that already."""
    if char.isascii():
        return ""
    from unicodedata import normalize

    usual = _RADICALS.get(char) or normalize("NFKC", char)
    return usual if usual != char else ""


def punctuation(subject: Subject) -> Iterator[Problem]:
    """Marks that stand where one was meant, and half-width marks in Chinese text; one problem a line."""
    half_width = not _prefers_half_width(subject)
    for number, text, kept in _lines(subject):
        label = _SUMMARY.match(text)
        begin = label.end() if label else 0
        found = [(one, max(one[0], key=_STRENGTH.index)) for one in _PAIR.finditer(text)]
        found = [pair for pair in found if not pair[0][0].startswith("。。。")]  # some write an ellipsis so
        if half_width:
            found += [(one, _FULL[one[0]]) for one in _halves(text, begin)]
        edits = sorted(Edit(_pos(number, one), mark) for one, mark in found if not _within(kept, one))
        if edits:
            pairs = dict.fromkeys((subject.source.at(one.pos), one.text) for one in edits)
            message = "、".join(f'"{wrong}" should be "{right}"' for wrong, right in pairs)
            yield Problem(edits[0].pos, "punctuation", message, edits=tuple(edits))


def _halves(text: str, begin: int = 0) -> Iterator[re.Match[str]]:
    """The half-width marks between Chinese characters."""
    for one in _HALF.finditer(text, begin):
        before, behind = text[one.start() - 1 : one.start()], text[one.end() : one.end() + 1]
        if (_is_chinese(before) or before in _CLOSERS) and (_is_chinese(behind) or behind in _OPENERS):
            yield one


def _is_chinese(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


def _prefers_half_width(subject: Subject) -> bool:
    """True where half-width marks between Chinese characters are no slip but the editor's way."""
    text = subject.source.text
    half = sum(1 for _ in _halves(text))
    return half >= _MANY and half * 2 > sum(text.count(mark) for mark in _FULL.values())


def bold(subject: Subject) -> Iterator[Problem]:
    """Pairs of asterisks that have no partner."""
    for number, text, kept in _lines(subject):
        marks = [one for one in re.finditer(r"(?<![*\\])\*\*(?!\*)", text) if not _within(kept, one)]
        if len(marks) % 2 and "***" not in text and _stays(subject, number):
            place = _pos(number, marks[-1])
            yield Problem(place, "unbalanced-bold", "this ** has no partner", "close it, or take it away")


def _stays(subject: Subject, number: int) -> bool:
    """True when neither neighbour has a lone ** too: bold text may go over a line end."""
    around = (subject.source.line(number - 1), subject.source.line(number + 1))
    return not any(text.count("**") % 2 for text in around)


def _lines(subject: Subject) -> Iterator[tuple[int, str, list[tuple[int, int]]]]:
    """The lines an editor wrote as text, each with the stretches that stay as they are."""
    skipped = _skipped(subject)
    for number, text in enumerate(subject.source.lines, 1):
        if text.isascii() and "**" not in text:
            continue
        if not any(start <= number <= end for start, end in skipped):
            yield number, text, [one.span() for one in _KEPT.finditer(text)]


def _skipped(subject: Subject) -> list[tuple[int, int]]:
    """First and last lines of front matter, code, and all that readers do not see."""
    issue = subject.issue
    hidden = [issue.front_pos, *(one.pos for one in issue.dropped)]
    hidden += [one.pos for one in issue.definitions]
    hidden += [block.pos for block in every(CodeBlock, (issue,))]
    if issue.archive:
        hidden.append(issue.archive.pos)
    return [(pos.line, pos.end_line) for pos in hidden if pos.line]


def _within(kept: list[tuple[int, int]], found: re.Match[str]) -> bool:
    return any(start <= found.start() < end for start, end in kept)


def _pos(number: int, found: re.Match[str]) -> Pos:
    return Pos(number, found.start() + 1, number, found.end() + 1)
