"""Rewrites headings, lists, quotes and paragraphs in HTML as Markdown, as of articles that were pasted.

Each line becomes one or more lines with its number, so that positions are those of the source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import replace

from publisher.patterns import lazy_pattern
from publisher.reader.lines import Line

_WRAPPERS = "div|section|article|center|main|header|footer|body|html"
_TAG = lazy_pattern(rf"<(/?)(h[1-6]|[ou]l|li|blockquote|hr|p|d[ltd]|{_WRAPPERS})\b([^<>]*+)>", re.IGNORECASE)
_WRAPPER = lazy_pattern(rf"(?:{_WRAPPERS})\Z", re.IGNORECASE)
_START = lazy_pattern(
    rf"\s*(?:<(?:{_WRAPPERS})\b[^<>]*+>\s*)*<(?:h[1-6]|[ou]l|blockquote|hr|p|dl)\b[^<>]*+>", re.IGNORECASE
)
_LINK = lazy_pattern(
    r"""<a\b(?=[^<>]*?\shref\s*=\s*(?:"([^"<>\s()]+)"|'([^'<>\s()]+)'))(?![^<>]*\stitle\s*=)[^<>]*+>"""
    r"((?:[^<>\[\]]|</?(?:b|i|em|strong|code|span|u|s)\b[^<>]*+>)+)</a\s*>",
    re.IGNORECASE,
)
_BOLD_LINK = lazy_pattern(r"<(b|strong)\b[^<>]*+>(\[[^\[\]]++\]\([^()\s]++\))</\1>", re.IGNORECASE)
_HEAD_LINK = lazy_pattern(
    r"\s{0,3}(?:[-*+•]|\d{1,3}[.)、]|#{1,6})\s*(?:\*\*|<(?:b|strong)\b[^<>]*+>)?<a\s", re.IGNORECASE
)
_START_NUMBER = lazy_pattern(r"\b(?:start|value)\s*=\s*[\"']?(\d{1,3})\b", re.IGNORECASE)
_BLOCK_MARK = lazy_pattern(r"(\d{1,3})?(?:(?<=\d)[.)]|#{1,6}|[-+*•]|>)(?=\s|\Z)")
_CONTAINERS = {"ul", "ol", "blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6"}
_LISTS = {"ul", "ol", "dl"}
_MAX_OPEN = 24
_MAX_UNCLOSED = 20
"""After so many elements that are never closed, no more are looked for: each took a look at all lines."""


class _Open(Struct):
    """An element that is open. `marker` is what the first line in it begins with, and the others are indented by."""

    name: str
    marker: str = ""
    number: int = 1
    is_empty: bool = True


class _Heading(Struct):
    """A heading that is open: its level, and the lines, texts and columns of its parts."""

    level: int
    parts: list[tuple[Line, str, int]] = []


def rewrite_html_blocks(lines: Sequence[Line]) -> list[Line]:
    """Return the lines, in which such blocks are Markdown. What is never closed stays as it is."""
    out: list[Line] = []
    at = failures = 0
    while at < len(lines):
        line = lines[at]
        is_start = not line.code and "<" in line.text and failures < _MAX_UNCLOSED and _START.match(line.text)
        end = _find_element_end(lines, at) if is_start else 0
        failures += bool(is_start) and not end
        if end:
            _BlockRewriter(out, line).rewrite(lines[at:end])
            if end < len(lines) and lines[end].text:
                out.append(Line(lines[end - 1].number, ""))
        else:
            is_head = "<" in line.text and not line.code and _HEAD_LINK.match(line.text)
            out.append(replace(line, text=_rewrite_links(line.text)) if is_head else line)
        at = end or at + 1
    return out


def _find_element_end(lines: Sequence[Line], at: int) -> int:
    """Return the index after the line in which all elements are closed that begin at `at`; 0 if there is none."""
    depth, is_in_text = 0, False
    for end in range(at, len(lines)):
        line = lines[end]
        if not line.text and is_in_text and not depth:
            return 0
        for tag in _TAG.finditer(line.text) if not line.code else ():
            name, closes = tag[2].lower(), bool(tag[1])
            if name in _CONTAINERS:
                depth += -1 if closes else 1
                is_in_text = False
            elif name == "p":
                is_in_text = not closes
            if depth < 0:
                return 0
        if not depth and not is_in_text:
            return end + 1
    return 0


class _BlockRewriter:
    """Appends the lines of elements in HTML to `out` as Markdown, with the indent of the `first` line."""

    def __init__(self, out: list[Line], first: Line) -> None:
        self._out = out
        self._indent = " " * first.indent
        self._open: list[_Open] = []
        self._heading: _Heading | None = None  # that is open
        self._needs_blank = bool(out and out[-1].text)
        self._is_markdown = False  # after a blank line, as in CommonMark

    def rewrite(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if line.code:
                self._add_code(line)
            elif not line.text:
                self._needs_blank = self._is_markdown = True
            elif self._is_markdown and not _TAG.search(line.text):
                self._add(line, line.text, line.column)
            else:
                self._is_markdown = False
                self._rewrite_line(line)
        self._end_heading(lines[-1])

    def _rewrite_line(self, line: Line) -> None:
        at = 0
        for tag in _TAG.finditer(line.text):
            name, closes = tag[2].lower(), bool(tag[1])
            # that of a paragraph of the issue itself is left where it is, as it has no effect there
            is_kept = name == "p" and not self._open and self._heading is None
            self._add_text(line, at, tag.end() if is_kept and closes else tag.start())
            at = tag.start() if is_kept and not closes else tag.end()
            if name[0] == "h" and name[1:].isdecimal():
                self._end_heading(line)
                self._heading = None if closes else _Heading(int(name[1]))
            elif closes:
                self._close(name)
            else:
                self._start(line, name, tag[3])
        self._add_text(line, at, len(line.text))

    def _start(self, line: Line, name: str, attributes: str) -> None:
        if len(self._open) >= _MAX_OPEN:
            return
        number = _START_NUMBER.search(attributes)
        if name == "hr":
            self._needs_blank = True
            self._add(line, "---", line.column)
            self._needs_blank = True
        elif name in ("li", "dt", "dd"):
            while self._open and self._open[-1].name not in (*_LISTS, "blockquote"):
                self._open.pop()
            items = self._open[-1] if self._open else _Open("ul")
            count = int(number[1]) if number else items.number
            items.number = count + 1
            marker = {"li": f"{count}. " if items.name == "ol" else "- ", "dt": "", "dd": ": "}[name]
            self._open.append(_Open(name, marker))
            self._needs_blank = name == "dt" and bool(self._out)
        else:
            self._needs_blank = self._needs_blank or not self._is_at_start()
            if name == "blockquote":
                self._open.append(_Open(name, "> "))
            elif name in _LISTS:
                self._open.append(_Open(name, number=int(number[1]) if number else 1))

    def _close(self, name: str) -> None:
        if any(one.name == name for one in self._open):
            while self._open.pop().name != name:
                pass
        self._needs_blank = not self._is_at_start()

    def _is_at_start(self) -> bool:
        """Whether the list item that is open has no text yet."""
        return bool(self._open) and bool(self._open[-1].marker) and self._open[-1].is_empty

    def _end_heading(self, line: Line) -> None:
        """Add the heading that is open, if any: as bold text if there is more in its line, as a line has no two
        headings."""
        heading, self._heading = self._heading, None
        if heading is None or not heading.parts:
            return
        first, _, column = heading.parts[0]
        text = " ".join(part for _, part, _ in heading.parts)
        tags = [tag for tag in _TAG.finditer(line.text) if not _WRAPPER.match(tag[2])]
        around = line.text[: tags[0].start()] + line.text[tags[-1].end() :] if len(tags) == 2 else ""
        is_alone = len(tags) <= 2 and not _TAG.sub("", around).strip()
        self._needs_blank = not self._is_at_start()
        self._add(first, f"{'#' * heading.level} {text}" if is_alone else f"**{text}**", column)
        self._needs_blank = True

    def _add_text(self, line: Line, start: int, end: int) -> None:
        text = line.text[start:end]
        column = line.column + start + len(text) - len(text.lstrip())
        if not (text := text.strip()):
            return
        text = _rewrite_links(text)
        if self._heading is not None:
            self._heading.parts.append((line, text, column))
            return
        mark = _BLOCK_MARK.match(text)
        if mark:
            at = mark.end(1) if mark[1] else 0
            text = f"{text[:at]}\\{text[at:]}"
        self._add(line, text, column)

    def _add_code(self, line: Line) -> None:
        if self._is_at_start():
            self._add(line, "", line.column)
        text = self._build_prefix() + line.text
        self._out.append(replace(line, text=text.rstrip(), column=line.column - len(text) + len(line.text)))
        self._needs_blank = False

    def _add(self, line: Line, text: str, column: int) -> None:
        """Append a line, after a blank one if that is needed."""
        if self._needs_blank and self._out and self._out[-1].text:
            self._out.append(Line(line.number, self._build_blank(), column))
        self._needs_blank = False
        prefix = self._build_prefix()
        self._out.append(Line(line.number, (prefix + text).rstrip(), column - len(prefix)))

    def _build_prefix(self) -> str:
        """Return what the next line begins with: the marks of quotes and, in the first line of an item, its bullet."""
        prefix = self._indent
        for one in self._open:
            prefix += one.marker if one.is_empty or one.name == "blockquote" else " " * len(one.marker)
            one.is_empty = False
        return prefix

    def _build_blank(self) -> str:
        """Return a blank line in the quotes that have begun."""
        begun = list(takewhile(lambda one: not one.is_empty or not one.marker, self._open))
        while begun and begun[-1].name != "blockquote":
            begun.pop()
        marks = [one.marker if one.name == "blockquote" else " " * len(one.marker) for one in begun]
        return (self._indent + "".join(marks)).rstrip()


def _rewrite_links(text: str) -> str:
    """Return a text with links in Markdown, so that they begin items as others do, if their URLs are simple."""
    if "<" not in text:
        return text
    text = _LINK.sub(lambda link: f"[{link[3]}]({link[1] or link[2]})", text)
    return _BOLD_LINK.sub(r"**\2**", text)
