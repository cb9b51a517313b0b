"""Parses lines into blocks: paragraphs, headings, lists, quotes, code, tables, figures and rules, with positions.

Block tokens of mistune have no positions; in items, a newline is a line break; and a table whose rows differ
in length is still a table. So the block structure is parsed line by line, and only inline text goes through
mistune. The lines of a quote or list item are those of its parent one to one; only their left end is cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, zip_longest

from msgspec.structs import replace

from publisher import model as m
from publisher.patterns import lazy_pattern
from publisher.reader.containers import InnerLines, collect_item
from publisher.reader.dialects import ALERT_KINDS
from publisher.reader.html_code import read_html_code
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, compute_span
from publisher.reader.marks import (
    CODE_INDENT,
    FENCE,
    RULE,
    TASK,
    UNDERLINE,
    closes_fence,
    find_fence_end,
    interrupts_paragraph,
    is_list_line,
    is_quote_line,
    match_heading,
    meets_cjk,
    opens_fence,
    parse_marker,
    starts_block,
    starts_with_mark,
    strip_quote,
)
from publisher.reader.tables import read_table, starts_html_table, starts_table, trim_blank_nodes

_ALERT = lazy_pattern(r"\[!([A-Za-z]+)\][+-]?(?:\s+(.*))?\Z")
_DEFINITION = lazy_pattern(r" {0,3}:\s+(?=\S)")
_OPEN_TARGET = lazy_pattern(r"\[[^\]]*\]\([^()]*\Z")
_CODE_INDENT_IN_ITEM = 6  # 2 of them for the bullet
_MAX_CODE_INDENT_IN_ITEM = 8  # 4 of them for a number
_MAX_DEPTH = 12


class BlockReader:
    """Parses the blocks of one issue."""

    def __init__(self, inline_reader: InlineReader) -> None:
        self._inline_reader = inline_reader

    def read(self, lines: Sequence[Line], *, prose: bool = False, depth: int = 0) -> m.Blocks:
        """Parse lines, including blank ones, into blocks.

        With `prose`, adjacent lines form one paragraph as in Markdown; otherwise (in items) each line is a
        paragraph, as editors of newsletters write them, unless it continues text that was wrapped by hand after a
        blank line or a list. `depth` is the nesting level of lists and quotes.
        """
        blocks: list[m.Block] = []
        at = 0
        while at < len(lines):
            if not lines[at].text:
                at += 1
                continue
            is_after_list = bool(blocks) and isinstance(blocks[-1], m.List)
            block, at = self._read_block(lines, at, prose, depth, is_after_list=is_after_list)
            # at the top, blocks without text keep the place of what was dropped
            if not (depth and isinstance(block, m.Paragraph) and not block.children):
                blocks.append(block)
        return tuple(blocks)

    def _read_block(
        self, lines: Sequence[Line], at: int, prose: bool, depth: int, *, is_after_list: bool
    ) -> tuple[m.Block, int]:
        line = lines[at]
        if line.lazy:
            return self._read_paragraph(lines, at, prose, depth, is_after_list=False)
        if line.code and "<" in line.text and (html_code := read_html_code(lines, at)):
            return html_code
        if line.code or (depth and opens_fence(line) and not (prose and line.indent >= CODE_INDENT)):
            return self._read_code(lines, at)
        if line.text[0] in " \t" and line.indent >= CODE_INDENT and _is_indented_code(lines, at, prose, depth):
            return self._read_indented_code(lines, at, CODE_INDENT if prose else _CODE_INDENT_IN_ITEM)
        if line.text[-1] in "-*_" and RULE.match(line.text):
            return m.Rule(line.pos), at + 1
        if depth < _MAX_DEPTH:
            if line.text.lstrip().startswith(">"):
                return self._read_quote(lines, at, prose, depth)
            if is_list_line(line):
                return self._read_list(lines, at, prose, depth)
        if "#" in line.text and (heading := match_heading(line)):
            return self._read_heading(line, heading), at + 1
        if starts_table(lines, at):
            return read_table(lines, at, self._inline_reader)
        if "<" in line.text and starts_html_table(line):
            from publisher.reader.html_tables import read_html_table  # few issues need the parser of HTML

            if table := read_html_table(lines, at, self._inline_reader):
                return table
        return self._read_paragraph(lines, at, prose, depth, is_after_list=is_after_list)

    def _read_code(self, lines: Sequence[Line], at: int) -> tuple[m.Block, int]:
        opener = FENCE.match(lines[at].text)
        start = at + 1 if opener else at
        end = _find_code_end(lines, at, opener)
        inside = [_get_code(line, lines[at].indent) for line in lines[start:end]]
        info = (opener[2] or opener[4] or "").split() if opener else []
        if opener and end < len(lines) and closes_fence(lines[end], opener):
            end += 1
        return m.CodeBlock("\n".join(inside), info[0] if info else "", compute_span(lines[at:end])), end

    def _read_indented_code(self, lines: Sequence[Line], at: int, width: int) -> tuple[m.Block, int]:
        end = at
        while end < len(lines) and (lines[end].indent >= width or not lines[end].text) and not lines[end].lazy:
            end += 1
        while not lines[end - 1].text:
            end -= 1
        if width == _CODE_INDENT_IN_ITEM:
            indent = min(line.indent for line in lines[at:end] if line.text)
            width = min(indent, _MAX_CODE_INDENT_IN_ITEM)
        inside = [_get_code(line, width) for line in lines[at:end]]
        return m.CodeBlock("\n".join(inside), "", compute_span(lines[at:end])), end

    def _read_heading(self, line: Line, match: re.Match[str]) -> m.Block:
        return m.Heading(len(match[1]), self._inline_reader.read(match[2] or "", line.pos), line.pos)

    # -------------------------------------------------------- quotes and lists

    def _read_quote(self, lines: Sequence[Line], at: int, prose: bool, depth: int) -> tuple[m.Block, int]:
        inside = InnerLines()
        end = at
        while end < len(lines) and lines[end].text:
            line = lines[end]
            if is_quote_line(line) and not line.lazy:
                inside.append(strip_quote(line))
            elif (
                end > at
                and (prose or not meets_cjk(lines[end - 1], line))
                and inside.ends_in_paragraph()
                and not interrupts_paragraph(lines, end, depth + 1)
                and (line.indent >= CODE_INDENT or not is_list_line(line))
            ):
                inside.append(replace(line, lazy=True))
            else:
                break
            end += 1
        pos = compute_span(lines[at:end])
        alert = _ALERT.match(inside.lines[0].text)
        if alert and (kind := ALERT_KINDS.get(alert[1].lower())) is not None:
            title = self._inline_reader.read(alert[2] or "", inside.lines[0].pos)
            children = self.read(inside.lines[1:], prose=True, depth=depth + 1)
            return m.Quote(children, pos, kind, title), end
        return m.Quote(self.read(inside.lines, prose=True, depth=depth + 1), pos), end

    def _read_list(self, lines: Sequence[Line], at: int, prose: bool, depth: int) -> tuple[m.Block, int]:
        base = lines[at].indent
        kind, start, delimiter = parse_marker(lines[at])
        items: list[m.Blocks] = []
        tasks: list[bool | None] = []
        loose = False
        end = at
        while True:
            inside, item_end = collect_item(lines, end, base, prose, depth)
            task = TASK.match(inside[0].text)
            tasks.append(task[1] != " " if task else None)
            if task:
                inside[0] = inside[0].cut(task.end())
            items.append(self._read_list_item(inside, prose, depth))
            after = item_end
            while after < len(lines) and not lines[after].text:
                after += 1
            end = item_end
            loose = loose or _has_blank_between(items[-1])
            if after == len(lines) or not is_list_line(lines[after]) or lines[after].lazy:
                break
            if parse_marker(lines[after])[0] != kind or (lines[after].indent < base and not prose):
                break
            if depth and prose and lines[after].indent >= CODE_INDENT:
                break
            loose = loose or after > item_end
            end = after
        while not lines[end - 1].text:
            end -= 1
        pos = compute_span(lines[at:end])
        states = tuple(tasks) if any(task is not None for task in tasks) else ()
        return m.List(tuple(items), bool(delimiter), start, pos, states, loose, delimiter == ")"), end

    def _read_list_item(self, inside: Sequence[Line], prose: bool, depth: int) -> m.Blocks:
        if not inside[0].text and len(inside) == 1:
            return ()
        return self.read(inside, prose=prose or _is_manually_wrapped(inside), depth=depth + 1)

    # -------------------------------------------------------------- paragraphs

    def _read_paragraph(
        self, lines: Sequence[Line], at: int, prose: bool, depth: int, *, is_after_list: bool
    ) -> tuple[m.Block, int]:
        is_wrapped = is_after_list or (at > 0 and not lines[at - 1].text)
        end = at + 1
        while end < len(lines) and lines[end].text:
            line = lines[end]
            if (
                line.text[-1] in "=-"
                and (depth or not prose)
                and (level := _measure_underline(line))
                and (prose or level == 1)
            ):
                pos = compute_span(lines[at : end + 1])
                return m.Heading(level, self._read_lines(lines[at:end], pos), pos), end + 1
            if prose and not line.lazy:
                if interrupts_paragraph(lines, end, depth):
                    break
            elif not prose and (
                starts_block(lines, end)
                or not (
                    (is_wrapped and not lines[end - 1].hard and not meets_cjk(lines[end - 1], line))
                    or starts_with_mark(line)
                    or is_unfinished(_join_last_link(lines, at, end), line.text)
                )
            ):
                break
            end += 1
        pos = compute_span(lines[at:end])
        inside = [*lines[at:end]]
        if inside[-1].hard and not prose and end < len(lines) and lines[end].text and not starts_block(lines, end):
            inside[-1] = replace(inside[-1], ending="")  # the line break is that between two paragraphs
        is_definition = any(line.text.lstrip()[:1] == ":" for line in inside[not (prose or at) :])
        nodes = self._read_definitions(inside) if is_definition else self._read_lines(inside, pos)
        return (_match_figure(nodes, pos) or m.Paragraph(nodes, pos)), end

    def _read_definitions(self, lines: Sequence[Line]) -> m.Inlines:
        """Parse the terms of a definition list, and their definitions, `: text`, as lines of one paragraph."""
        starts = [at for at, line in enumerate(lines) if _DEFINITION.match(line.text)]
        if not starts:
            return self._read_lines(lines, compute_span(lines))
        nodes: list[m.Inline] = []
        for line in lines[: starts[0]]:
            if term := self._read_lines([line], line.pos):  # nothing is left of a tag that is only closed
                nodes += [term[0] if isinstance(term[0], m.Strong) and len(term) == 1 else m.Strong(term), m.Break()]
        for start, end in zip_longest(starts, starts[1:]):
            first = lines[start].cut(_DEFINITION.match(lines[start].text).end())  # type: ignore[union-attr]  # as above
            inside = [first, *lines[start + 1 : end]]
            nodes += [*self._read_lines(inside, compute_span(inside)), m.Break()]
        return tuple(nodes[:-1])

    def _read_lines(self, lines: Sequence[Line], pos: m.Pos) -> m.Inlines:
        return trim_blank_nodes(self._inline_reader.read(join_paragraph_lines(lines), pos))


def _measure_underline(line: Line) -> int:
    """Return the level of the heading that a line underlines; 0 if it is no underline."""
    match = UNDERLINE.match(line.text.lstrip()) if line.indent < CODE_INDENT and not (line.lazy or line.code) else None
    return 0 if match is None else 1 if match[1] else 2


def _has_blank_between(blocks: m.Blocks) -> bool:
    return any(after.pos.line - before.pos.end_line > 1 for before, after in pairwise(blocks))


def _is_indented_code(lines: Sequence[Line], at: int, prose: bool, depth: int) -> bool:
    """Return whether a line with an indent of at least four columns is code.

    In quotes and lists as in CommonMark; elsewhere lists and quotes may be indented as much, and in an item it
    stands after a blank line.
    """
    line = lines[at]
    if depth and prose:
        return True
    if (not prose and at and lines[at - 1].text) or is_list_line(line) or is_quote_line(line):
        return False
    return prose or (at > 0 and line.indent >= _CODE_INDENT_IN_ITEM)


def _match_figure(nodes: m.Inlines, pos: m.Pos) -> m.Figure | None:
    content = [node for node in nodes if not (isinstance(node, m.Text) and not node.text.strip())]
    match content:
        case [m.Image() as image]:
            return m.Figure(image, None, pos)
        case [m.Link((m.Image() as image,), url)]:
            return m.Figure(image, url, pos)
    return None


def _find_code_end(lines: Sequence[Line], at: int, opener: re.Match[str] | None) -> int:
    """Return the index of the line that closes the code at `at`; else that after it. `opener`: its fence."""
    first = lines[at]
    if opener and first.code and (end := find_fence_end(lines, at, opener)):
        return end
    end = at + 1 if opener else at
    while end < len(lines) and (lines[end].code or not first.code) and not lines[end].lazy:
        # in quotes and lists, a fence that is indented like code is code, as in CommonMark
        is_fence = lines[end].indent < CODE_INDENT or first.indent >= CODE_INDENT
        if opener and is_fence and closes_fence(lines[end], opener):
            break
        end += 1
    return end


def _get_code(line: Line, width: int) -> str:
    """Return a line of code as written, with its indent reduced by up to `width` columns."""
    inner = line.dedent(width)
    return inner.text + inner.ending


def join_paragraph_lines(lines: Sequence[Line]) -> str:
    """Join the lines of a paragraph; next to Chinese or after a hard break, a newline is a line break.

    A mark such as ， that closes a sentence never starts a line.
    """
    parts: list[str] = []
    for line, following in zip_longest(lines, lines[1:]):
        text = line.text.lstrip()
        if following is None or starts_with_mark(following):
            parts.append(text + line.ending.rstrip())  # a backslash in the last line is no line break
        elif line.hard or meets_cjk(line, following):
            parts.append(text + (line.ending.rstrip() or "  ") + "\n")  # in code, a backslash is a character
        else:
            parts.append(text + "\n")
    return "".join(parts)


def _is_manually_wrapped(lines: Sequence[Line]) -> bool:
    """True for a list item whose text was wrapped by hand, in a language with spaces."""
    return all(
        not line.hard and not meets_cjk(line, following)
        for line, following in pairwise(lines)
        if line.text and following.text
    )


def _join_last_link(lines: Sequence[Line], at: int, end: int) -> str:
    """Return the text up to `end` from the last line on in which a link may start, but not from before `at`."""
    start = next((index for index in range(end - 1, at, -1) if "[" in lines[index].text), at)
    return "\n".join([line.text for line in lines[start:end]])


def is_unfinished(text: str, following: str) -> bool:
    """Return whether a link that starts in `text` ends in the following line."""
    tail = text[text.rfind("[") :] if "[" in text else ""
    if tail and "]" not in tail:
        return "](" in following and following.find("]") < (following.find("[") % (len(following) + 1))
    if tail and _OPEN_TARGET.match(tail):
        return ")" in following.split("(")[0]
    return False
