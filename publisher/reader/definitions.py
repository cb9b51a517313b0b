"""Finds link reference definitions among the lines of an issue, as CommonMark has them.

They may be in quotes and list items, and take several lines; they cannot interrupt a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from publisher import links
from publisher.model import Definition, Dropped
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern
from publisher.reader.lines import Line, compute_span
from publisher.reader.link_syntax import parse_definition
from publisher.reader.marks import BULLET, FENCE, NUMBER, RULE, closes_fence, is_list_line, strip_quote

_MAX_LINES = 8
_START_OF_URL = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]*:|[!-~]*[/.#?]")
_QUOTE = lazy_pattern(r" {0,3}>")
_MAX_QUOTES = 20  # in one another; blocks are read in fewer
# headings, underlines of headings, rows of tables, tags and template tags: no paragraph, although not blank
_NO_PARAGRAPH = lazy_pattern(r"\s*(?:#{1,6}(?:\s|\Z)|=+\Z|\||<.*>\Z|\{%.*%\}\Z|\{\{.*\}\}\Z)")


class FoundDefinition(NamedTuple):
    """A definition, or what was dropped because its URL is unsafe; the index after it, and what is left of its
    lines: nothing, or the marks of the quote it is in."""

    node: Definition | Dropped
    end: int
    rest: list[Line]


class DefinitionFinder:
    """Looks at the lines of an issue, which must be passed in order."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._may_find = any("]:" in line.text for line in lines)  # most issues have no definition at all
        self._fence: re.Match[str] | None = None  # of the code that is open in a quote
        self._is_quoted = False
        self._in_paragraph = False
        self._content_columns: list[int] = []  # where the text of each list item that is open begins
        self._below_marker = False  # whether the line before began a list item

    def skip(self) -> None:
        """Note that the lines before the next one are code or dropped."""
        self._in_paragraph = self._below_marker = False
        self._fence = None

    def find_at(self, at: int) -> FoundDefinition | None:
        """Return the definition that starts at the line with this index; None if there is none."""
        if not self._may_find:
            return None
        line = self._lines[at]
        inner = _strip_quotes(line)
        was_quoted, self._is_quoted = self._is_quoted, inner is not line
        if self._is_quoted and not was_quoted:
            self.skip()
        if self._is_quoted and self._is_quoted_code(inner):
            return None
        margin = self._find_margin(inner)
        if inner.text.lstrip().startswith("[") and not self._in_paragraph and 0 <= inner.indent - margin < 4:
            found = self._parse(at)
            if found:
                self.skip()
                return found
        self._follow(inner)
        return None

    def _is_quoted_code(self, inner: Line) -> bool:
        if self._fence:
            if closes_fence(inner, self._fence):
                self._fence = None
            return True
        fence = FENCE.match(inner.text)
        if fence:
            self.skip()
            self._fence = fence
        return fence is not None

    def _find_margin(self, inner: Line) -> int:
        """Return the column where the text of the innermost list item begins that the line can be in."""
        if self._is_quoted:
            return 0
        if inner.text:
            left = False
            while self._content_columns and inner.indent < self._content_columns[-1]:
                self._content_columns.pop()
                left = True
            if left and self._below_marker:  # in a newsletter, a line below an item is not part of its text
                self._in_paragraph = False
        return self._content_columns[-1] if self._content_columns else 0

    def _parse(self, at: int) -> FoundDefinition | None:
        run = []
        for index in range(at, min(at + _MAX_LINES, len(self._lines))):
            line = self._lines[index]
            inner = _strip_quotes(line)
            if not inner.text or (inner is not line) != self._is_quoted:
                break
            if index > at and (line.code or is_list_line(inner) or RULE.match(inner.text) or FENCE.match(inner.text)):
                break
            if index > at and _NO_PARAGRAPH.match(inner.text) and not inner.text.lstrip().startswith("<"):
                break
            run.append(inner.text.lstrip())
        parsed = parse_definition("\n".join(run))
        if not parsed or not _is_url(parsed.url):
            return None
        lines = self._lines[at : at + parsed.lines]
        pos = compute_span(lines)
        node: Definition | Dropped = Definition(parsed.label, parsed.url, pos, parsed.title)
        if not links.is_safe_url(parsed.url):
            node = Dropped("unsafe-url", "\n".join(line.text for line in lines), pos=pos)
        rest = [line.keep(len(line.text) - len(_strip_quotes(line).text)) for line in lines]
        return FoundDefinition(node, at + parsed.lines, rest if self._is_quoted else rest[:1])

    def _follow(self, inner: Line) -> None:
        """Note what a definition in the next line would follow."""
        self._below_marker = False
        text = inner.text
        if not text or RULE.match(text) or _NO_PARAGRAPH.match(text):
            self._in_paragraph = False
        elif is_list_line(inner):
            marker = BULLET.match(text) or NUMBER.match(text)
            end = marker.end() if marker else 0
            self._in_paragraph = end < len(text)
            if not self._is_quoted:
                self._below_marker = True
                self._content_columns.append(inner.indent + end - (len(text) - len(text.lstrip())))
        else:
            self._in_paragraph = True


def _is_url(text: str) -> bool:
    """False for Chinese words after a label, as in `[注]：` with a half-width colon, which CommonMark would hide."""
    return text.isascii() or _START_OF_URL.match(text) is not None


def _strip_quotes(line: Line) -> Line:
    """Return the line without the marks of the quotes it is in; the line itself if it is in none."""
    for _ in range(_MAX_QUOTES):
        if not _QUOTE.match(line.text):
            break
        line = strip_quote(line)
    return line
