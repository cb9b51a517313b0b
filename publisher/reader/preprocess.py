"""The first pass over the lines: marks code, and removes comments, scripts and link reference definitions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from publisher.model import Definition, Dropped
from publisher.patterns import lazy_pattern
from publisher.reader.definitions import DefinitionFinder
from publisher.reader.footnotes import FootnoteSource, read_definition
from publisher.reader.html_code import HtmlCodeEnds
from publisher.reader.inline_parser import ATTRIBUTES
from publisher.reader.lines import Line, compute_span
from publisher.reader.marks import FENCE, closes_fence, find_fence_end, measure_markers
from publisher.reader.references import TEMPLATE_TAG

# a table of contents: Python-Markdown, markdown-it, GitLab; kramdown has a list with a mark below it
_CONTENTS = lazy_pattern(r"\s{0,3}\[{1,2}_?toc_?\]{1,2}\Z", re.IGNORECASE)
_CONTENTS_ENTRY = lazy_pattern(r"\s{0,3}(?:[*+-]|1\.)\s+\S.{0,60}\Z")
_CONTENTS_MARK = lazy_pattern(r"\s{0,3}\{:\s*toc\b[^{}]*\}\Z")
_ATTRIBUTE_LINE = lazy_pattern(rf"\s{{0,3}}{ATTRIBUTES}\Z")
_CONTAINER_LINE = lazy_pattern(r"\s{0,3}:{3,}\s*(?:[A-Za-z][\w-]*|\{[^{}]*\})?\s*\Z")
# what an abbreviation is short for: PHP Markdown Extra, kramdown, Python-Markdown, markdown-it
_ABBREVIATION = lazy_pattern(r"\*\[[^\[\]]{1,60}\]:\s+[^*]+\Z")
_TEMPLATE_LINE = lazy_pattern(rf"\s*(?:{TEMPLATE_TAG}\s*)+\Z")
# the first line of a tag that takes several, and the last one if it has nothing else
_OPENED_TAG = lazy_pattern(r"\s*\{(?:%-?\s*[A-Za-z]|\{[<%]\s*[A-Za-z])(?:(?![%}]\}).)*\Z")
_TAG_END = lazy_pattern(r"\s*(?:-?%\}|[>%]\}\})\Z")
_MAX_TAG_LINES = 200
_QUOTE_MARK = lazy_pattern(r"\A\s*>")
_COMMENT_ENDS = {"": "-->", "liquid": "endcomment", "obsidian": "%%"}
_HIDDEN = lazy_pattern(
    r"\s*(?:<(?:!--|(script|style|template|title)\b[^>]*>)|(?P<liquid>\{%-?\s*comment\b[^{}]*%\})|(?P<obsidian>%%))",
    re.IGNORECASE,
)


class PreprocessedLines(Struct):
    """The remaining lines, and what was removed from them, with the definitions of footnotes."""

    lines: list[Line] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    footnotes: list[FootnoteSource] = field(default_factory=list)


def preprocess(lines: Sequence[Line]) -> PreprocessedLines:
    """Mark code, and remove comments, scripts and link reference definitions."""
    lines = list(lines)
    parts = PreprocessedLines()
    unclosed: set[str] = set()
    unclosed_inside: dict[tuple[int, str], int] = {}
    ends = _HiddenEnds(lines)
    html_code_ends = HtmlCodeEnds(lines)
    finder = DefinitionFinder(lines)
    at = 0
    while at < len(lines):
        line = lines[at]
        fence = None
        if "```" in line.text or "~~~" in line.text:
            fence = FENCE.match(line.text)
            if fence is None and (end := _find_inner_fence_end(lines, at, unclosed_inside)):
                parts.lines += lines[at:end]
                finder.skip()
                at = end
                continue
        marks = fence and (fence[1] or fence[3])
        if fence and marks not in unclosed:
            end = find_fence_end(lines, at, fence)
            if end:
                parts.lines += [replace(code, code=True) for code in lines[at : end + 1]]
                finder.skip()
                at = end + 1
                continue
            unclosed.add(marks or "")
        hidden = _HIDDEN.match(line.text) if "<" in line.text or "%" in line.text else None
        hidden_end = ends.find(at, hidden) if hidden else None
        if not hidden_end and line.text[:1] in ("[", "{", ":", " ", "*") and (end := _take_markup(lines, at, parts)):
            parts.lines.append(replace(line, text=""))
            finder.skip()
            at = end
            continue
        if "<" in line.text and (end := html_code_ends.find(at)):
            parts.lines += [replace(code, code=True) for code in lines[at:end]]
            finder.skip()
            at = end
            continue
        if hidden and hidden_end:
            end, column = hidden_end
            inside = [*lines[at:end], lines[end].keep(column)]
            parts.dropped.append(_build_dropped((hidden[1] or "comment").lower(), inside))
            parts.lines.append(replace(line, text=""))
            finder.skip()
            lines[end] = lines[end].cut(column)
            at = end if lines[end].text else end + 1
        elif found := finder.find_at(at):
            if isinstance(found.node, Definition):
                parts.definitions.append(found.node)
            else:
                parts.dropped.append(found.node)
            parts.lines += found.rest
            at = found.end
        else:
            parts.lines.append(line)
            at += 1
    return parts


def _take_markup(lines: list[Line], at: int, parts: PreprocessedLines) -> int:
    """Remove a footnote, or lines that are only markup of another program. Return the index after them, else 0."""
    text = lines[at].text
    if text.lstrip()[0] not in "[{:*":  # fast path: most lines
        return 0
    if text.lstrip().startswith("[^") and (found := read_definition(lines, at)):
        parts.footnotes.append(found[0])
        return found[1]
    start = at
    if _CONTENTS_MARK.match(text) and at and _CONTENTS_ENTRY.match(lines[at - 1].text) and parts.lines:
        name, start = "toc", at - 1
        parts.lines[-1] = replace(parts.lines[-1], text="")
    elif _CONTENTS.match(text) or _CONTENTS_MARK.match(text):
        name = "toc"
    elif _ATTRIBUTE_LINE.match(text) or _CONTAINER_LINE.match(text) or _ABBREVIATION.match(text):
        name = "attributes"
    elif _TEMPLATE_LINE.match(text):
        name = "template"
    elif _OPENED_TAG.match(text) and (last := _find_tag_end(lines, at)):
        name = "template"
        if any(not line.text for line in lines[at:last]):  # its parameters are paragraphs, whose words are kept
            parts.dropped.append(_build_dropped(name, lines[last : last + 1]))
            parts.dropped.append(_build_dropped(name, lines[at : at + 1]))
            lines[last] = replace(lines[last], text="")
            return at + 1
        at = last
    else:
        return 0
    parts.dropped.append(_build_dropped(name, lines[start : at + 1]))
    return at + 1


def _find_tag_end(lines: Sequence[Line], at: int) -> int:
    """Return the index of the line that ends a template tag and has nothing else; 0 if another tag comes first."""
    for index in range(at + 1, min(at + _MAX_TAG_LINES, len(lines))):
        if _TAG_END.match(lines[index].text):
            return index
        if "{%" in lines[index].text or "%}" in lines[index].text:
            return 0
    return 0


def _find_inner_fence_end(lines: Sequence[Line], at: int, unclosed: dict[tuple[int, str], int]) -> int:
    """Return the index after code whose fence follows the mark of a quote or bullet; 0 if it is never closed there.

    `unclosed` has, for a number of quotes and a fence, the index up to which no such fence is closed.
    Its lines are not marked as code: the line with the mark is none, and the others may have marks, too.
    """
    markers = measure_markers(lines[at])
    opener = FENCE.match(lines[at].text, markers) if markers else None
    if opener is None:
        return 0
    quotes = lines[at].text[:markers].count(">")
    kind = quotes, opener[1] or opener[3]
    if at < unclosed.get(kind, 0):
        return 0
    unclosed[kind] = len(lines)
    for end in range(at + 1, len(lines)):
        line = lines[end]
        inner = _strip_quote_marks(line.text, quotes)
        is_outside = bool(line.text) and not quotes and not line.indent
        if is_outside or line.text.count(">", 0, len(line.text) - len(inner)) != quotes:
            unclosed[kind] = end
            return 0
        if closes_fence(replace(line, text=inner), opener):
            unclosed[kind] = end
            return end + 1
    return 0


def _strip_quote_marks(text: str, count: int) -> str:
    for _ in range(count):
        text = _QUOTE_MARK.sub("", text)
    return text


class _HiddenEnds:
    """Finds where comments and elements end. The lines of each kind of end are looked for once.

    `lines` may lose text at their beginning later.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._places: dict[str, list[int]] = {}

    def find(self, at: int, opening: re.Match[str]) -> tuple[int, int] | None:
        """Return the line and column where a comment or element ends that begins a line; None if it never does,
        or in the middle of its first line.

        An element with text behind its tag must end in the same paragraph: it may be named in prose. So must a
        comment of Obsidian, `%%`.
        """
        closing = f"</{opening[1].lower()}>" if opening[1] else _COMMENT_ENDS[opening.lastgroup or ""]
        end, start = at, opening.end()
        while (column := self._lines[end].text.lower().find(closing, start)) < 0:
            following = self._find_line(closing, end)
            if following is None:
                return None
            end, start = following, 0
        in_prose = bool(opening[1] or opening["obsidian"]) and bool(self._lines[at].text[opening.end() :].strip())
        blank = self._find_line("", at) if in_prose and end > at else None
        if blank is not None and blank < end:
            return None
        column += len(closing)
        if opening["liquid"]:
            column = self._lines[end].text.find("%}", column) + 2
            if column < len("%}"):
                return None
        return (end, column) if end > at or not self._lines[at].text[column:].strip() else None

    def _find_line(self, word: str, at: int) -> int | None:
        """Return the next line after `at` that had a word at first; of the empty word, the next blank line."""
        if word not in self._places:
            texts = enumerate(line.text.lower() for line in self._lines)
            self._places[word] = [index for index, text in texts if (word in text if word else not text)]
        places = self._places[word]
        found = bisect_right(places, at)
        return places[found] if found < len(places) else None


def _build_dropped(name: str, lines: Sequence[Line]) -> Dropped:
    return Dropped(name, "\n".join(line.text for line in lines), pos=compute_span(lines))
