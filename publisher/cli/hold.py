"""`publish hold`: keep an issue from being published automatically."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING

from publisher.cli.output import Output
from publisher.cli.reschedule import apply_override

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.add_issue_argument(required=True)
    parser.add_channel_option()
    parser.options.add_argument("--release", action="store_true", help="Remove the hold")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Record the hold or its release, show the schedule of the issue and return 0."""
    return apply_override(arguments, output, now, held=not arguments.release)
