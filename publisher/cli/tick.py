"""`publish tick`: one look at the clock, for those whose system wakes programs by itself."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from publisher.cli.actions import load_project
from publisher.cli.daemon import add_log_option
from publisher.cli.log import DaemonLog
from publisher.cli.output import Output
from publisher.clock import Clock
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    add_log_option(parser)


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish what is due; the exit code as of `publish`, for what went wrong or was told now."""
    from publisher.daemon.scheduler import Scheduler

    journal = DaemonLog(output, structured=arguments.log == "json")
    config, theme = load_project(find_config(Path.cwd()), cache_templates=True)
    journal.set_config(config)
    done = Scheduler(journal.log_event, Event()).run_pass(config, theme, Clock.running(now))
    output.finish(
        {
            "news": [news._asdict() for news in journal.recent],
            "next": done.next_due and done.next_due.isoformat(timespec="seconds"),
            "exit": done.exit_code,
        }
    )
    return done.exit_code
