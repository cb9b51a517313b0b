"""The table of `publish status`: a row for each issue, upcoming ones too, and a column for each channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import assert_never

from publisher.calendar.calendar import ItemStatus, ScheduledItem
from publisher.cli.output import Output
from publisher.cli.status_details import STATUS_STYLES, URGENCY, Moment, format_row_title, strip_prefix
from publisher.cli.table import Cell, TableRow, format_table
from publisher.cli.times import format_ago, format_day_time, format_short_ago, format_short_day_time
from publisher.patterns import lazy_pattern
from publisher.reports.status import ChannelStatus, StatusRow

_MAX_UPCOMING = 10
"""At most this number of issues to come is listed."""

_DIGIT = lazy_pattern(r"\d")
_ENDS_OF_START = ":：)）]】》|"

_DEFAULT_COLUMNS = 80
"""The width of the table if the width of the terminal is unknown."""


def print_table(
    channels: Sequence[str],
    rows: Sequence[StatusRow],
    upcoming: Sequence[ScheduledItem],
    moment: Moment,
    output: Output,
) -> None:
    """Print the table, the latest issue first; nothing if there is no issue. `upcoming` is sorted by due time."""
    by_issue: dict[str, TableRow] = {}
    paths = [*dict.fromkeys(item.record.path for item in upcoming)]
    for item in reversed([item for item in upcoming if item.record.path in paths[:_MAX_UPCOMING]]):
        name = name_upcoming(item)
        row = by_issue.setdefault(name, TableRow(name, _shorten_upcoming_title(item), {}))
        by_issue[name] = row._replace(cells={**row.cells, item.key.channel: _build_upcoming_cell(item, moment)})
    for name, cells in _build_cells(rows, channels, moment).items():
        title = next(format_row_title(row) for row in rows if row.issue == name)
        planned = by_issue[name].cells if name in by_issue else {}
        by_issue[name] = TableRow(name, title, {**cells, **planned})
    if not by_issue:
        return
    titles = drop_common_start([row.title for row in by_issue.values()])
    table = [row._replace(title=title) for row, title in zip(by_issue.values(), titles, strict=True)]
    lines = format_table(channels, table, output.columns or _DEFAULT_COLUMNS, output.styled)
    if more := len(paths) - _MAX_UPCOMING:
        lines += [f"and {more} more to come, which --json lists"] if more > 0 else []
    for line in lines:
        output.line(line)


def drop_common_start(titles: Sequence[str]) -> list[str]:
    """Return the titles without what all of them begin with, up to a colon or bracket, except for numbers: the
    newsletter's name and the number of the issue. Empty titles do not count."""
    named = [_DIGIT.sub("0", title) for title in titles if title]
    same = takewhile(lambda chars: len(set(chars)) == 1, zip(*named, strict=False)) if len(named) > 1 else ()
    start = "".join(chars[0] for chars in same)
    length = max(start.rfind(mark) for mark in _ENDS_OF_START) + 1
    if any(len(title) == length for title in named):
        return [*titles]
    return [title[length:].strip() for title in titles]


def name_upcoming(item: ScheduledItem) -> str:
    """Return the id of an issue to come; that of its file if it has none yet."""
    return item.record.id or item.record.path.rpartition("/")[2]


def _shorten_upcoming_title(item: ScheduledItem) -> str:
    return strip_prefix(item.record.title, item.record.id)


def _build_cells(
    rows: Sequence[StatusRow], channels: Sequence[str], moment: Moment
) -> Mapping[str, Mapping[str, Cell]]:
    """Return the cells of each issue by channel; of several publications on a channel the most urgent one's."""
    cells: dict[str, dict[str, Cell]] = {}
    for row in sorted(rows, key=lambda row: URGENCY.index(row.condition), reverse=True):
        if row.issue and row.channel in channels:
            cells.setdefault(row.issue, {})[row.channel] = _build_cell(row, moment)
    issues = dict.fromkeys(row.issue for row in rows if row.issue in cells)
    return {issue: cells[issue] for issue in issues}


def _build_cell(row: StatusRow, moment: Moment) -> Cell:
    style = STATUS_STYLES.get(row.condition, "")
    counts = row.counts
    match row.condition:
        case ChannelStatus.NONE:
            return Cell("not yet", "not yet") if row.newest else Cell("–", "–")
        case ChannelStatus.FILES:
            return Cell("files", "files", "✓", style)
        case ChannelStatus.PUBLISHED:
            when = (format_ago(row.when, moment.now), format_short_ago(row.when, moment.now)) if row.when else ()
            return Cell(*(when or ("published", "done")), "✓", style)
        case ChannelStatus.CHANGED | ChannelStatus.HELD:
            return Cell("edited since", "edited", "!", style)
        case ChannelStatus.WAITING if not counts.planned:
            return Cell("not finished", "waiting", "!", style)
        case ChannelStatus.WAITING:
            return Cell(f"{counts.planned} of {counts.total} waiting", "waiting", "!", style)
        case ChannelStatus.FAILED:
            return Cell(f"{counts.failed} of {counts.total} failed", "failed", "✗", style, is_alarm=True)
        case ChannelStatus.UNKNOWN:
            number = counts.unknown + counts.sending
            return Cell(f"{number} of {counts.total} unknown", "unknown", "?", style, is_alarm=True)
        case ChannelStatus.BUSY:
            return Cell("being published", "busy")
        case ChannelStatus.BROKEN:
            return Cell("broken", "broken", "✗", style, is_alarm=True)
        case ChannelStatus.TOO_LONG:
            return Cell("too long", "too long", "!", style)
        case _:
            assert_never(row.condition)


def _build_upcoming_cell(item: ScheduledItem, moment: Moment) -> Cell:
    match item.status:
        case ItemStatus.DRAFT:
            return Cell("draft", "draft")
        case ItemStatus.HELD:
            return Cell("held", "held")
        case ItemStatus.HAS_ERRORS:
            return Cell("has errors", "errors", "✗", "red", is_alarm=True)
        case ItemStatus.BROKEN:
            return Cell("broken", "broken", "✗", "red", is_alarm=True)
        case ItemStatus.TOO_LONG:
            return Cell("too long", "too long", "!", "magenta")
        case ItemStatus.REPEAT:
            return Cell("sent before", "repeat", "✗", "red", is_alarm=True)
        case ItemStatus.UNRESOLVED:
            return Cell("unresolved", "stuck", "✗", "red", is_alarm=True)
        case ItemStatus.MISSED:
            return Cell("too late", "too late", "!", "magenta")
        case ItemStatus.BUSY:
            return Cell("being published", "busy")
        case ItemStatus.DONE:
            return Cell("published", "done", "✓", "green")
        case ItemStatus.WAITING | ItemStatus.READY:
            due = item.due, *moment
            return Cell(format_day_time(*due), format_short_day_time(*due))
        case _:
            assert_never(item.status)
