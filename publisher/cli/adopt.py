"""`publish adopt`: mark old issues as published, without sending them."""

from __future__ import annotations

import argparse
import datetime as dt
from contextlib import closing

from publisher.cli.actions import load_project, outcome_to_json
from publisher.cli.console import RunConsole
from publisher.cli.output import Output, plural
from publisher.events import Request


def run(_: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Adopt all issues dated before today."""
    from publisher.reports.adopt import adopt_archive

    config, theme = load_project()
    console = RunConsole(output, Request())
    with closing(console):
        adopted, skipped, outcome = adopt_archive(config, theme, now, console.print_event)
    width = max((len(group.channel) for group in adopted), default=0)
    for group in adopted:
        place = group.destination and f"{group.destination} · "
        known = f", {group.known} were known" if group.known else ""
        facts = f"{place}{group.new} {plural(group.new, 'issue')} marked as published{known}"
        output.line(f"✓ {group.channel.ljust(width)}  {facts}", "green")
    for entry in skipped:
        output.line(f"  skipped: {entry.path}: {entry.reason}")
    return output.finish(
        outcome.exit_code if outcome else 0,
        adopted=[group._asdict() for group in adopted],
        left=[entry._asdict() for entry in skipped],
        published=outcome and outcome_to_json(outcome, Request()),
    )
