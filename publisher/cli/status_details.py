"""What `publish status` says of an issue on a channel in full, and the command that comes next."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import assert_never

from publisher.cli.output import Output, format_time
from publisher.cli.table import cut_text
from publisher.cli.times import format_past_time
from publisher.ledger import DeliveryState
from publisher.ledger.queries import FailedDelivery
from publisher.named_tuple import NamedTuple
from publisher.reports.resolve import short_part_name
from publisher.reports.status import ChannelStatus, StatusRow

_MAX_LISTED = 20
"""At most this number of undelivered messages is listed for each row."""

_STATE_LABELS = {DeliveryState.DROPPED: "dropped", DeliveryState.PLANNED: "waiting"}

STATUS_STYLES = {
    ChannelStatus.PUBLISHED: "green",
    ChannelStatus.FILES: "green",
    ChannelStatus.FAILED: "red",
    ChannelStatus.UNKNOWN: "red",
    ChannelStatus.BROKEN: "red",
    ChannelStatus.TOO_LONG: "magenta",
    ChannelStatus.WAITING: "magenta",
    ChannelStatus.CHANGED: "magenta",
    ChannelStatus.HELD: "magenta",
}

URGENCY = (
    ChannelStatus.UNKNOWN,
    ChannelStatus.FAILED,
    ChannelStatus.BROKEN,
    ChannelStatus.WAITING,
    ChannelStatus.BUSY,
    ChannelStatus.TOO_LONG,
    ChannelStatus.CHANGED,
    ChannelStatus.HELD,
    ChannelStatus.NONE,
    ChannelStatus.PUBLISHED,
    ChannelStatus.FILES,
)
"""The most urgent status first."""


class Moment(NamedTuple):
    """When the status is asked for, and the newsletter's time zone."""

    now: dt.datetime
    zone: dt.tzinfo | None


def _needs_attention(row: StatusRow) -> bool:
    """Return whether more is to be said of a row than its cell of the table says.

    What was edited after it was sent and cannot be changed any more is shown for the newest issue only.
    """
    if row.condition is ChannelStatus.HELD:
        return row.newest or row.updates
    return row.condition not in (ChannelStatus.NONE, ChannelStatus.PUBLISHED, ChannelStatus.FILES)


def print_details(rows: Iterable[StatusRow], moment: Moment, output: Output, *, full: bool) -> None:
    """Print a heading for each issue, and below it channels in full, with the command that comes next.

    Channels of which the same is to be said share a line. Without `full` only those that need attention, each
    issue after an empty line.
    """
    for name, group in groupby(rows, key=lambda row: row.issue):
        issue_rows = [*group]
        shown = [row for row in issue_rows if full or _needs_attention(row)]
        forced = issue_rows[0].forced if full or issue_rows[0].newest else None
        if not (shown or forced):
            continue
        if not full:
            output.line("")
        heading = f"{name}  {format_row_title(issue_rows[0])}".strip()
        output.line(cut_text(heading, output.columns) if output.columns else heading, "bold")
        if forced:
            when = format_time(forced.forced_at, moment.zone)
            output.line(f"  published by --force {when}, with {forced.errors}", "magenta")
        alike: dict[object, list[StatusRow]] = {}
        for row in shown:
            alike.setdefault(_describe_alike(row, moment), []).append(row)
        names = [", ".join(row.channel for row in same) for same in alike.values()]
        width = max(map(len, names), default=0)
        for channels, same in zip(names, alike.values(), strict=True):
            _print_rows(channels.ljust(width), same, moment, output)


def _describe_alike(row: StatusRow, moment: Moment) -> object:
    """Return what only rows that share a line have in common."""
    is_simple = not (row.destination or row.url or row.missed or row.unlisted)
    return (_format_row(row, moment), row.detail, row.notice) if is_simple else id(row)


def _print_rows(channels: str, rows: Sequence[StatusRow], moment: Moment, output: Output) -> None:
    row = rows[0]
    style = STATUS_STYLES.get(row.condition, "")
    summary = output.styled(_format_row(row, moment), "" if style == "green" else style)
    output.line(f"  {channels}  {' · '.join(filter(None, (summary, row.destination, row.url)))}")
    missed_lines = [_format_missed_delivery(delivery, row) for delivery in row.missed]
    missed_lines += [f"{recipient} left the list" for recipient in row.unlisted]
    if len(missed_lines) > _MAX_LISTED:
        missed_lines[_MAX_LISTED:] = [f"and {len(missed_lines) - _MAX_LISTED} more, which --json lists"]
    detail = "" if missed_lines else row.detail
    for line in (detail, *missed_lines, (command := suggest_command(rows)) and f"→ {command}"):
        if line:
            output.line(f"  {' ' * len(channels)}  {line}")


def format_row_title(row: StatusRow) -> str:
    """Return the title without the newsletter's name and the date, with which most titles begin."""
    return strip_prefix(row.title, row.issue)


def strip_prefix(title: str, issue: str) -> str:
    """Return the title without what is before the id of the issue, such as its date; "" if nothing is left."""
    _, found, topics = title.partition(issue) if issue else (title, "", "")
    return topics.strip(" )）:：") if found else title


def _format_missed_delivery(missed: FailedDelivery, row: StatusRow) -> str:
    recipient = short_part_name(missed.part) if missed.recipient == row.destination else missed.recipient
    reason = missed.reason.removeprefix(f"{recipient} ")  # most are sentences about the recipient
    return f"{recipient} {_STATE_LABELS.get(missed.state, missed.state.value)}: {reason}"


def _format_row(row: StatusRow, moment: Moment) -> str:
    counts = row.counts
    when = format_past_time(row.when, *moment) if row.when else ""
    match row.condition:
        case ChannelStatus.NONE:
            return "not published"
        case ChannelStatus.FILES:
            return "files written"
        case ChannelStatus.PUBLISHED:
            return f"published {when}".strip()
        case ChannelStatus.CHANGED:
            return f"published {when}, changed since" if when else "changed since written"
        case ChannelStatus.HELD:
            return f"published {when}, edited since" if when else "edited since sending started"
        case ChannelStatus.WAITING if not counts.planned:
            return "started, not finished"
        case ChannelStatus.WAITING:
            until = f" until {format_time(row.when, moment.zone)}" if row.when else ""
            return f"{counts.planned} of {counts.total} waiting{until}"
        case ChannelStatus.FAILED:
            return f"{counts.failed} of {counts.total} failed"
        case ChannelStatus.UNKNOWN:
            return f"{counts.unknown + counts.sending} of {counts.total} unknown"
        case ChannelStatus.BUSY:
            return "being published"
        case ChannelStatus.BROKEN:
            return "cannot be rendered"
        case ChannelStatus.TOO_LONG:
            return "left out: too long"
        case _:
            assert_never(row.condition)


def suggest_command(rows: Sequence[StatusRow]) -> str:
    """Return the next command to run for an issue on channels with the same status, empty if nothing is to do."""
    row = rows[0]
    if not row.issue:
        return "publish retry" if row.condition is ChannelStatus.FAILED else ""
    issue, channel = shlex.quote(row.issue), f"--channel {','.join(one.channel for one in rows)}"
    is_date = re.fullmatch(r"\d{4}-\d{2}-\d{2}", row.issue)
    publish = f"publish {issue if is_date else f'--issue {issue}'} {channel}"
    match row.condition:
        case ChannelStatus.NONE if row.newest:
            return publish
        case ChannelStatus.WAITING if row.notice:
            return f"publish retry {issue} {channel}"
        case ChannelStatus.CHANGED | ChannelStatus.WAITING:
            return publish
        case ChannelStatus.HELD if row.updates:
            return f"publish correct {issue} {channel}"
        case ChannelStatus.FAILED if row.title:  # without one the file is gone: nothing can be sent
            return f"publish retry {issue} {channel}"
        case ChannelStatus.UNKNOWN:
            return f"publish resolve {issue} {channel}"
        case ChannelStatus.BUSY if row.lanes and row.counts.unknown:  # workers go on meanwhile
            return f"publish resolve {issue} {channel}"
        case _:
            return ""
