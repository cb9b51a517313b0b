"""Parses simple tables in HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser

from publisher import model as m
from publisher.patterns import lazy_pattern
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, compute_span
from publisher.reader.tables import trim_blank_nodes

_HTML_TABLE_END = lazy_pattern(r"</table\s*>(?:\s*</(?:div|center|p)>)*\s*\Z", re.IGNORECASE)
_TEXT_ALIGN = lazy_pattern(r"text-align:\s*(left|center|right)", re.IGNORECASE)
_ROW_PARTS = {"table", "thead", "tbody", "tfoot", "tr", "colgroup", "col", "div", "center", "p"}
_MAX_COLUMNS = 100


def read_html_table(lines: Sequence[Line], at: int, inline_reader: InlineReader) -> tuple[m.Block, int] | None:
    """Parse the table in HTML that starts at `at`, and return it with the index of the next line.

    None if a list of blocks cannot show it: it has cells over several rows, code, or text outside its cells, or
    text follows it in the same line.
    """
    end = at + 1
    while end <= len(lines) and "</table" not in lines[end - 1].text.lower():
        if end == len(lines) or lines[end].code or "<table" in lines[end].text.lower():
            return None
        end += 1
    if not _HTML_TABLE_END.search(lines[end - 1].text):
        return None
    parser = _TableParser()
    parser.feed("\n".join(line.text.strip() for line in lines[at:end]))
    parser.close()
    if not parser.is_simple or not parser.rows:
        return None
    pos = compute_span(lines[at:end])
    rows = [
        tuple([trim_blank_nodes(inline_reader.read(" ".join(cell.text.split()), pos)) for cell in row])
        for row in parser.rows
    ]
    width = max(map(len, rows))
    column_cells = [[row[index] for row in reversed(parser.rows) if index < len(row)] for index in range(width)]
    align = tuple([next((cell.align for cell in cells if cell.align), "") for cells in column_cells])
    has_header = all(cell.is_header for cell in parser.rows[0])
    return m.Table(rows[0] if has_header else (), tuple(rows[has_header:]), align if any(align) else (), pos), end


class _Cell:
    def __init__(self, align: str, *, is_header: bool) -> None:
        self.align = align
        self.is_header = is_header
        self.text = ""


class _TableParser(HTMLParser):
    """Collects the source of the cells of one table. `is_simple`: every text and tag is in a cell of one row."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.rows: list[list[_Cell]] = []
        self.is_simple = True
        self._cell: _Cell | None = None
        self._row_align = ""
        self._tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._tables += 1
            self.is_simple &= self._tables == 1
        elif tag in ("pre", "caption"):
            self.is_simple = False
        elif tag == "tr":
            self._cell = None
            self._row_align = _find_alignment(attributes)
            self.rows.append([])
        elif tag in ("td", "th"):
            self._open_cell(tag, attributes)
        elif self._cell is not None and tag not in ("tbody", "thead", "tfoot"):
            self._cell.text += self.get_starttag_text() or ""
        elif tag not in _ROW_PARTS:
            self.is_simple = False

    def _open_cell(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.rows:
            self.rows.append([])
        row, span = self.rows[-1], attributes.get("colspan") or "1"
        self.is_simple &= (attributes.get("rowspan") or "1") == "1" and len(row) < _MAX_COLUMNS
        self._cell = _Cell(_find_alignment(attributes) or self._row_align, is_header=tag == "th")
        row.append(self._cell)
        if span.isdecimal() and 1 < int(span) <= _MAX_COLUMNS:
            row += [_Cell("", is_header=tag == "th") for _ in range(int(span) - 1)]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "thead", "tbody", "tfoot", "table"):
            self._cell = None
        elif self._cell is not None:
            self._cell.text += f"</{tag}>"

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.text += data
        elif data.strip():
            self.is_simple = False

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.is_simple &= not data.strip() or self._cell is None


def _find_alignment(attributes: dict[str, str]) -> str:
    align = attributes.get("align", "").lower()
    if align in ("left", "center", "right"):
        return align
    style = _TEXT_ALIGN.search(attributes.get("style", ""))
    return style[1].lower() if style else ""
