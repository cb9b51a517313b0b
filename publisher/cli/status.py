"""`publish status`: show what has been published where, what is upcoming, and the next command to run."""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shlex
from itertools import groupby
from typing import assert_never

from publisher.archive.naming import find_issue
from publisher.calendar.calendar import find_upcoming, read_records
from publisher.cli.actions import open_run, resolve_issue_argument
from publisher.cli.output import Output, format_iso_time, format_time
from publisher.cli.parser import CommandParser
from publisher.cli.upcoming import print_upcoming, scheduled_item_to_json
from publisher.errors import PublisherError
from publisher.ledger import DeliveryState
from publisher.ledger.closed_lanes import describe_closed_lane, find_closed_lanes
from publisher.ledger.queries import FailedDelivery
from publisher.reports.resolve import short_part_name
from publisher.reports.status import ChannelStatus, StatusRow, build_status_rows

_TITLE_WIDTH = 32
_MAX_LISTED = 20
"""At most this number of undelivered messages is listed for each row."""

_STATE_LABELS = {DeliveryState.DROPPED: "dropped", DeliveryState.PLANNED: "waiting"}
_STATUS_STYLES = {
    ChannelStatus.PUBLISHED: "green",
    ChannelStatus.FILES: "green",
    ChannelStatus.FAILED: "red",
    ChannelStatus.UNKNOWN: "red",
    ChannelStatus.BROKEN: "red",
    ChannelStatus.TOO_LONG: "yellow",
}
_EXIT_CODES = {ChannelStatus.UNKNOWN: 4, ChannelStatus.FAILED: 3}


def define(parser: CommandParser) -> None:
    parser.add_issue_argument(default="ones")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Show the status; return 4 if an outcome is unknown, 3 if a delivery failed, 2 if the daemon does not
    respond, else 0."""
    with open_run(output, now) as run:
        issue, zone = resolve_issue_argument(arguments.issue), run.now.tzinfo
        upcoming_items, watch = find_upcoming(run)
        if issue:
            issue = find_issue(issue, read_records(run), run.now.date()).path
            upcoming_items = [item for item in upcoming_items if item.record.path == issue]
        try:
            rows = build_status_rows(run, issue)
        except PublisherError:
            if not (issue and upcoming_items):
                raise
            rows = []  # not due yet
        closed_lanes = find_closed_lanes(run.ledger, now) if run.has_ledger else []
    print_upcoming(upcoming_items, zone, output)
    width = max((len(row.channel) for row in rows), default=0)
    waiting = {(item.record.id, item.key.channel) for item in upcoming_items if item.due > now}
    shown_rows = [
        row for row in rows if row.condition is not ChannelStatus.NONE or (row.issue, row.channel) not in waiting
    ]
    for name, group in groupby(shown_rows, key=lambda row: row.issue):
        issue_rows = [*group]
        # most titles begin with the newsletter's name and the date, which is printed already
        title = issue_rows[0].title
        title = title.partition(name or title)[2].strip(" )）:：") or title
        title = title if len(title) <= _TITLE_WIDTH else f"{title[: _TITLE_WIDTH - 1]}…"
        output.line(f"{name}  {title}".strip(), "bold")
        if forced := issue_rows[0].forced:
            when = format_time(forced.forced_at, zone)
            output.line(f"  published by --force {when}, with {forced.errors}", "yellow")
        for row in issue_rows:
            _print_row(row, zone, width, output)
    if not (shown_rows or upcoming_items or issue):
        output.line("no issue is due")
    for lane in closed_lanes:
        output.warning(f"{lane.channel}: {describe_closed_lane(lane, zone)}: publish doctor")
    is_daemon_missing = watch.is_daemon_missing(now)
    if is_daemon_missing and watch.heartbeat:
        output.warning(
            f"the daemon last responded {format_time(watch.heartbeat, zone)}: restart it with publish daemon"
        )
    elif upcoming_items and not watch.is_active(now):
        output.info("No scheduler is running. Start one with publish daemon, or run publish when it is due")
    exit_code = max((_EXIT_CODES.get(row.condition, 0) for row in rows), default=0)
    return output.finish(
        exit_code or (2 if is_daemon_missing else 0),
        rows=[_row_to_json(row, zone) for row in rows],
        to_come=[scheduled_item_to_json(item, zone) for item in upcoming_items],
        daemon=watch.heartbeat and format_iso_time(watch.heartbeat, zone),
        closed_lanes=[lane._asdict() | {"until": format_iso_time(lane.until, zone)} for lane in closed_lanes],
    )


def _print_row(row: StatusRow, zone: dt.tzinfo | None, width: int, output: Output) -> None:
    details = (_format_row(row, zone), row.destination, row.url)
    output.line(
        f"  {row.channel.ljust(width)}  {' · '.join(filter(None, details))}", _STATUS_STYLES.get(row.condition, "")
    )
    missed_lines = [_format_missed_delivery(delivery, row) for delivery in row.missed]
    missed_lines += [f"{recipient} left the list" for recipient in row.unlisted]
    if len(missed_lines) > _MAX_LISTED:
        missed_lines[_MAX_LISTED:] = [f"and {len(missed_lines) - _MAX_LISTED} more, which --json lists"]
    detail = "" if missed_lines else row.detail
    for line in (detail, *missed_lines, (command := _suggest_command(row)) and f"→ {command}"):
        if line:
            output.line(f"  {' ' * width}  {line}")


def _format_missed_delivery(missed: FailedDelivery, row: StatusRow) -> str:
    recipient = short_part_name(missed.part) if missed.recipient == row.destination else missed.recipient
    return f"{recipient} {_STATE_LABELS.get(missed.state, missed.state.value)}: {missed.reason}"


def _format_row(row: StatusRow, zone: dt.tzinfo | None) -> str:
    counts = row.counts
    when = format_time(row.when, zone) if row.when else ""
    match row.condition:
        case ChannelStatus.NONE:
            return "not published"
        case ChannelStatus.FILES:
            return "files written"
        case ChannelStatus.PUBLISHED:
            return f"published {when}"
        case ChannelStatus.CHANGED:
            return f"published {when}, changed since" if when else "changed since written"
        case ChannelStatus.HELD:
            return f"published {when}, edited since" if when else "edited since sending started"
        case ChannelStatus.WAITING if not counts.planned:
            return "started, not finished"
        case ChannelStatus.WAITING:
            return f"{counts.planned} of {counts.total} waiting" + (f" until {when}" if when else "")
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


def _suggest_command(row: StatusRow) -> str:
    """Return the next command to run, empty if there is nothing to do."""
    if not row.issue:
        return "publish retry" if row.condition is ChannelStatus.FAILED else ""
    issue, channel = shlex.quote(row.issue), f"--channel {row.channel}"
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
        case _:
            return ""


def _row_to_json(row: StatusRow, zone: dt.tzinfo | None) -> dict[str, object]:
    return row._asdict() | {
        "condition": row.condition.value,
        "counts": row.counts._asdict(),
        "missed": [
            {"recipient": one.recipient, "part": one.part, "state": one.state.value, "reason": one.reason}
            for one in row.missed
        ],
        "when": row.when and format_iso_time(row.when, zone),
        "forced": row.forced and {"errors": row.forced.errors, "at": format_iso_time(row.forced.forced_at, zone)},
        "next": _suggest_command(row),
    }
