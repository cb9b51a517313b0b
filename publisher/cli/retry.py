"""`publish retry`: send failed and postponed messages again."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import build_request, run_publish
from publisher.cli.output import Output
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.add_issue_argument()
    parser.add_channel_option()
    parser.add_sending_options()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish, and return the exit code."""
    path = find_config(Path.cwd())
    request = build_request(arguments, path.parent, output)._replace(retry=True)
    return run_publish(path, request, output, now)
