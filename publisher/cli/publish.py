"""`publish`: publish an issue to the enabled channels and print the result of each."""

from __future__ import annotations

import argparse
import datetime as dt
from contextlib import closing
from pathlib import Path

from publisher.build.up_to_date import check_up_to_date
from publisher.cli.actions import build_sending_request, load_project, print_run, publish_issue, resolve_issue_argument
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.events import EventHandler, IssueChosen, Outcome, RunWarning
from publisher.project import find_config


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish, or send the issue as a test."""
    if error := arguments.word_error:
        _require_issue(arguments.issue, error, now)
    request = build_sending_request(arguments, output)
    request = request._replace(
        out=arguments.out and Path.cwd() / arguments.out, again=arguments.again, accept_new_id=arguments.accept_new_id
    )
    if arguments.to_me:
        if request.out:
            raise ConfigError("--to-me sends a test and writes no files", "use --to-me or --out, not both")

        def send(report: EventHandler) -> Outcome:
            from publisher.pipeline.test_send import send_test

            return send_test(*load_project(), request, now, report)

        return print_run(send, request, output, is_test=True, after_test="publish")
    unchecked = request.dry_run  # which has something to look at, even if nothing would change
    outcome = None if unchecked else check_up_to_date(find_config(Path.cwd()).parent, request, now)
    if outcome is None:
        return publish_issue(request, output, now)

    def report_unchanged(report: EventHandler) -> Outcome:
        if outcome.issue:
            report(IssueChosen(outcome.issue, newest=True))
        for warning in outcome.warnings:
            report(RunWarning(warning))
        return outcome

    return print_run(report_unchanged, request, output)


def _require_issue(word: str, error: ConfigError, now: dt.datetime) -> None:
    """Raise the error, which is about an unknown command, if no issue has the name `word`."""
    from publisher.archive.naming import UnknownIssueError, find_issue
    from publisher.calendar.calendar import read_records
    from publisher.run import RunContext

    try:
        find_config(Path.cwd())
    except ConfigError:
        raise error from None
    try:
        with closing(RunContext.open(*load_project(), now)) as run:
            find_issue(resolve_issue_argument(word), read_records(run), run.now.date())
    except UnknownIssueError:
        raise error from None
