"""`publish diff`: show the differences between what is published and the current sources."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import (
    build_warning_handler,
    load_project,
    parse_channel_names,
    resolve_issue_argument,
)
from publisher.cli.output import Output
from publisher.events import Request
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser
    from publisher.reports.diff import Difference

_STYLES = {"-": "red", "+": "green", "@": "cyan"}


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.add_issue_argument()
    parser.add_channel_option()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Show the differences; return 0 whether or not there are any."""
    from publisher.reports.diff import find_differences

    path = find_config(Path.cwd())
    request = Request(
        issue=resolve_issue_argument(arguments.issue, path.parent),
        channels=parse_channel_names(arguments.channel),
    )
    issue, differences = find_differences(*load_project(path), request, now, build_warning_handler(output))
    for difference in differences:
        _print_difference(difference, output)
    if issue is None:
        output.info("no issue is due")
    elif not differences:
        output.info(f"no unpublished changes in {issue.path}")
    output.finish(
        {
            "issue": issue and issue.id,
            "differences": [difference._asdict() for difference in differences],
            "exit": 0,
        }
    )
    return 0


def _print_difference(difference: Difference, output: Output) -> None:
    label = (
        f"{difference.channel} · {difference.destination}" if difference.destination else difference.channel
    )
    kind = (
        difference.kind
        if difference.lines or difference.kind == "new"
        else f"{difference.kind}, no difference in the text"
    )
    output.line(f"{label} · {difference.part} · {kind}", "bold")
    for line in difference.lines:
        output.line(line, _STYLES.get(line[0], ""))
