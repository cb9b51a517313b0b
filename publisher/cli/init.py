"""`publish init`: create the files of a newsletter."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from publisher.cli.output import Output
from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    parser.arguments.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="Where to create it [default: the current folder]",
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    from publisher.scaffold import create_newsletter

    created = create_newsletter(arguments.folder, today=now.astimezone().date())
    for path in created.created:
        output.line(f"created {path}")
    if created.source_issue:
        output.info(f"  name and tagline were taken from {created.source_issue}; review {created.created[0]}")
    change_folder = "" if arguments.folder == Path() else f"cd {arguments.folder} && "
    output.info(f"next: {change_folder}publish")
    return output.finish(0, created=[str(path) for path in created.created])
