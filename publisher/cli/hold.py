"""`publish hold`: keep an issue from being published automatically."""

from __future__ import annotations

import argparse
import datetime as dt

from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.cli.reschedule import apply_override


def define(parser: CommandParser) -> None:
    parser.add_issue_argument(required=True)
    parser.add_channel_option()
    parser.options.add_argument("--release", action="store_true", help="Remove the hold")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    return apply_override(arguments, output, now, held=not arguments.release)
