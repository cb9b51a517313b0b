"""`publish tick`: one pass of the scheduler, for cron and systemd timers."""

from __future__ import annotations

import argparse
import datetime as dt
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from zoneinfo import ZoneInfo

from publisher.cli.actions import load_project
from publisher.cli.daemon import add_log_option
from publisher.cli.log import DaemonLog
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.cli.upcoming import format_due_time
from publisher.clock import Clock


def define(parser: CommandParser) -> None:
    add_log_option(parser)


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish what is due; return the exit code as of `publish`, for errors of this pass only."""
    from publisher.daemon.scheduler import Scheduler

    log = DaemonLog(output, structured=arguments.log == "json")
    config, theme = load_project(cache_templates=True)
    log.config = config
    with stop_on_signals() as stop:
        result = Scheduler(log.log_event, stop).run_pass(config, theme, Clock.running(now))
    if output.message_terminal and not log.recent and result.next_due:  # cron wants nothing to be said
        output.info(f"nothing is due before {format_due_time(result.next_due, ZoneInfo(config.newsletter.timezone))}")
    return output.finish(
        result.exit_code,
        news=[event._asdict() for event in log.recent],
        next=result.next_due and result.next_due.isoformat(timespec="seconds"),
    )


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """Give an event that SIGTERM and Ctrl+C set, so that a pass ends after the deliveries in progress. A second signal
    ends the process at once, and what is in progress is unknown."""
    stop = Event()

    def handle(*_: object) -> None:
        for number in old_handlers:
            signal.signal(number, signal.SIG_DFL)
        Thread(target=stop.set).start()  # not here: the interrupted code may hold the lock of the event

    old_handlers = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in old_handlers.items():
            signal.signal(number, handler)
