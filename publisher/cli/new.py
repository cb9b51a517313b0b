"""`publish new`: begin the next issue."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.arguments.add_argument(
        "date", nargs="?", type=_parse_date_argument, metavar="DATE", help="its date, like 2021-08-01"
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Write the issue; the exit code."""
    from publisher import config, registry
    from publisher.scaffold import create_issue

    found = config.load_config(find_config(Path.cwd()), registry.load_channel)
    today = now.astimezone(ZoneInfo(found.newsletter.timezone)).date()
    made = create_issue(found, today=today, date=arguments.date)
    path = made.path.relative_to(found.root)
    if arguments.date or not made.previous_date:
        reason = f"last issue {made.previous_date}" if made.previous_date else "the first issue"
    else:
        reason = f"next date by your rhythm: every {made.interval_days} days; last issue {made.previous_date}"
    output.line(f"created {path}  ({reason})")
    output.info("  a draft: take out `draft: true` when it is done")
    output.finish({"created": str(path), "date": made.date.isoformat(), "exit": 0})
    return 0


def _parse_date_argument(word: str) -> dt.date:
    try:
        return dt.date.fromisoformat(word)
    except ValueError:
        raise ConfigError(f"{word} is not a date", "like 2021-08-01") from None
