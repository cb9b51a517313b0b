"""`publish reschedule`: publish an issue at another time."""

from __future__ import annotations

import argparse
import datetime as dt
import shlex

from publisher.calendar.overrides import set_override
from publisher.cli.actions import build_request, open_run
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.cli.upcoming import print_upcoming, scheduled_item_to_json
from publisher.delivery.ledger_guard import require_same_id
from publisher.ledger.meta import load_activity


def define(parser: CommandParser) -> None:
    parser.add_issue_argument(required=True)
    parser.arguments.add_argument(
        "when",
        nargs="+",
        metavar="WHEN",
        help="Time in the newsletter's time zone: 10:30, tomorrow 9:00, Friday, +2h or 2021-08-02 10:30",
    )
    parser.add_channel_option()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    return apply_override(arguments, output, now, when=" ".join(arguments.when))


def apply_override(
    arguments: argparse.Namespace,
    output: Output,
    now: dt.datetime,
    *,
    held: bool | None = None,
    when: str | None = None,
) -> int:
    """Record a hold or a new time for the issue and channels, and show its schedule."""
    with open_run(output, now) as run:
        require_same_id(run, accept=False)
        items = set_override(run, build_request(arguments), held=held, when=when)
        zone = run.now.tzinfo
        is_scheduled = load_activity(run.ledger, run.config.newsletter.id).is_active(run.clock.time())
    print_upcoming(items, zone, output)
    if held:
        named = (items[0].record.id, *(word for name in arguments.channel for word in ("--channel", name)))
        output.next_step(f"publish hold {shlex.join(named)} --release lets it go")
    elif not is_scheduled:
        output.next_step("start publish daemon, or run publish when it is due")
    return output.finish(0, to_come=[scheduled_item_to_json(item, zone) for item in items])
