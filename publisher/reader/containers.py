"""Collects the lines of quotes and list items, also those that go on without a marker."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from publisher.reader.lines import Line
from publisher.reader.marks import (
    BULLET,
    CODE_INDENT,
    FENCE,
    NUMBER,
    RULE,
    UNDERLINE,
    closes_fence,
    continues_with_mark,
    interrupts_paragraph,
    is_list_line,
    match_heading,
    measure_markers,
    meets_cjk,
)
from publisher.reader.tables import starts_table


class InnerLines:
    """The lines of a quote or list item so far, and whether code is open at their end."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._fence: re.Match[str] | None = None
        self._fence_column = 0  # where the text of the list item begins that the fence is in
        self._is_closed = False  # whether the last line closes code

    @property
    def is_in_code(self) -> bool:
        """Whether the next line is inside a code fence."""
        return self._fence is not None

    def append(self, line: Line) -> None:
        """Add a line without its marker."""
        self.lines.append(line)
        self._is_closed = False
        if self._fence and line.text and line.indent < self._fence_column:
            self._fence = None
        if "```" not in line.text and "~~~" not in line.text:
            return
        if self._fence is None:
            count = measure_markers(line)
            self._fence = FENCE.match(line.text, count)
            self._fence_column = line.cut(count).offset - line.offset if ">" not in line.text[:count] else 0
        elif closes_fence(line.cut(measure_markers(line)), self._fence):
            self._fence = None
            self._is_closed = True

    def ends_in_paragraph(self) -> bool:
        """Return whether a line without marker can continue the last paragraph."""
        last = self.lines[-1]
        if last.lazy:
            return True
        if self._fence or self._is_closed or last.code:
            return False
        if last.text[-1:] in ("=", "-") and self._ends_in_underline():
            return False
        if "|" in last.text and self._ends_in_table():
            return False
        for line in reversed(self.lines):
            inner = _strip_markers(line)
            if not inner.text or RULE.match(line.text) or RULE.match(inner.text.lstrip()) or match_heading(inner):
                return False
            if inner.indent < CODE_INDENT:
                return True
            if line.text[: len(line.text) - len(inner.text)].strip("> \t"):
                return False
        return False  # only lines of code

    def _ends_in_underline(self) -> bool:
        line = self.lines[-1]
        above = self.lines[-2] if len(self.lines) > 1 else line
        if line.indent >= CODE_INDENT or not UNDERLINE.match(line.text.lstrip()):
            return False
        return above is not line and bool(_strip_markers(above).text)

    def _ends_in_table(self) -> bool:
        at = len(self.lines) - 1
        while at and "|" in self.lines[at - 1].text and not self.lines[at - 1].lazy:
            at -= 1
        rows = [_strip_markers(line) for line in self.lines[at:]]
        return any(starts_table(rows, row) for row in range(len(rows)))


def _strip_markers(line: Line) -> Line:
    """Return the line without the marks of quotes and lists; the line itself if it has none."""
    count = measure_markers(line)
    return line.cut(count) if count else line


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
        elif line.indent >= content or (
            line.code
            and (inside.is_in_code or (not prose and line.indent > base) or (not line.text and inside.lines[-1].code))
        ):
            inside.append(line.dedent(content))
            end += 1
        elif continues_with_mark(line.text) and inside.lines[-1].text and not (line.code or inside.lines[-1].code):
            start = end
            while end < len(lines) and continues_with_mark(lines[end].text) and not lines[end].code:
                end += 1
            closing = "".join([line.text for line in lines[start:end]])
            inside.lines[-1] = replace(inside.lines[-1], text=inside.lines[-1].text + closing)
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
