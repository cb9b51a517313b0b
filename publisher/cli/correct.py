"""`publish correct`: change what is out, after an edit; or write to those who have what cannot be changed."""

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
    option("--notice", metavar="TEXT", help="only write TEXT to those who have the issue, in its thread")
    option("--to-me", action="store_true", help="send a proof of the notice to yourself")
    parser.add_sending_options()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish; the exit code."""
    path = find_config(Path.cwd())
    request = build_request(arguments, path.parent, output)
    if arguments.notice is not None:
        return _run_notice(path, request, arguments.notice, output, now, to_me=arguments.to_me)
    if arguments.to_me:
        raise ConfigError(
            "there is no notice to send a proof of",
            f'--notice "TEXT"; of the issue: publish --issue {arguments.issue} --to-me',
        )
    return run_publish(path, request._replace(correct=True), output, now)


def _run_notice(
    path: Path, request: Request, text: str, output: Output, now: dt.datetime, *, to_me: bool
) -> int:
    from publisher.pipeline.notice import send_notice

    story = RunConsole(output, request)
    with story:
        outcome = send_notice(*load_project(path), request, text, now, story.print_event, test_send=to_me)
    story.print_summary(outcome)
    output.finish({**outcome_to_json(outcome, request), **({"proof": True} if to_me else {})})
    return outcome.exit_code
