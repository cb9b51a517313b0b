"""`publish correct`: edit the messages of a published issue, or send a notice where they cannot be edited."""

from __future__ import annotations

import argparse
import datetime as dt

from publisher.cli.actions import build_sending_request, load_project, print_run, publish_issue
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.errors import ConfigError
from publisher.events import EventHandler, Outcome


def define(parser: CommandParser) -> None:
    parser.add_issue_argument(required=True)
    parser.add_channel_option()
    option = parser.options.add_argument
    option("--notice", metavar="TEXT", help="Only send TEXT to those who received the issue, in its thread")
    option("--to-me", action="store_true", help="Send the notice to yourself as a test")
    parser.add_sending_options()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish the edited issue, or send the notice."""
    request, text, to_me = build_sending_request(arguments, output), arguments.notice, arguments.to_me
    if text is None and to_me:
        raise ConfigError(
            "--to-me needs a notice to test",
            f'add --notice "TEXT"; to test the issue: publish --issue {arguments.issue} --to-me',
        )
    if text is None:
        return publish_issue(request._replace(correct=True), output, now)

    def send(report: EventHandler) -> Outcome:
        from publisher.pipeline.notice import send_notice

        return send_notice(*load_project(), request, text, now, report, test_send=to_me)

    return print_run(send, request, output, is_test=to_me)
