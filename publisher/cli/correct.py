"""`publish correct`: edit the messages of a published issue, or send a notice where they cannot be edited."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import build_request, load_project, outcome_to_json, run_publish
from publisher.cli.console import RunConsole
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser
    from publisher.events import Request


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.add_issue_argument(required=True)
    parser.add_channel_option()
    option = parser.options.add_argument
    option("--notice", metavar="TEXT", help="Only send TEXT to those who received the issue, in its thread")
    option("--to-me", action="store_true", help="Send the notice to yourself as a test")
    parser.add_sending_options()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish, and return the exit code."""
    path = find_config(Path.cwd())
    request = build_request(arguments, path.parent, output)
    if arguments.notice is not None:
        return _run_notice(path, request, arguments.notice, output, now, to_me=arguments.to_me)
    if arguments.to_me:
        raise ConfigError(
            "--to-me needs a notice to test",
            f'add --notice "TEXT"; to test the issue: publish --issue {arguments.issue} --to-me',
        )
    return run_publish(path, request._replace(correct=True), output, now)


def _run_notice(
    path: Path, request: Request, text: str, output: Output, now: dt.datetime, *, to_me: bool
) -> int:
    from publisher.pipeline.notice import send_notice

    console = RunConsole(output, request)
    with console:
        outcome = send_notice(*load_project(path), request, text, now, console.print_event, test_send=to_me)
    console.print_summary(outcome)
    output.finish({**outcome_to_json(outcome, request), **({"proof": True} if to_me else {})})
    return outcome.exit_code
