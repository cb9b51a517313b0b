"""Parses tables: rows of cells between bars. Those in HTML are recognised here and parsed in `html_tables`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from publisher import model as m
from publisher.patterns import lazy_pattern
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, compute_span

_DELIMITER_ROW = lazy_pattern(r"\s*+(?:\|\s*+)?:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)*+(?:\|\s*+)?\Z")
_CELL = lazy_pattern(r"(?:[^|\\`]|\\.|(`+)(?!`).*?(?<!`)\1(?!`)|`+|\\\Z)*")
_ALIGNMENTS = {(True, True): "center", (True, False): "left", (False, True): "right", (False, False): ""}
_HTML_TABLE = lazy_pattern(r"\s*(?:<(?:div|center|p)\b[^>]*>\s*)*<table\b", re.IGNORECASE)


def starts_table(lines: Sequence[Line], at: int) -> bool:
    """Return whether a table starts here: a row with a bar, then the delimiter row of dashes."""
    if at + 1 >= len(lines) or "|" not in lines[at].text or lines[at + 1].code or lines[at + 1].lazy:
        return False
    return "|" in lines[at + 1].text and _DELIMITER_ROW.match(lines[at + 1].text) is not None


def read_table(lines: Sequence[Line], at: int, inline_reader: InlineReader) -> tuple[m.Block, int]:
    """Parse the table that starts at `at`, and return it with the index of the next line."""
    end = at + 2
    while end < len(lines) and "|" in lines[end].text and not (lines[end].code or lines[end].lazy):
        end += 1
    delimiters = _split_cells(lines[at + 1].text)
    align = tuple([_ALIGNMENTS[cell.startswith(":"), cell.endswith(":")] for cell in delimiters])
    rows = [
        tuple([inline_reader.read(cell, pos) for cell in _split_cells(line.text)])
        for line, pos in ((line, line.pos) for line in lines[at:end])
    ]
    return m.Table(rows[0], tuple(rows[2:]), align, compute_span(lines[at:end])), end


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


def starts_html_table(line: Line) -> bool:
    """True for a line that starts with a table in HTML."""
    return "<" in line.text[:40] and not line.code and _HTML_TABLE.match(line.text) is not None


def trim_blank_nodes(nodes: m.Inlines) -> m.Inlines:
    """Remove leading and trailing breaks and blanks, which come from HTML elements."""
    start, end = 0, len(nodes)
    while start < end and _is_blank_node(nodes[start]):
        start += 1
    while start < end and _is_blank_node(nodes[end - 1]):
        end -= 1
    return nodes[start:end]


def _is_blank_node(node: m.Inline) -> bool:
    return isinstance(node, m.Break) or (isinstance(node, m.Text) and not node.text.strip(" "))
