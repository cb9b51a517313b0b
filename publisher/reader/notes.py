"""Parses notes to subscribers, `> 注：…` or `<font>注：…</font>`, and classifies them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from publisher.model import Note
from publisher.patterns import lazy_pattern
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, compute_span

_NOTE = lazy_pattern(r"\s*(?:>\s*)?(?:<font[^>]*>\s*)?\*{0,2}注\s*[:：]\s*")
_HISTORY = lazy_pattern(r"\s*>\s*(?=往期(?:回顾|精选)?\s*[:：])")
_FONT_END = lazy_pattern(r"(?<!\s)\s*</font>\s*\Z")


def opens_note(line: Line) -> bool:
    """True for the first line of a note."""
    if line.code or not ("注" in line.text or "往期" in line.text):
        return False
    return bool(_NOTE.match(line.text) or _HISTORY.match(line.text))


def read_note(lines: Sequence[Line], at: int, inline_reader: InlineReader) -> tuple[Note, int]:
    """Parse the note at `at`, with quoted lines below it. Return it and the index of the next line."""
    first = lines[at]
    opening = _NOTE.match(first.text) or _HISTORY.match(first.text)
    end = at + 1
    if first.text.lstrip().startswith(">"):
        while end < len(lines) and lines[end].text.lstrip().startswith(">") and not opens_note(lines[end]):
            if re.match(r"\s*>\s*[导導][读讀]\s*[:：]", lines[end].text):
                break
            end += 1
    texts = [first.text[opening.end() if opening else 0 :]]
    texts += [line.text.lstrip().removeprefix(">").lstrip() for line in lines[at + 1 : end]]
    text = _FONT_END.sub("", "  \n".join(texts))
    pos = compute_span(lines[at:end])
    return Note(_classify_note(text), inline_reader.read(text, pos), pos), end


def _classify_note(text: str) -> str:
    if "阅读原文" in text:
        return "read_original"
    if "补全" in text and "github.com" in text.lower():
        return "complete_url"
    if "PC" in text and "微信" in text:
        return "pc_wechat"
    return "history" if text.startswith("往期") else "other"
