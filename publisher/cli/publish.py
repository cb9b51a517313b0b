"""`publish`: publish an issue to the enabled channels and print the result of each."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from publisher.build.up_to_date import check_up_to_date
from publisher.cli.actions import build_request, load_project, outcome_to_json, run_publish
from publisher.cli.console import RunConsole
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.events import Request
from publisher.project import find_config


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish, and return the exit code."""
    path = find_config(Path.cwd())
    request = build_request(arguments, path.parent, output)
    request = request._replace(out=arguments.out and Path.cwd() / arguments.out)
    if arguments.to_me:
        return _run_test_send(path, request, output, now)
    outcome = check_up_to_date(path.parent, request, now)
    if outcome is None:
        return run_publish(path, request, output, now)
    console = RunConsole(output, request)
    console.print_unchanged(outcome)
    console.print_summary(outcome)
    output.finish(outcome_to_json(outcome, request))
    return outcome.exit_code


def _run_test_send(path: Path, request: Request, output: Output, now: dt.datetime) -> int:
    from publisher.pipeline.test_send import send_test

    if request.out:
        raise ConfigError("--to-me sends a test and writes no files", "use --to-me or --out, not both")
    console = RunConsole(output, request)
    with console:
        outcome = send_test(*load_project(path), request, now, console.print_event)
    console.print_summary(outcome)
    output.finish({**outcome_to_json(outcome, request), "proof": True})
    return outcome.exit_code
