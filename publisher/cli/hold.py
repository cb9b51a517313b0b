"""`publish hold`: keep an issue from going out by itself."""

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
    parser.options.add_argument("--release", action="store_true", help="let it go out again")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Note it, and show what is to come of the issue; 0."""
    return apply_override(arguments, output, now, held=not arguments.release)
