"""Rules for characters: lookalikes, invisible ones, wrong punctuation, unmatched ** and code fences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from publisher.checks.codes import Edit, Problem
from publisher.checks.source import IssueSource, locate_match
from publisher.checks.text import CODE_TAGS_AND_FORMULAS, LOOKALIKE_CHARACTERS, find_matching_lines, find_outside
from publisher.patterns import any_of, lazy_pattern
from publisher.reader.lines import is_cjk
from publisher.reader.marks import FENCE

_LOOKALIKE = lazy_pattern(f"[{LOOKALIKE_CHARACTERS}]")
# radicals of simplified characters have no decomposition (Unicode: EquivalentUnifiedIdeograph.txt)
_RADICALS = dict(
    zip(
        "⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰",
        "民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙",
        strict=True,
    )
)
_CJK = "\u4e00-\u9fff”）】》"
_DOUBLED = ("，、；。：", "[，、；。：]+")
_DOUBLED_MARKS = lazy_pattern(any_of(_DOUBLED))
_WRONG_MARKS = lazy_pattern(any_of(_DOUBLED, (",;:", f"(?<=[{_CJK}].)(?=[\u4e00-\u9fff“（])")))
_FULL_WIDTH_MARKS = {",": "，", ";": "；", ":": "："}
_FENCE = lazy_pattern("```|~~~")
_BOLD = lazy_pattern(r"\*\*(?<![*\\]..)(?!\*)")
# ** in a glob, a power, or the call of a function
_LITERAL_ASTERISKS = lazy_pattern(
    r"(?<=/)\*\*|\*\*(?=/)|(?<=\s)\*\*(?=\s)|(?<=[A-Za-z0-9)])\*\*(?=\d)|(?<=[\s(,{\[])\*\*(?=\w+[)}\],])"
)
_MIN_HALF_WIDTH = 12
_MARK_PRECEDENCE = "、，：；。"
_SUMMARY = lazy_pattern(r"\s*(?:[-*]\s+)?(?:摘要|简评)[:：]?")
# zero width space, word joiner, byte order mark; not joiners and direction marks, which have a meaning. The class is
# written twice because `re` skips to the next character of a class, but not to that of a class with +
_INVISIBLE = lazy_pattern("[\u200b\u2060\ufeff][\u200b\u2060\ufeff]*")
# control characters, which are shown as a replacement character; not line ends, tabs and form feeds
_CONTROL = lazy_pattern("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff]")
_SPACING_CONTROLS = "\x0b\u2028\u2029"
# embeddings, overrides and isolates, with what ends them; not the marks U+200E and U+200F, which Arabic text needs
_DIRECTION = lazy_pattern("[\u202a-\u202e\u2066-\u2069]")
_OVERRIDES = "\u202d\u202e"
_OPENING_DIRECTIONS = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
_JAPANESE_WIDTHS = lazy_pattern("[０-９Ａ-Ｚａ-ｚ\uf900-\ufaff]")
_KANA_AND_HANGUL = lazy_pattern("[\u3041-\u30ff\uac00-\ud7a3]")
_HAN = lazy_pattern("[\u4e00-\u9fff]")
_MIN_SHARE = 0.1


def check_lookalikes(subject: IssueSource) -> Iterator[Problem]:
    """Report characters that look like common ones, one problem per line.

    Full-width letters and digits are usual in Japanese and Korean, and so are some compatibility ideographs.
    """
    lines = [*find_matching_lines(subject, _LOOKALIKE)]
    is_allowed = bool(lines) and _is_japanese_or_korean(subject.source.text)
    for number, text in lines:
        exempt = _JAPANESE_WIDTHS if is_allowed or _is_japanese_or_korean(text) else None
        found = [match for match in find_outside(text, _LOOKALIKE) if not (exempt and exempt.match(match[0]))]
        matches = [(match, normalize_character(match[0])) for match in found]
        if edits := tuple(Edit(locate_match(number, match), right) for match, right in matches if right):
            pairs = dict.fromkeys([(match[0], right) for match, right in matches if right][:5])
            message = ", ".join(f'"{wrong}" (U+{ord(wrong):04X}) should be "{right}"' for wrong, right in pairs)
            yield Problem(edits[0].pos, "compat-char", message, edits=edits)


def _is_japanese_or_korean(text: str) -> bool:
    """Return whether at least a tenth of the East Asian letters are kana or Hangul; Chinese has a の now and then."""
    native = len(_KANA_AND_HANGUL.findall(text))
    return native > 1 and native >= (native + len(_HAN.findall(text))) * _MIN_SHARE


def check_controls(subject: IssueSource) -> Iterator[Problem]:
    """Report control characters, one problem per line."""
    for number, text in find_matching_lines(subject, _CONTROL):
        matches = [*_CONTROL.finditer(text)]
        edits = tuple(
            Edit(locate_match(number, match), " " if match[0] in _SPACING_CONTROLS else "") for match in matches
        )
        message = f"control character (U+{ord(matches[0][0]):04X})"
        yield Problem(edits[0].pos, "control-char", message, "remove it", edits)


def check_directions(subject: IssueSource) -> Iterator[Problem]:
    """Report characters that change the direction of text: overrides, those without a partner in their line, and
    those in a line without Arabic or Hebrew letters."""
    for number, text in find_matching_lines(subject, _DIRECTION):
        matches = find_outside(text, _DIRECTION, CODE_TAGS_AND_FORMULAS)
        opened = sum(match[0] in _OPENING_DIRECTIONS for match in matches)
        has_override = any(match[0] in _OVERRIDES for match in matches)
        is_right_to_left = any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)
        if matches and (has_override or opened * 2 != len(matches) or not is_right_to_left):
            edits = tuple(Edit(locate_match(number, match), "") for match in matches)
            message = f"invisible character that changes the direction of the text (U+{ord(matches[0][0]):04X})"
            yield Problem(edits[0].pos, "control-char", message, "remove it", edits)


def check_invisible(subject: IssueSource) -> Iterator[Problem]:
    """Report invisible characters, one problem per line."""
    for number, text in find_matching_lines(subject, _INVISIBLE):
        matches = [
            match for match in find_outside(text, _INVISIBLE, CODE_TAGS_AND_FORMULAS) if not _separates_words(match)
        ]
        if matches:
            edits = tuple(Edit(locate_match(number, match), "") for match in matches)
            message = f"invisible character (U+{ord(matches[0][0][0]):04X})"
            yield Problem(edits[0].pos, "compat-char", message, "remove it", edits)


def _separates_words(match: re.Match[str]) -> bool:
    """True between letters of scripts without spaces (such as Thai), where it marks a possible line break."""
    around = match.string[max(match.start() - 1, 0) : match.start()] + match.string[match.end() : match.end() + 1]
    return any(char.isalpha() and not char.isascii() and not is_cjk(char) for char in around)


def normalize_character(char: str) -> str:
    """Return the common form of a character; empty if it already is the common form."""
    common = _RADICALS.get(char) or unicodedata.normalize("NFKC", char)
    return common if common != char else ""


def check_punctuation(subject: IssueSource) -> Iterator[Problem]:
    """Report doubled punctuation, and half-width punctuation in Chinese text; one problem per line."""
    found = _WRONG_MARKS.findall(subject.source.text)
    if not found:
        return
    wrong_marks = _DOUBLED_MARKS if _prefers_half_width(subject.source.text, found) else _WRONG_MARKS
    for number, text in find_matching_lines(subject, wrong_marks):
        label = _SUMMARY.match(text)
        matches = [match for match in find_outside(text, wrong_marks) if not (label and match.end() == label.end())]
        marks = ((locate_match(number, match), _choose_mark(match[0])) for match in matches)
        edits = tuple(Edit(pos, mark) for pos, mark in marks if mark)
        if edits:
            pairs = dict.fromkeys((subject.source.text_at(edit.pos), edit.text) for edit in edits)
            message = ", ".join(f'"{wrong}" should be "{right}"' for wrong, right in pairs)
            yield Problem(edits[0].pos, "punctuation", message, edits=edits)


def _choose_mark(marks: str) -> str:
    """Return the mark that was meant; empty for 。。。, which some editors use as an ellipsis."""
    if marks.startswith("。。。"):
        return ""
    return _FULL_WIDTH_MARKS.get(marks) or max(marks, key=_MARK_PRECEDENCE.index)


def _prefers_half_width(text: str, wrong_marks: Collection[str]) -> bool:
    """Return whether a text uses half-width marks between Chinese characters throughout, as a style."""
    half = sum(marks in _FULL_WIDTH_MARKS for marks in wrong_marks)
    return half >= _MIN_HALF_WIDTH and half * 2 > len(re.findall("[，；：]", text))


def check_bold(subject: IssueSource) -> Iterator[Problem]:
    """Report ** without a partner."""
    for number, text in find_matching_lines(subject, _BOLD):
        marks = find_outside(text, _BOLD)
        others = [mark for mark in marks if not _LITERAL_ASTERISKS.match(text, mark.start())]
        if len(marks) % 2 and len(others) % 2 and "***" not in text and _is_single_line(subject, number):
            pos = locate_match(number, marks[-1])
            yield Problem(pos, "unbalanced-bold", "unmatched **", "close it or remove it")


def check_fences(subject: IssueSource) -> Iterator[Problem]:
    """Report code blocks that are never closed."""
    for number, text in find_matching_lines(subject, _FENCE):
        if fence := FENCE.match(text):
            message = "this code block is never closed"
            pos = locate_match(number, fence, 1)
            yield Problem(pos, "unclosed-code", message, f"add {fence[1]} after its last line")


def _is_single_line(subject: IssueSource, number: int) -> bool:
    """Return whether neither adjacent line has an odd number of **, since bold text may span lines."""
    around = (subject.source.line(number - 1), subject.source.line(number + 1))
    return not any(text.count("**") % 2 for text in around)
