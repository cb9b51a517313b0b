"""`publish correct`: change what is out, after an edit; or write to those who have what cannot be changed."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import as_json, carry_out, load, request_of
from publisher.cli.console import Story
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.project import find

if TYPE_CHECKING:
    from publisher.cli.parser import Parser
    from publisher.events import Request


def define(parser: Parser) -> None:
    """Add the arguments."""
    parser.define_issue(needed=True)
    parser.define_channels()
    option = parser.options.add_argument
    option("--notice", metavar="TEXT", help="only write TEXT to those who have the issue, in its thread")
    option("--to-me", action="store_true", help="send a proof of the notice to yourself")
    parser.define_sending()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish; the exit code."""
    path = find(Path.cwd())
    request = request_of(arguments, path.parent, output)
    if arguments.notice is not None:
        return _notify(path, request, arguments.notice, output, now, to_me=arguments.to_me)
    if arguments.to_me:
        raise ConfigError(
            "there is no notice to send a proof of",
            f'--notice "TEXT"; of the issue: publish --issue {arguments.issue} --to-me',
        )
    return carry_out(path, request._replace(correct=True), output, now)


def _notify(path: Path, request: Request, text: str, output: Output, now: dt.datetime, *, to_me: bool) -> int:
    from publisher.pipeline.notice import notify

    story = Story(output, request)
    with story:
        outcome = notify(*load(path), request, text, now, story.tell, to_me=to_me)
    story.end(outcome)
    output.finish({**as_json(outcome, request), **({"proof": True} if to_me else {})})
    return outcome.exit_code
