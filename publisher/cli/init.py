"""`publish init`: create the files of a newsletter."""

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
        "folder",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="Where to create it [default: the current folder]",
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Create the files and return 0."""
    from publisher.scaffold import create_newsletter

    created = create_newsletter(arguments.folder, today=now.astimezone().date())
    for path in created.created:
        output.line(f"created {path}")
    if created.source_issue:
        output.info(f"  name and tagline were taken from {created.source_issue}; review {created.created[0]}")
    change_folder = "" if arguments.folder == Path() else f"cd {arguments.folder} && "
    output.info(f"next: {change_folder}publish")
    output.finish({"created": [str(path) for path in created.created], "exit": 0})
    return 0
