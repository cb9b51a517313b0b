"""A table of plain text whose columns fit the terminal: cells have a long and a short form, titles are cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from publisher.cli.excerpt import make_printable, measure_columns
from publisher.named_tuple import NamedTuple

_GAP = "  "

_MAX_NAME_COLUMNS = 24
_MAX_TITLE_COLUMNS = 40

_MIN_TITLE_COLUMNS = (16, 8)
"""With less than this for the title, long cells are replaced by short ones, and the title is left out."""


class Cell(NamedTuple):
    """A cell: its text, and a shorter one for narrow terminals. `mark` comes first, in `style`;
    with `is_alarm` the whole cell has that style."""

    text: str
    short: str
    mark: str = ""
    style: str = ""
    is_alarm: bool = False

    def pick(self, *, short: bool) -> str:
        """Return the text with its mark."""
        text = self.short if short else self.text
        return f"{self.mark} {text}" if self.mark else text


EMPTY_CELL = Cell("–", "–")


class TableRow(NamedTuple):
    """A name, a title that may be cut, and the cells by column; a missing one is shown as a dash."""

    name: str
    title: str
    cells: Mapping[str, Cell]


Style = Callable[[str, str], str]
"""Returns a text in a style, which may be empty."""


def format_table(columns: Sequence[str], rows: Sequence[TableRow], width: int, style: Style) -> list[str]:
    """Return the lines of a table of at most `width` columns.

    What does not fit even with short cells and without titles becomes a list: a heading for each row, and below it
    a line per column.
    """
    name_width = min(max(measure_columns(row.name) for row in rows), _MAX_NAME_COLUMNS)
    title_width = min(max(measure_columns(row.title) for row in rows), _MAX_TITLE_COLUMNS)
    for short in (False, True):
        widths = [_measure_column(column, rows, short=short) for column in columns]
        left = width - name_width - sum(widths) - len(_GAP) * len(widths)
        title = min(title_width, left - len(_GAP))
        if title >= min(title_width, _MIN_TITLE_COLUMNS[short]) or (short and left >= 0):
            title = title if title >= min(title_width, _MIN_TITLE_COLUMNS[True]) else 0
            layout = _Layout(columns, name_width, title, widths, short=short)
            return [layout.format_head(style), *(layout.format_row(row, style) for row in rows)]
    return [line for row in rows for line in _format_list(columns, row, width, style)]


class _Layout(NamedTuple):
    columns: Sequence[str]
    name_width: int
    title_width: int
    widths: Sequence[int]
    short: bool

    def format_head(self, style: Style) -> str:
        return self._join("", "", [(column, "bold", column) for column in self.columns], style)

    def format_row(self, row: TableRow, style: Style) -> str:
        cells = [row.cells.get(column, EMPTY_CELL) for column in self.columns]
        texts = [(cell.pick(short=self.short), cell.style, "" if cell.is_alarm else cell.mark) for cell in cells]
        return self._join(row.name, row.title, texts, style)

    def _join(self, name: str, title: str, cells: Sequence[tuple[str, str, str]], style: Style) -> str:
        """Join texts, each with its style and the beginning of it that has the style, "" for all of it."""
        parts = [style(pad_text(name, self.name_width), "bold" if name else "")]
        if self.title_width:
            parts.append(pad_text(title, self.title_width))
        for (text, look, start), width in zip(cells, self.widths, strict=True):
            start = start or text
            padding = " " * (width - measure_columns(text))
            parts.append(f"{style(start, look)}{text[len(start) :]}{padding}")
        return _GAP.join(parts).rstrip()


def _measure_column(column: str, rows: Sequence[TableRow], *, short: bool) -> int:
    texts = (row.cells.get(column, EMPTY_CELL).pick(short=short) for row in rows)
    return max(measure_columns(column), *map(measure_columns, texts))


def _format_list(columns: Sequence[str], row: TableRow, width: int, style: Style) -> list[str]:
    column_width = max(map(measure_columns, columns), default=0)
    lines = [style(cut_text(f"{row.name}{_GAP}{row.title}".rstrip(), width), "bold")]
    for column in columns:
        if cell := row.cells.get(column):
            text = cut_text(f"{_GAP}{pad_text(column, column_width)}{_GAP}{cell.pick(short=False)}", width)
            lines.append(style(text, cell.style if cell.is_alarm else ""))
    return lines


def pad_text(text: str, width: int) -> str:
    """Return a text that takes exactly `width` columns: cut, or with spaces behind it."""
    text = cut_text(text, width)
    return text + " " * (width - measure_columns(text))


def cut_text(text: str, width: int) -> str:
    """Return a printable text that takes at most `width` columns, with an ellipsis if it is cut."""
    text = make_printable(text)
    if measure_columns(text) <= width:
        return text
    if width < 1:
        return ""
    kept, used = "", 1
    for char in text:
        used += measure_columns(char)
        if used > width:
            break
        kept += char
    return f"{kept.rstrip()}…"
