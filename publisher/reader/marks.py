"""The marks that start blocks: fences, bullets, numbers, hashes, rules and quotes, and what they may interrupt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from publisher.patterns import lazy_pattern
from publisher.reader.lines import Line, is_cjk_edge
from publisher.reader.tables import starts_html_table, starts_table

FENCE = lazy_pattern(r"\s*(?:(`{3,})([^`]*)|(~{3,})(.*))\Z")
RULE = lazy_pattern(r"\s{0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})\Z")
BULLET = lazy_pattern(r"(\s*)([-*+•])(?:(\s+)(?=\S)|\s*\Z)")
NUMBER = lazy_pattern(r"(\s*)(\d{1,3})(?:([.)]\s+|、\s*)(?=\S)|[.)](?=[^\x00-\x7f]|[\[*`(])|[.)、]\Z)")
_LIST_MARKER = lazy_pattern(f"(?=[-*+•\\d\\s])(?:{BULLET.pattern}|{NUMBER.pattern})")
HEADING = lazy_pattern(r" {0,3}(#+)(?:\s++(?!#+\Z)(.*?))?(?:(?<!\s)\s+#+)?\Z")
UNDERLINE = lazy_pattern(r" {0,3}(?:(=+)|-+)\Z")
"""The line below the text of a heading: level 1 with a group, else 2."""

TASK = lazy_pattern(r"\[([ xX])\]\s+(?=\S)")
_INLINE_MARKS = "*_~="
_PLAIN_URL = lazy_pattern(r"[^\s()]*")
_MARKERS = lazy_pattern(r"(?:\s*(?:>|(?:[-*+•]|\d{1,3}[.)])(?=\s|\Z)))+\s*")
CODE_INDENT = 4
"""Columns."""

_WIDE_CLOSING_MARKS = tuple("；，。、）】」』”》！？")
# `!x` and `?x` may begin a word of code, a sentence or an image
_CLOSING_MARK = lazy_pattern(rf"[;,){''.join(_WIDE_CLOSING_MARKS)}]|[!?]++(?=[\s;,)\"']|[^\x00-\x7f]|\Z)")


def is_list_line(line: Line) -> bool:
    """True for a line that starts with a list marker."""
    text = line.text
    if line.code or not _LIST_MARKER.match(text):
        return False
    return text[-1] not in "-*_" or not RULE.match(text)


def is_quote_line(line: Line) -> bool:
    return line.text.lstrip().startswith(">")


def strip_quote(line: Line) -> Line:
    """Remove one level of quoting from a line."""
    start = len(line.text) - len(line.text.lstrip())
    if not line.text.startswith(">", start):
        return line.cut(start)
    return line.cut(start + 1).dedent(1)


def parse_marker(line: Line) -> tuple[str, int, str]:
    """Return what all items of a list have in common, the number and its delimiter; 1 and none for a bullet."""
    if bullet := BULLET.match(line.text):
        return bullet[2], 1, ""
    number = NUMBER.match(line.text)
    if number is None:
        return "", 1, ""
    delimiter = line.text[number.end(2)]
    return delimiter, int(number[2]), delimiter


def measure_markers(line: Line) -> int:
    markers = _MARKERS.match(line.text)
    return len(markers[0].rstrip()) + (len(markers[0]) > len(markers[0].rstrip())) if markers else 0


def starts_block(lines: Sequence[Line], at: int) -> bool:
    """Return whether the line starts a new block and cannot continue a paragraph."""
    line = lines[at]
    if line.code or line.text.lstrip().startswith(">") or is_list_line(line):
        return True
    if line.text[-1:] in ("-", "*", "_") and RULE.match(line.text):
        return True
    if ("#" in line.text and match_heading(line)) or ("<" in line.text and starts_html_table(line)):
        return True
    return starts_table(lines, at)


def interrupts_paragraph(lines: Sequence[Line], at: int, depth: int) -> bool:
    """Return whether a line of prose ends the paragraph above: in a quote or list, as in CommonMark."""
    line = lines[at]
    if line.lazy:
        return False
    if not depth:
        return starts_block(lines, at)
    if line.indent >= CODE_INDENT:
        return False
    if is_list_line(line):
        return _interrupts_as_list(lines, at)
    return opens_fence(line) or starts_block(lines, at)


def _interrupts_as_list(lines: Sequence[Line], at: int) -> bool:
    """Return whether a list may start below a line of text: it has text, and counts from 1, or on in the next line."""
    line = lines[at]
    marker = BULLET.match(line.text) or NUMBER.match(line.text)
    if marker is None or marker.end() == len(line.text):
        return False
    kind, number, delimiter = parse_marker(line)
    following = parse_marker(lines[at + 1]) if at + 1 < len(lines) else ("", 1, "")
    return number == 1 or following == (kind, number + 1, delimiter)


def match_heading(line: Line) -> re.Match[str] | None:
    """Match a heading with one to six hashes; inside a line of an item it may be indented more."""
    text = line.text
    if "#" not in text[:12] or line.code:
        return None
    match = HEADING.match(text.lstrip() if text[:1].isspace() else text)
    return match if match and len(match[1]) <= 6 else None


def opens_fence(line: Line) -> bool:
    """True for a line that opens a code block."""
    return ("```" in line.text or "~~~" in line.text) and FENCE.match(line.text) is not None


def closes_fence(line: Line, opener: re.Match[str]) -> bool:
    """Return whether the line closes the code block that `opener`, a match of FENCE, has opened."""
    fence, text = opener[1] or opener[3], line.text.strip()
    return len(text) >= len(fence) and set(text) == {fence[0]}


def find_fence_end(lines: Sequence[Line], at: int, opener: re.Match[str]) -> int:
    """Return the index of the line that closes the code which `opener` opens at `at`; 0 if none does.

    A fence that is indented like code is code, unless no other one closes it.
    """
    indented = 0
    for end in range(at + 1, len(lines)):
        if closes_fence(lines[end], opener):
            if lines[end].indent < lines[at].indent + CODE_INDENT:
                return end
            indented = indented or end
    return indented


def starts_with_mark(line: Line) -> bool:
    """True for a line that starts with a mark such as ，, which closes what stands in the line above."""
    return line.text.lstrip().startswith(_WIDE_CLOSING_MARKS)


def continues_with_mark(text: str) -> bool:
    """True for a line that starts with any mark, also of English, which closes what stands in the line above."""
    return _CLOSING_MARK.match(text) is not None


def meets_cjk(line: Line, following: Line) -> bool:
    """True if the text of a line ends, or that of the following one begins, with a CJK character, below its markup."""
    before, after = _strip_closing_markup(line.text), following.text.lstrip().lstrip(f"{_INLINE_MARKS}[")
    return is_cjk_edge(before[-1:], before) or is_cjk_edge(after[:1], after)


def _strip_closing_markup(text: str) -> str:
    """Return a text without the marks and the URLs of links that it ends with."""
    while True:
        text = text.rstrip(_INLINE_MARKS)
        start = text.rfind("](") if text.endswith(")") else -1
        if start < 0 or not _PLAIN_URL.fullmatch(text, start + 2, len(text) - 1):
            return text
        text = text[:start]
