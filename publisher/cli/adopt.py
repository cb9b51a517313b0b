"""`publish adopt`: trust the ledger that is here, or take an archive as published."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import as_json, load
from publisher.cli.console import Story
from publisher.cli.output import Output
from publisher.events import Request
from publisher.project import find

if TYPE_CHECKING:
    from publisher.cli.parser import Parser


def define(parser: Parser) -> None:
    """Add the arguments."""
    parser.options.add_argument(
        "--archive",
        action="store_true",
        help="take all issues dated before today as published: make pages and feeds, send nothing",
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Adopt; the exit code."""
    from publisher.reports.adopt import adopt, adopt_archive

    config, theme = load(find(Path.cwd()))
    if not arguments.archive:
        adopt(config, theme, now)
        output.line("the ledger is trusted as it is: this machine may send from now on")
        output.finish({"exit": 0})
        return 0
    story = Story(output, Request())
    with story:
        taken, left, outcome = adopt_archive(config, theme, now, story.tell)
    width = max((len(one.channel) for one in taken), default=0)
    for one in taken:
        issues = "1 issue" if one.new == 1 else f"{one.new} issues"
        place = one.destination and f"{one.destination} · "
        known = f", {one.known} known before" if one.known else ""
        output.line(f"✓ {one.channel.ljust(width)}  {place}{issues} taken as published{known}", "green")
    for other in left:
        output.line(f"  not taken: {other.path}: {other.reason}")
    code = outcome.exit_code if outcome else 0
    output.finish(
        {
            "adopted": [one._asdict() for one in taken],
            "left": [other._asdict() for other in left],
            "published": outcome and as_json(outcome, Request()),
            "exit": code,
        }
    )
    return code
