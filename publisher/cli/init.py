"""`publish init`: begin a newsletter."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.output import Output

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.arguments.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="where (here)"
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Make the files; the exit code."""
    from publisher.scaffold import create_newsletter

    made = create_newsletter(arguments.folder, today=now.astimezone().date())
    for path in made.created:
        output.line(f"created {path}")
    if made.source_issue:
        output.info(f"  name and tagline are those of {made.source_issue}; look through {made.created[0]}")
    place = "" if arguments.folder == Path() else f"cd {arguments.folder} && "
    output.info(f"next: {place}publish")
    output.finish({"created": [str(path) for path in made.created], "exit": 0})
    return 0
