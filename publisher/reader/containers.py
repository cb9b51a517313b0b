"""Collects the lines of quotes and list items, also those that go on without a marker."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from publisher.reader.lines import Line
from publisher.reader.marks import (
    BULLET,
    CLOSING_MARKS,
    CODE_INDENT,
    FENCE,
    NUMBER,
    RULE,
    closes_fence,
    interrupts_paragraph,
    is_list_line,
    match_heading,
    measure_markers,
    meets_cjk,
)


class InnerLines:
    """The lines of a quote or list item so far, and whether code is open at their end."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._fence: re.Match[str] | None = None

    @property
    def is_in_code(self) -> bool:
        """True if the next line is inside a code fence."""
        return self._fence is not None

    def append(self, line: Line) -> None:
        """Add a line without its marker."""
        self.lines.append(line)
        if "```" not in line.text and "~~~" not in line.text:
            return
        if self._fence is None:
            self._fence = FENCE.match(line.text, measure_markers(line))
        elif closes_fence(line.cut(measure_markers(line)), self._fence):
            self._fence = None

    def ends_in_paragraph(self) -> bool:
        """True if a line without marker can continue the last paragraph."""
        last = self.lines[-1]
        if last.lazy:
            return True
        if self._fence or last.code:
            return False
        line = last.cut(measure_markers(last))
        if not line.text or RULE.match(last.text) or RULE.match(line.text) or match_heading(line):
            return False
        index = len(self.lines) - 1
        while line.indent >= CODE_INDENT:
            index -= 1
            if index < 0 or not self.lines[index].text:
                return False
            line = self.lines[index]
        return True


def collect_item(lines: Sequence[Line], at: int, base: int, prose: bool, depth: int) -> tuple[list[Line], int]:
    """Return the lines of the list item that starts at `at`, without its marker, and the index after them."""
    first = lines[at]
    marker = BULLET.match(first.text) or NUMBER.match(first.text)
    rest = first.cut(marker.end(2) + first.text[marker.start(2)].isdecimal() if marker else 0)
    padding = rest.indent if rest.indent <= CODE_INDENT or not prose else 1
    content = rest.offset - first.offset + max(padding, 1) if rest.text else rest.offset - first.offset + 1
    inside = InnerLines()
    inside.append(rest.dedent(padding))
    end = at + 1
    while end < len(lines):
        line = lines[end]
        if not line.text and not line.code:
            after = next((n for n in range(end, len(lines)) if lines[n].text), len(lines))
            if after == len(lines) or (end == at + 1 and not rest.text and prose):
                break
            if lines[after].indent < content and (prose or lines[after].indent <= base):
                break
            for blank in lines[end:after]:
                inside.append(blank.dedent(content))
            end = after
        elif line.indent >= content or (line.code and (inside.is_in_code or not prose)):
            inside.append(line.dedent(content))
            end += 1
        elif _is_closing_mark(line) and inside.lines[-1].text and not (line.code or inside.lines[-1].code):
            inside.lines[-1] = replace(inside.lines[-1], text=inside.lines[-1].text + line.text)
            end += 1
        elif RULE.match(line.text) or (is_list_line(line) and not (depth and prose and line.indent >= CODE_INDENT)):
            break
        elif not prose and line.indent > base:
            inside.append(line.dedent(content))
            end += 1
        elif prose and inside.ends_in_paragraph() and not meets_cjk(lines[end - 1], line):
            if interrupts_paragraph(lines, end, depth + 1):
                break
            inside.append(replace(line, lazy=True))
            end += 1
        else:
            break
    return inside.lines, end


def _is_closing_mark(line: Line) -> bool:
    """True for a line at the margin that starts with a closing mark, so that it belongs to the line above."""
    return line.text[:1] in CLOSING_MARKS and not line.text.startswith("![")
