"""`publish retry`: send failed and postponed messages again."""

from __future__ import annotations

import argparse
import datetime as dt

from publisher.cli.actions import build_sending_request, publish_issue
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    parser.add_issue_argument()
    parser.add_channel_option()
    parser.add_sending_options()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    request = build_sending_request(arguments, output)._replace(retry=True)
    return publish_issue(request, output, now)
