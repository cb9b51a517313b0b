"""`publish status`: what is out where, and what to type next."""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shlex
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, assert_never
from zoneinfo import ZoneInfo

from publisher.archive.records import names
from publisher.calendar.calendar import coming
from publisher.cli.actions import issue_named, load, warnings_on
from publisher.cli.output import Output
from publisher.cli.upcoming import as_json, show
from publisher.errors import PublisherError
from publisher.ledger import State
from publisher.ledger.queries import Missed
from publisher.project import find
from publisher.reports.resolve import last_name
from publisher.reports.status import Condition, Row, overview

if TYPE_CHECKING:
    from publisher.cli.parser import Parser
    from publisher.config import Config
    from publisher.theme import Theme

_TITLE = 32
_LISTED = 20
"""So many deliveries that did not arrive are told one by one."""

_HOW = {State.DROPPED: "given up", State.PLANNED: "waits"}
_GOOD, _BAD = (Condition.PUBLISHED, Condition.FILES), (Condition.FAILED, Condition.UNKNOWN, Condition.BROKEN)
_EXIT_CODES = {Condition.UNKNOWN: 4, Condition.FAILED: 3}


def define(parser: Parser) -> None:
    """Add the arguments."""
    parser.arguments.add_argument(
        "issue", nargs="?", default="", metavar="ISSUE", help="only this issue, by date, file or id"
    )
    parser.options.add_argument(
        "--url",
        nargs=2,
        metavar=("CHANNEL", "URL"),
        help="note where readers find the issue, such as the article you published at WeChat by hand",
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Show the rows; 4 when an outcome is unknown, 3 when a delivery failed, 2 when the daemon is silent,
    else 0."""
    path = find(Path.cwd())
    config, theme = load(path)
    issue = issue_named(arguments.issue, path.parent)
    if arguments.url:
        return _record(config, theme, issue, arguments.url, output, now)
    ahead = coming(config, theme, now)
    later = [one for one in ahead.appointments if not issue or issue in names(one.record)]
    try:
        rows = overview(config, theme, issue, now, warnings_on(output))
    except PublisherError:
        if not (issue and later):
            raise
        rows = []  # its day has not come
    zone = ZoneInfo(config.publication.timezone)
    show(later, zone, output)
    width = max((len(row.channel) for row in rows), default=0)
    waiting = {(one.record.id, one.key.channel) for one in later if one.due > now}
    told = [
        row for row in rows if row.condition is not Condition.NONE or (row.issue, row.channel) not in waiting
    ]
    for name, group in groupby(told, key=lambda row: row.issue):
        listed = [*group]
        # most titles begin with the newsletter's name and the date, which stands there already
        title = listed[0].title
        title = title.partition(name or title)[2].strip(" )）:：") or title
        title = title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"
        output.line(f"{name}  {title}".strip(), "bold")
        if insisted := listed[0].insisted:
            when = f"{insisted.at.astimezone(zone):%Y-%m-%d %H:%M}"
            output.line(f"  published by --force {when}, with {insisted.errors}", "yellow")
        for row in listed:
            _show(row, zone, width, output)
    if not (told or later or issue):
        output.line("no issue is due")
    watch = ahead.watch
    silent = watch.is_silent(now)
    if silent and watch.heartbeat:
        output.warn(
            f"the daemon was last alive {watch.heartbeat.astimezone(zone):%Y-%m-%d %H:%M}: publish serve"
        )
    elif later and not watch.is_kept(now):
        output.talk("nobody looks at the clock: publish serve, or publish when it is due")
    code = max((_EXIT_CODES.get(row.condition, 0) for row in rows), default=0)
    code = code or (2 if silent else 0)
    output.finish(
        {
            "rows": [_as_json(row, zone) for row in rows],
            "to_come": [as_json(one, zone) for one in later],
            "daemon": watch.heartbeat and _iso(watch.heartbeat, zone),
            "exit": code,
        }
    )
    return code


def _record(
    config: Config, theme: Theme, issue: str, told: list[str], output: Output, now: dt.datetime
) -> int:
    from publisher.reports.article_url import record_address

    channel, url = told
    found = record_address(config, theme, issue, channel, url, now, warnings_on(output))
    output.line(f"{found}  {channel} · {url}", "green")
    output.finish({"issue": found, "channel": channel, "url": url, "exit": 0})
    return 0


def _show(row: Row, zone: ZoneInfo, width: int, output: Output) -> None:
    style = "green" if row.condition in _GOOD else "red" if row.condition in _BAD else ""
    facts = (in_words(row, zone), row.destination, row.url)
    output.line(f"  {row.channel.ljust(width)}  {' · '.join(filter(None, facts))}", style)
    shown = [_in_line(one, row) for one in row.missed[:_LISTED]]
    if len(row.missed) > _LISTED:
        shown.append(f"and {len(row.missed) - _LISTED} more, which --json lists")
    detail = "" if shown else row.detail
    for line in (detail, *shown, (command := next_command(row)) and f"→ {command}"):
        if line:
            output.line(f"  {' ' * width}  {line}")


def _in_line(missed: Missed, row: Row) -> str:
    who = last_name(missed.part) if missed.recipient == row.destination else missed.recipient
    return f"{who} {_HOW.get(missed.state, missed.state.value)}: {missed.reason}"


def in_words(row: Row, zone: ZoneInfo) -> str:
    """How a row stands."""
    counts = row.counts
    when = f"{row.when.astimezone(zone):%Y-%m-%d %H:%M}" if row.when else ""
    match row.condition:
        case Condition.NONE:
            return "not published"
        case Condition.FILES:
            return "in files only"
        case Condition.PUBLISHED:
            return f"published {when}"
        case Condition.CHANGED:
            return f"published {when}, changed since" if when else "changed since it was written"
        case Condition.HELD:
            return f"published {when}, edited since" if when else "edited since it was begun"
        case Condition.WAITING if not counts.planned:
            return "begun, and not finished"
        case Condition.WAITING:
            return f"{counts.planned} of {counts.total} waiting" + (f" until {when}" if when else "")
        case Condition.FAILED:
            return f"{counts.failed} of {counts.total} failed"
        case Condition.UNKNOWN:
            return f"{counts.unknown + counts.sending} of {counts.total} unknown"
        case Condition.BUSY:
            return "being published"
        case Condition.BROKEN:
            return "cannot be rendered"
        case _:
            assert_never(row.condition)


def next_command(row: Row) -> str:
    """What to type next; empty when there is nothing to do."""
    if not row.issue:
        return "publish retry" if row.condition is Condition.FAILED else ""
    issue, channel = shlex.quote(row.issue), f"--channel {row.channel}"
    dated = re.fullmatch(r"\d{4}-\d{2}-\d{2}", row.issue)
    publish = f"publish {issue if dated else f'--issue {issue}'} {channel}"
    match row.condition:
        case Condition.NONE if row.newest:
            return publish
        case Condition.WAITING if row.notice:
            return f"publish retry {issue} {channel}"
        case Condition.CHANGED | Condition.WAITING:
            return publish
        case Condition.HELD if row.updates:
            return f"publish correct {issue} {channel}"
        case Condition.FAILED if row.title:  # or there is nothing to send any more
            return f"publish retry {issue} {channel}"
        case Condition.UNKNOWN:
            return f"publish resolve {issue} {channel}"
        case _:
            return ""


def _as_json(row: Row, zone: ZoneInfo) -> dict[str, object]:
    plain = row._asdict()
    return plain | {
        "condition": row.condition.value,
        "counts": row.counts._asdict(),
        "missed": [one._asdict() | {"state": one.state.value} for one in row.missed],
        "when": row.when and _iso(row.when, zone),
        "insisted": row.insisted and {"errors": row.insisted.errors, "at": _iso(row.insisted.at, zone)},
        "next": next_command(row),
    }


def _iso(moment: dt.datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
