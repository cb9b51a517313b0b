"""`publish hold`: keep an issue from being published automatically."""

from __future__ import annotations

import argparse
import datetime as dt
import shlex

from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.cli.reschedule import apply_override


def define(parser: CommandParser) -> None:
    parser.add_issue_argument(required=True)
    parser.add_channel_option()
    parser.options.add_argument("--release", action="store_true", help="Remove the hold")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    words = [arguments.issue, *(word for name in arguments.channel for word in ("--channel", name)), "--release"]
    next_step = "" if arguments.release else f"publish hold {shlex.join(words)} lets it go"
    return apply_override(arguments, output, now, held=not arguments.release, next_step=next_step)
