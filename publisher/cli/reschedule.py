"""`publish reschedule`: publish an issue at another time."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publisher.calendar.overrides import set_override
from publisher.cli.actions import load_project, parse_channel_names, resolve_issue_argument
from publisher.cli.output import Output
from publisher.cli.upcoming import print_upcoming, scheduled_item_to_json
from publisher.events import Request
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.add_issue_argument(required=True)
    parser.arguments.add_argument(
        "when", metavar="WHEN", help='Time in the newsletter\'s time zone: 10:30 or "2021-08-02 10:30"'
    )
    parser.add_channel_option()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Record the new time, show the schedule of the issue and return 0."""
    return apply_override(arguments, output, now, when=arguments.when)


def apply_override(
    arguments: argparse.Namespace,
    output: Output,
    now: dt.datetime,
    *,
    held: bool | None = None,
    when: str = "",
) -> int:
    """Record a hold or a new time for the issue and channels, show its schedule and return 0."""
    path = find_config(Path.cwd())
    config, theme = load_project(path)
    request = Request(
        resolve_issue_argument(arguments.issue, path.parent),
        parse_channel_names(arguments.channel),
        dry_run=True,
    )
    items = set_override(config, theme, request, now, held=held, when=when)
    zone = ZoneInfo(config.newsletter.timezone)
    print_upcoming(items, zone, output)
    output.finish({"to_come": [scheduled_item_to_json(item, zone) for item in items], "exit": 0})
    return 0
