"""`publish tick`: one pass of the scheduler, for cron and systemd timers."""

from __future__ import annotations

import argparse
import datetime as dt
from threading import Event

from publisher.cli.actions import load_project
from publisher.cli.daemon import add_log_option
from publisher.cli.log import DaemonLog
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.clock import Clock


def define(parser: CommandParser) -> None:
    add_log_option(parser)


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish what is due; return the exit code as of `publish`, for errors of this pass only."""
    from publisher.daemon.scheduler import Scheduler

    log = DaemonLog(output, structured=arguments.log == "json")
    config, theme = load_project(cache_templates=True)
    log.config = config
    result = Scheduler(log.log_event, Event()).run_pass(config, theme, Clock.running(now))
    return output.finish(
        result.exit_code,
        news=[event._asdict() for event in log.recent],
        next=result.next_due and result.next_due.isoformat(timespec="seconds"),
    )
