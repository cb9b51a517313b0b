"""Parses lines into blocks: paragraphs, lists, quotes, code, tables, figures and rules, with positions.

Block tokens of mistune have no positions; in items, a newline is a line break; and a table whose rows differ
in length is still a table. So the block structure is parsed line by line, and only inline text goes through
mistune.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, zip_longest

from msgspec.structs import replace

from publisher import model as m
from publisher.patterns import lazy_pattern
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, compute_span, is_cjk

FENCE = lazy_pattern(r"\s*(`{3,}|~{3,})\s*([^`\s]*)[^`]*\Z")
RULE = lazy_pattern(r"\s{0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})\Z")
BULLET = lazy_pattern(r"(\s*)([-*+•])(?:(\s+)(?=\S)|\s*\Z)")
NUMBER = lazy_pattern(r"(\s*)(\d{1,3})(?:([.)]\s+|、\s*)(?=\S)|[.)](?=[^\x00-\x7f]|[\[*`(])|[.)、]\Z)")
_DELIMITER_ROW = lazy_pattern(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*\Z")
_CELL = lazy_pattern(r"(?:[^|\\`]|\\.|(`+)(?!`).*?(?<!`)\1(?!`)|`+|\\\Z)*")
_ALIGNMENTS = {(True, True): "center", (True, False): "left", (False, True): "right", (False, False): ""}
CLOSING_MARKS = "；;，,。、）)】」』”》！!？?"
_WIDE_CLOSING_MARKS = frozenset(mark for mark in CLOSING_MARKS if not mark.isascii())
_MAX_DEPTH = 12


class BlockReader:
    """Parses the blocks of one issue."""

    def __init__(self, inline_reader: InlineReader) -> None:
        self._inline_reader = inline_reader

    def read(self, lines: Sequence[Line], *, prose: bool = False, depth: int = 0) -> m.Blocks:
        """Parse lines, including blank ones, into blocks.

        With `prose`, adjacent lines form one paragraph as in Markdown; otherwise (in items) each line is a
        paragraph, as editors of newsletters write them. `depth` is the nesting level of lists and quotes.
        """
        blocks: list[m.Block] = []
        at = 0
        while at < len(lines):
            if not lines[at].text:
                at += 1
                continue
            block, at = self._read_block(lines, at, prose, depth)
            blocks.append(block)
        return tuple(blocks)

    def _read_block(self, lines: Sequence[Line], at: int, prose: bool, depth: int) -> tuple[m.Block, int]:
        line = lines[at]
        if line.code:
            return self._read_code(lines, at)
        if RULE.match(line.text):
            return m.Rule(line.pos), at + 1
        if depth < _MAX_DEPTH:
            if line.text.lstrip().startswith(">"):
                return self._read_quote(lines, at, prose, depth)
            if is_list_line(line):
                return self._read_list(lines, at, prose, depth)
        if starts_table(lines, at):
            return self._read_table(lines, at)
        if prose and line.indent >= 4 and (at == 0 or not lines[at - 1].text):
            return self._read_indented_code(lines, at)
        return self._read_paragraph(lines, at, prose)

    def _read_code(self, lines: Sequence[Line], at: int) -> tuple[m.Block, int]:
        opener = FENCE.match(lines[at].text)
        start = at + 1 if opener else at
        end = start
        while end < len(lines) and lines[end].code:
            if opener and closes_fence(lines[end].text, opener[1]):
                break
            end += 1
        stop = end + 1 if end < len(lines) and lines[end].code else end
        indent = lines[at].indent
        inside = [line.text[min(indent, line.indent) :] for line in lines[start:end]]
        return m.CodeBlock("\n".join(inside), opener[2] if opener else "", compute_span(lines[at:stop])), stop

    def _read_indented_code(self, lines: Sequence[Line], at: int) -> tuple[m.Block, int]:
        end = at
        while end < len(lines) and (lines[end].indent >= 4 or not lines[end].text):
            end += 1
        while not lines[end - 1].text:
            end -= 1
        return m.CodeBlock("\n".join(line.text[4:] for line in lines[at:end]), "", compute_span(lines[at:end])), end

    def _read_quote(self, lines: Sequence[Line], at: int, prose: bool, depth: int) -> tuple[m.Block, int]:
        end = at + 1
        while end < len(lines) and (text := lines[end].text):
            if not text.lstrip().startswith(">") and (not prose or starts_block(lines, end)):
                break
            end += 1
        inside = [strip_quote(line) for line in lines[at:end]]
        return m.Quote(self.read(inside, prose=True, depth=depth + 1), compute_span(lines[at:end])), end

    def _read_list(self, lines: Sequence[Line], at: int, prose: bool, depth: int) -> tuple[m.Block, int]:
        base = lines[at].indent
        number = None if BULLET.match(lines[at].text) else NUMBER.match(lines[at].text)
        ordered, start = number is not None, int(number[2]) if number else 1
        items: list[m.Blocks] = []
        end = at
        while end < len(lines):
            item_end = self._find_item_end(lines, end, base, prose)
            items.append(self._read_list_item(lines[end:item_end], prose, depth))
            after = item_end
            while after < len(lines) and not lines[after].text:
                after += 1
            end = item_end
            if after == len(lines) or not is_list_line(lines[after]) or lines[after].indent < base:
                break
            if (BULLET.match(lines[after].text) is None) != ordered or RULE.match(lines[after].text):
                break
            end = after
        while not lines[end - 1].text:
            end -= 1
        return m.List(tuple(items), ordered, start, compute_span(lines[at:end])), end

    def _find_item_end(self, lines: Sequence[Line], at: int, base: int, prose: bool) -> int:
        """Return the index after the list item that starts at `at`."""
        end = at + 1
        while end < len(lines):
            line = lines[end]
            if not line.text:
                after = next((n for n in range(end, len(lines)) if lines[n].text), len(lines))
                if after == len(lines) or lines[after].indent <= base:
                    return end
                end = after
            elif line.code:
                end += 1
            elif is_list_line(line) or RULE.match(line.text):
                if line.indent <= base + 1:
                    return end
                end += 1
            elif line.indent > base or _is_continuation(lines, end, prose):
                end += 1
            else:
                return end
        return end

    def _read_list_item(self, lines: Sequence[Line], prose: bool, depth: int) -> m.Blocks:
        marker = BULLET.match(lines[0].text) or NUMBER.match(lines[0].text)
        cut = marker.end() if marker else 0
        first = lines[0].cut(cut)
        inside = [first]
        for line in lines[1:]:
            indent = min(len(line.text) - len(line.text.lstrip()), max(cut, 1))
            if line.text and line.text[0] in CLOSING_MARKS and inside[-1].text and not line.code:
                last = inside[-1]
                inside[-1] = replace(last, text=last.text + line.text)
            else:
                inside.append(line.cut(indent))
        if not first.text and len(inside) == 1:
            return ()
        return self.read(inside, prose=prose or _is_manually_wrapped(inside), depth=depth + 1)

    def _read_table(self, lines: Sequence[Line], at: int) -> tuple[m.Block, int]:
        end = at + 2
        while end < len(lines) and "|" in lines[end].text and not lines[end].code:
            end += 1
        delimiters = _split_cells(lines[at + 1].text)
        align = tuple([_ALIGNMENTS[cell.startswith(":"), cell.endswith(":")] for cell in delimiters])
        rows = [
            tuple(self._inline_reader.read(cell, line.pos) for cell in _split_cells(line.text))
            for line in lines[at:end]
        ]
        return m.Table(rows[0], tuple(rows[2:]), align, compute_span(lines[at:end])), end

    def _read_paragraph(self, lines: Sequence[Line], at: int, prose: bool) -> tuple[m.Block, int]:
        end = at + 1
        while end < len(lines) and lines[end].text and not starts_block(lines, end):
            unfinished = _starts_with_mark(lines[end]) or is_unfinished(
                "\n".join(line.text for line in lines[at:end]), lines[end].text
            )
            if not prose and not unfinished:
                break
            end += 1
        pos = compute_span(lines[at:end])
        nodes = _trim_blank_nodes(self._inline_reader.read(join_paragraph_lines(lines[at:end]), pos))
        return (_match_figure(nodes, pos) or m.Paragraph(nodes, pos)), end


def _is_continuation(lines: Sequence[Line], at: int, prose: bool) -> bool:
    """True for a line at the margin that continues the list item above it.

    It starts with a closing mark, or continues a sentence that was wrapped by hand.
    """
    if lines[at].text[0] in CLOSING_MARKS:
        return not lines[at - 1].code
    return prose and not starts_block(lines, at) and not _meets_cjk(lines[at - 1], lines[at])


def _trim_blank_nodes(nodes: m.Inlines) -> m.Inlines:
    """Remove leading and trailing breaks and blanks, which come from HTML elements."""
    visible = [index for index, node in enumerate(nodes) if not _is_blank_node(node)]
    return nodes[visible[0] : visible[-1] + 1] if visible else ()


def _is_blank_node(node: m.Inline) -> bool:
    return isinstance(node, m.Break) or (isinstance(node, m.Text) and not node.text.strip(" "))


def _match_figure(nodes: m.Inlines, pos: m.Pos) -> m.Figure | None:
    content = [node for node in nodes if not (isinstance(node, m.Text) and not node.text.strip())]
    match content:
        case [m.Image() as image]:
            return m.Figure(image, None, pos)
        case [m.Link((m.Image() as image,), url)]:
            return m.Figure(image, url, pos)
    return None


def is_list_line(line: Line) -> bool:
    """True for a line that starts with a list marker."""
    return not line.code and bool(BULLET.match(line.text) or NUMBER.match(line.text)) and not RULE.match(line.text)


def starts_table(lines: Sequence[Line], at: int) -> bool:
    """True if a table starts here: a row with a bar, then the delimiter row of dashes."""
    if at + 1 >= len(lines) or "|" not in lines[at].text or lines[at + 1].code:
        return False
    return "|" in lines[at + 1].text and _DELIMITER_ROW.match(lines[at + 1].text) is not None


def starts_block(lines: Sequence[Line], at: int) -> bool:
    """True if the line starts a new block and cannot continue a paragraph."""
    line = lines[at]
    if line.code or RULE.match(line.text) or line.text.lstrip().startswith(">"):
        return True
    return is_list_line(line) or starts_table(lines, at)


def closes_fence(text: str, fence: str) -> bool:
    """True if the line closes a code block opened with `fence`."""
    text = text.strip()
    return len(text) >= len(fence) and set(text) == {fence[0]}


def strip_quote(line: Line) -> Line:
    """Remove one level of quoting from a line."""
    text = line.text
    start = len(text) - len(text.lstrip())
    if not text.startswith(">", start):
        return line.cut(start)
    start += 1
    return line.cut(start + text.startswith(" ", start))


def join_paragraph_lines(lines: Sequence[Line]) -> str:
    """Join the lines of a paragraph; next to Chinese or after a hard break, a newline is a line break.

    A mark such as ， that closes a sentence never starts a line.
    """
    parts: list[str] = []
    for line, following in zip_longest(lines, lines[1:]):
        text = line.text.lstrip()
        if following is None or _starts_with_mark(following):
            parts.append(text)
        elif line.hard or _meets_cjk(line, following):
            parts.append(text + "  \n")
        else:
            parts.append(text + "\n")
    return "".join(parts)


def _starts_with_mark(line: Line) -> bool:
    return line.text.lstrip()[:1] in _WIDE_CLOSING_MARKS


def _meets_cjk(line: Line, following: Line) -> bool:
    return is_cjk(line.text[-1:]) or is_cjk(following.text.lstrip()[:1])


def _is_manually_wrapped(lines: Sequence[Line]) -> bool:
    """True for a list item whose text was wrapped by hand, in a language with spaces."""
    return all(
        not line.hard and not _meets_cjk(line, following)
        for line, following in pairwise(lines)
        if line.text and following.text
    )


def is_unfinished(text: str, following: str) -> bool:
    """True if a link that starts in `text` ends in the following line."""
    tail = text[text.rfind("[") :] if "[" in text else ""
    if tail and "]" not in tail:
        return "](" in following and following.find("]") < (following.find("[") % (len(following) + 1))
    if tail and re.match(r"\[[^\]]*\]\([^()]*\Z", tail):
        return ")" in following.split("(")[0]
    return False


def _split_cells(text: str) -> list[str]:
    text = text.strip().removeprefix("|")
    if len(text) > 10_000:  # too long to be written by hand: code spans are ignored
        return [cell.strip() for cell in text.removesuffix("|").split("|")]
    cells = []
    at = 0
    while at <= len(text):
        match = _CELL.match(text, at)
        end = match.end() if match else len(text)
        cells.append(text[at:end].strip().replace("\\|", "|"))
        at = end + 1
    if cells and not cells[-1] and text.endswith("|"):
        cells.pop()
    return cells
