"""`publish status`: show what has been published where, what is upcoming, and the next command to run."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Sequence

from publisher.archive.naming import find_issue
from publisher.archive.records import Record, build_edition
from publisher.calendar.calendar import ItemStatus, ScheduledItem, Upcoming, find_upcoming, read_records
from publisher.calendar.held_back import explain_none_due
from publisher.cli.actions import build_request, open_run
from publisher.cli.output import Output, format_iso_time, format_time
from publisher.cli.parser import CommandParser
from publisher.cli.status_details import URGENCY, Moment, print_details, suggest_command
from publisher.cli.status_table import name_upcoming, print_table
from publisher.cli.times import format_next_time
from publisher.cli.upcoming import print_blocked, print_upcoming, scheduled_item_to_json, suggest_check
from publisher.delivery.worker_queue import has_worker
from publisher.errors import PublisherError
from publisher.ledger.closed_lanes import ClosedLane, describe_closed_lane, find_closed_lanes
from publisher.ledger.meta import SchedulerActivity
from publisher.named_tuple import NamedTuple
from publisher.reports.status import ChannelStatus, StatusRow, build_status_rows
from publisher.reports.subscribers import BACKUP_HINT, SubscriberSummary, summarize_subscribers
from publisher.run import RunContext, select_channels

_EXIT_CODES = {ChannelStatus.UNKNOWN: 4, ChannelStatus.FAILED: 3}


class _Report(NamedTuple):
    """What is shown: the rows of due issues, what is to come, and what runs the schedule.

    `channels` are the columns of the table. `issue` is the path of the issue that was named, "" for all.
    `all_upcoming` has what was published by hand before its time, too. `needs_worker`: messages wait for one, and none
    is running.
    """

    channels: tuple[str, ...]
    issue: str
    rows: Sequence[StatusRow]
    needs_worker: bool
    upcoming: Sequence[ScheduledItem]
    all_upcoming: Sequence[ScheduledItem]
    activity: SchedulerActivity
    closed_lanes: Sequence[ClosedLane]
    subscribers: SubscriberSummary | None
    records: Sequence[Record]
    moment: Moment


def define(parser: CommandParser) -> None:
    parser.add_issue_argument(default="ones")
    parser.add_channel_option()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Show the status; return 4 if an outcome is unknown, 3 if a delivery failed, 2 if the daemon does not
    respond, else 0."""
    with open_run(output, now) as run:
        report = _build_report(run, arguments)
    zone = report.moment.zone
    command = _find_next_command(report)
    if report.issue:
        print_upcoming([*report.upcoming], zone, output, now)
        print_details(report.rows, report.moment, output, full=True)
    else:
        print_table(report.channels, report.rows, report.upcoming, report.moment, output)
        print_blocked(report.upcoming, output)
        print_details(report.rows, report.moment, output, full=False)
        if report.rows or report.upcoming:
            output.line("")
    if report.subscribers and not report.issue:
        output.line(report.subscribers.describe())
    _print_warnings(report, output)
    if command:
        output.line(f"next: {command}", "bold")
    elif not report.issue:
        output.line(_explain_rest(report))
    exit_code = max(map(_find_exit_code, report.rows), default=0)
    return output.finish(
        exit_code or (2 if report.activity.is_daemon_missing(now) else 0),
        rows=[_row_to_json(row, zone) for row in report.rows],
        to_come=[scheduled_item_to_json(item, zone) for item in report.all_upcoming],
        daemon=report.activity.heartbeat and format_iso_time(report.activity.heartbeat, zone),
        closed_lanes=[lane._asdict() | {"until": format_iso_time(lane.until, zone)} for lane in report.closed_lanes],
        subscribers=report.subscribers and _summary_to_json(report.subscribers, zone),
        next=command,
    )


def _build_report(run: RunContext, arguments: argparse.Namespace) -> _Report:
    request = build_request(arguments)
    channels = tuple(channel.name for channel in select_channels(run.config, request.channels))
    upcoming, records, issue = find_upcoming(run), read_records(run), request.issue
    items = [item for item in upcoming.items if item.key.channel in channels]
    if issue:
        issue = find_issue(issue, records, run.now.date()).path
        items = [item for item in items if item.record.path == issue]
    try:
        rows = build_status_rows(run, issue)
    except PublisherError:
        if not (issue and items):
            raise
        rows = []  # not due yet
    if request.channels:
        rows = [row for row in rows if row.channel in channels]
    shown_items = _select_upcoming(run, upcoming._replace(items=items), rows)
    waiting = {(name_upcoming(item), item.key.channel) for item in shown_items if item.due > run.started_at}
    lanes = find_closed_lanes(run.ledger, run.started_at) if run.has_ledger else []
    return _Report(
        channels,
        issue,
        [row for row in rows if row.condition is not ChannelStatus.NONE or (row.issue, row.channel) not in waiting],
        any(row.lanes for row in rows) and not has_worker(run),
        shown_items,
        items,
        upcoming.activity,
        [lane for lane in lanes if lane.channel in channels],
        summarize_subscribers(run),
        [*records.values()],
        Moment(run.started_at, run.zone),
    )


def _select_upcoming(run: RunContext, upcoming: Upcoming, rows: Sequence[StatusRow]) -> list[ScheduledItem]:
    """Return what is to come. What was published by hand before its time is left out, and so is an issue of today
    if nothing runs the schedule: it is published when the editor does it."""
    started = {(row.issue, row.channel) for row in rows if row.condition is not ChannelStatus.NONE}
    due = {(row.issue, row.channel) for row in rows}
    schedule = run.config.schedule
    is_scheduled = schedule.is_set or schedule.channel_times or upcoming.activity != SchedulerActivity()
    return [
        item
        for item in upcoming.items
        if (key := (item.record.id, item.key.channel)) not in started
        and (is_scheduled or item.rescheduled or item.status is not ItemStatus.WAITING or key not in due)
    ]


def _find_next_command(report: _Report) -> str:
    """Return the most urgent command, empty if nothing is to do."""
    groups: dict[tuple[int, str, bool], list[StatusRow]] = {}
    for row in report.rows:
        if suggest_command([row]):
            groups.setdefault((URGENCY.index(row.condition), row.issue, row.notice), []).append(row)
    urgent = sorted(groups.items(), key=lambda group: group[0][0])
    check = suggest_check(report.upcoming)
    for (urgency, _, _), rows in urgent:
        if check and urgency > URGENCY.index(ChannelStatus.FAILED):
            break
        command = suggest_command(rows)
        is_everywhere = {row.channel for row in rows} == set(report.channels)
        if rows[0].condition is ChannelStatus.NONE and is_everywhere and rows[0].newest and not report.issue:
            return "publish"
        return command.partition(" --channel ")[0] if is_everywhere else command
    return check


def _print_warnings(report: _Report, output: Output) -> None:
    now, zone = report.moment
    if not report.issue:
        for skipped in build_edition(report.records, now.astimezone(zone).date()).skipped:
            output.warning(skipped)
    for lane in report.closed_lanes:
        output.warning(f"{lane.channel}: {describe_closed_lane(lane, zone)}: publish doctor")
    if report.subscribers and (problem := report.subscribers.find_backup_problem(now)):
        output.warning(f"{problem}: {BACKUP_HINT}")
    if report.needs_worker:
        output.warning("no worker is running: publish worker")
    activity = report.activity
    if activity.is_daemon_missing(now) and activity.heartbeat:
        output.warning(
            f"the daemon last responded {format_time(activity.heartbeat, zone)}: restart it with publish daemon"
        )
    elif any(item.status is not ItemStatus.DRAFT for item in report.upcoming) and not activity.is_active(now):
        output.info("No scheduler is running. Start one with publish daemon, or run publish when it is due")


def _find_exit_code(row: StatusRow) -> int:
    """Return the code for a row, also while the rest of its issue is being published."""
    if row.condition is ChannelStatus.BUSY:
        return 4 if row.counts.unknown else 3 if row.counts.failed else 0
    return _EXIT_CODES.get(row.condition, 0)


def _explain_rest(report: _Report) -> str:
    """Return why there is nothing to do now, and what comes next."""
    now, zone = report.moment
    if not report.rows:
        return explain_none_due(report.records, now.astimezone(zone).date())
    item = next((item for item in report.upcoming if item.due > now), None)
    if item is None and (row := next((row for row in report.rows if row.condition is ChannelStatus.BUSY), None)):
        name = row.issue or row.title
        return f"{name} waits for a worker" if report.needs_worker else f"nothing to do: {name} is being published"
    if item is None:
        return "nothing to do: all is published; start the next issue with publish new"
    name = name_upcoming(item)
    if item.status is ItemStatus.DRAFT:
        return f"nothing to do: the next issue, {name}, is a draft"
    held = ", but it is held" if item.status is ItemStatus.HELD else ""
    return f"nothing to do: the next issue, {name}, is due {format_next_time(item.due, now, zone)}{held}"


def _summary_to_json(summary: SubscriberSummary, zone: dt.tzinfo | None) -> dict[str, object]:
    return {
        **{state.value: count for state, count in summary.counts.items()},
        "last_backup": summary.last_backup and format_iso_time(summary.last_backup, zone),
    }


def _row_to_json(row: StatusRow, zone: dt.tzinfo | None) -> dict[str, object]:
    return row._asdict() | {
        "condition": row.condition.value,
        "counts": row.counts._asdict(),
        "lanes": [one._asdict() | {"deliveries": one.deliveries._asdict()} for one in row.lanes],
        "missed": [
            {"recipient": one.recipient, "part": one.part, "state": one.state.value, "reason": one.reason}
            for one in row.missed
        ],
        "when": row.when and format_iso_time(row.when, zone),
        "forced": row.forced and {"errors": row.forced.errors, "at": format_iso_time(row.forced.forced_at, zone)},
        "next": suggest_command([row]),
    }
