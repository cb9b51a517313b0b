"""`publish reschedule`: have an issue go out at another time."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publisher.calendar.overrides import decision
from publisher.cli.actions import channels_named, issue_named, load
from publisher.cli.output import Output
from publisher.cli.upcoming import as_json, show
from publisher.events import Request
from publisher.project import find

if TYPE_CHECKING:
    from publisher.cli.parser import Parser


def define(parser: Parser) -> None:
    """Add the arguments."""
    parser.define_issue(needed=True)
    parser.arguments.add_argument(
        "when", metavar="WHEN", help='when, in the newsletter\'s zone: 10:30 or "2021-08-02 10:30"'
    )
    parser.define_channels()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Note it, and show what is to come of the issue; 0."""
    return carry_out(arguments, output, now, when=arguments.when)


def carry_out(
    arguments: argparse.Namespace,
    output: Output,
    now: dt.datetime,
    *,
    held: bool | None = None,
    when: str = "",
) -> int:
    """Note a decision about the issue and the channels in the arguments, and show what follows; 0."""
    path = find(Path.cwd())
    config, theme = load(path)
    request = Request(
        issue_named(arguments.issue, path.parent), channels_named(arguments.channel), dry_run=True
    )
    found = decision(config, theme, request, now, held=held, when=when)
    zone = ZoneInfo(config.publication.timezone)
    show(found, zone, output)
    output.finish({"to_come": [as_json(one, zone) for one in found], "exit": 0})
    return 0
