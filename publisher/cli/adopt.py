"""`publish adopt`: mark old issues as published, without sending them."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import load_project, outcome_to_json
from publisher.cli.console import RunConsole
from publisher.cli.output import Output
from publisher.events import Request
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add the arguments: there are none."""


def run(_: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Adopt all issues dated before today; the exit code."""
    from publisher.reports.adopt import adopt_archive

    config, theme = load_project(find_config(Path.cwd()))
    story = RunConsole(output, Request())
    with story:
        taken, left, outcome = adopt_archive(config, theme, now, story.print_event)
    width = max((len(one.channel) for one in taken), default=0)
    for one in taken:
        issues = "1 issue" if one.new == 1 else f"{one.new} issues"
        place = one.destination and f"{one.destination} · "
        known = f", {one.known} were known" if one.known else ""
        output.line(f"✓ {one.channel.ljust(width)}  {place}{issues} marked as published{known}", "green")
    for other in left:
        output.line(f"  skipped: {other.path}: {other.reason}")
    code = outcome.exit_code if outcome else 0
    output.finish(
        {
            "adopted": [one._asdict() for one in taken],
            "left": [other._asdict() for other in left],
            "published": outcome and outcome_to_json(outcome, Request()),
            "exit": code,
        }
    )
    return code
