"""`publish bounces`: record the bounce or complaint in an email, for the mail server that receives it."""

from __future__ import annotations

import argparse
import datetime as dt
import sys

from publisher.cli.actions import open_run
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.errors import ConfigError, PublisherError

_NOT_OURS = 1
_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the email


def define(parser: CommandParser) -> None:
    parser.description = (
        "Record the bounce or complaint that is read from standard input. Have your mail server pipe the emails for "
        "`[subscribers] bounces` to it. The exit code is 0 for a report, 1 for other emails, and 75 if the mail server "
        "has to try again."
    )


def run(_: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Record the report on standard input; return the exit code for the mail server."""
    if sys.stdin is None or sys.stdin.isatty():
        raise ConfigError("there is no email on standard input", "publish bounces < returned.eml")
    raw = _read_mail()
    try:
        return _record_report(raw, output, now)
    except PublisherError as error:
        return output.finish_with_error(error.message, error.hint, _TRY_AGAIN)


def _read_mail() -> bytes:
    """Read no more of standard input than a report has."""
    from publisher.bounces.returned_mail import MAX_MAIL_BYTES

    raw: bytes = sys.stdin.buffer.read(MAX_MAIL_BYTES + 1)
    return raw


def _record_report(raw: bytes, output: Output, now: dt.datetime) -> int:
    from publisher.bounces.effects import BounceRecorder
    from publisher.bounces.returned_mail import parse_returned_mail

    with open_run(output, now) as run:
        settings, subscribers = run.config.subscribers, run.subscribers
        if settings is None or subscribers is None or not settings.bounces:
            raise ConfigError("no address for bounces is set", 'bounces = "bounces@example.org" in [subscribers]')
        report = parse_returned_mail(raw, settings.bounces)
        effect = BounceRecorder(subscribers).record(report.feedback, now) if report.feedback else None
    if effect is None and (report.feedback or not report.token):
        output.info(f"not recorded: {report.reason or 'it is about no subscriber'}")
        return output.finish(_NOT_OURS, recorded=False, reason=report.reason)
    kind = effect.kind.value if effect else ""
    state = effect.state.value if effect and effect.state else ""
    return output.finish(0, recorded=effect is not None, kind=kind, state=state, reason=report.reason)
