"""`publish tick`: one look at the clock, for those whose system wakes programs by itself."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from publisher.cli.actions import load
from publisher.cli.log import Journal
from publisher.cli.output import Output
from publisher.cli.serve import define_log
from publisher.clock import Clock
from publisher.project import find

if TYPE_CHECKING:
    from publisher.cli.parser import Parser


def define(parser: Parser) -> None:
    """Add the arguments."""
    define_log(parser)


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish what is due; the exit code as of `publish`, for what went wrong or was told now."""
    from publisher.daemon.scheduler import Ticker

    journal = Journal(output, structured=arguments.log == "json")
    config, theme = load(find(Path.cwd()), keep=True)
    journal.hear(config)
    done = Ticker(journal.tell, Event()).tick(config, theme, Clock.running(now))
    output.finish(
        {
            "news": [news._asdict() for news in journal.told],
            "next": done.next and done.next.isoformat(timespec="seconds"),
            "exit": done.exit_code,
        }
    )
    return done.exit_code
