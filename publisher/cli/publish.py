"""`publish`: bring the channels up to date, and say what became of each."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from publisher.build.up_to_date import nothing_to_do
from publisher.cli.actions import as_json, carry_out, load, request_of
from publisher.cli.console import Story
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.events import Request
from publisher.project import find


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish; the exit code."""
    path = find(Path.cwd())
    request = request_of(arguments, path.parent, output)
    request = request._replace(out=arguments.out and Path.cwd() / arguments.out)
    if arguments.to_me:
        return _send_proof(path, request, output, now)
    outcome = nothing_to_do(path.parent, request, now)
    if outcome is None:
        return carry_out(path, request, output, now)
    story = Story(output, request)
    story.tell_at_once(outcome)
    story.end(outcome)
    output.finish(as_json(outcome, request))
    return outcome.exit_code


def _send_proof(path: Path, request: Request, output: Output, now: dt.datetime) -> int:
    from publisher.pipeline.test_send import send_proof

    if request.out:
        raise ConfigError("a proof is sent, not written", "leave out one of --to-me and --out")
    story = Story(output, request)
    with story:
        outcome = send_proof(*load(path), request, now, story.tell)
    story.end(outcome)
    output.finish({**as_json(outcome, request), "proof": True})
    return outcome.exit_code
