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
    """Add no arguments."""


def run(_: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Adopt all issues dated before today and return the exit code."""
    from publisher.reports.adopt import adopt_archive

    config, theme = load_project(find_config(Path.cwd()))
    console = RunConsole(output, Request())
    with console:
        adopted, skipped, outcome = adopt_archive(config, theme, now, console.print_event)
    width = max((len(group.channel) for group in adopted), default=0)
    for group in adopted:
        issues = "1 issue" if group.new == 1 else f"{group.new} issues"
        place = group.destination and f"{group.destination} · "
        known = f", {group.known} were known" if group.known else ""
        output.line(f"✓ {group.channel.ljust(width)}  {place}{issues} marked as published{known}", "green")
    for entry in skipped:
        output.line(f"  skipped: {entry.path}: {entry.reason}")
    code = outcome.exit_code if outcome else 0
    output.finish(
        {
            "adopted": [group._asdict() for group in adopted],
            "left": [entry._asdict() for entry in skipped],
            "published": outcome and outcome_to_json(outcome, Request()),
            "exit": code,
        }
    )
    return code
