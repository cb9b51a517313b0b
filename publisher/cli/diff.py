"""`publish diff`: what is live against what the sources make now."""

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
    """Show the differences; 0 whether there are any or not."""
    from publisher.reports.diff import find_differences

    path = find_config(Path.cwd())
    request = Request(
        issue=resolve_issue_argument(arguments.issue, path.parent),
        channels=parse_channel_names(arguments.channel),
    )
    issue, found = find_differences(*load_project(path), request, now, build_warning_handler(output))
    for one in found:
        _print_difference(one, output)
    if issue is None:
        output.info("no issue is due")
    elif not found:
        output.info(f"what is live is what {issue.path} makes now")
    output.finish({"issue": issue and issue.id, "differences": [one._asdict() for one in found], "exit": 0})
    return 0


def _print_difference(one: Difference, output: Output) -> None:
    where = f"{one.channel} · {one.destination}" if one.destination else one.channel
    kind = one.kind if one.lines or one.kind == "new" else f"{one.kind}, in nothing that can be read"
    output.line(f"{where} · {one.part} · {kind}", "bold")
    for line in one.lines:
        output.line(line, _STYLES.get(line[0], ""))
