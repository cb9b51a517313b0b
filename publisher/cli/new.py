"""`publish new`: create the next issue."""

from __future__ import annotations

import argparse
import datetime as dt
import shlex
from pathlib import Path
from zoneinfo import ZoneInfo

from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.errors import ConfigError
from publisher.project import find_config


def define(parser: CommandParser) -> None:
    parser.arguments.add_argument(
        "date",
        nargs="?",
        type=_parse_date_argument,
        metavar="DATE",
        help="Date of the issue, such as 2021-08-01 [default: the next one]",
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    from publisher import config, registry
    from publisher.scaffold import create_issue

    loaded = config.load_config(find_config(Path.cwd()), registry.load_channel)
    today = now.astimezone(ZoneInfo(loaded.newsletter.timezone)).date()
    created = create_issue(loaded, today=today, date=arguments.date)
    path = created.path.relative_to(loaded.root)
    if arguments.date or not created.previous_date:
        reason = f"last issue {created.previous_date}" if created.previous_date else "the first issue"
    else:
        interval = "every day" if created.interval_days == 1 else f"every {created.interval_days} days"
        reason = f"next date by your schedule: {interval}; last issue {created.previous_date}"
    output.line(f"created {path}  ({reason})")
    output.info("  marked as a draft: remove `draft: true` when it is ready")
    output.next_step(f"write it, and look at it with publish {shlex.quote(str(path))} --dry-run")
    return output.finish(0, created=str(path), date=created.date.isoformat())


def _parse_date_argument(argument: str) -> dt.date:
    try:
        return dt.date.fromisoformat(argument)
    except ValueError:
        raise ConfigError(f"{argument} is not a date", "like 2021-08-01") from None
