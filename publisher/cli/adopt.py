"""`publish adopt`: mark old issues as published, without sending them."""

from __future__ import annotations

import argparse
import datetime as dt
from contextlib import closing
from typing import TYPE_CHECKING

from publisher.cli.actions import load_project, open_run, outcome_to_json
from publisher.cli.console import RunConsole
from publisher.cli.outcome_text import format_next_step
from publisher.cli.output import Output, plural
from publisher.cli.parser import CommandParser
from publisher.events import Request

if TYPE_CHECKING:
    from publisher.reports.adopt_feed import AdoptedFeed

_MAX_LISTED = 10
"""At most this number of entries without an issue is listed."""


def define(parser: CommandParser) -> None:
    parser.options.add_argument(
        "--feed",
        metavar="FILE|URL",
        action="append",
        default=[],
        help="Keep the ids of the entries in this feed, which another program wrote",
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Adopt all issues dated before today, after the ids of a feed."""
    from publisher.reports.adopt import adopt_archive

    feed = _adopt_feeds(arguments.feed, output, now) if arguments.feed else None
    config, theme = load_project()
    console = RunConsole(output, Request())
    with closing(console):
        adopted, skipped, outcome = adopt_archive(
            config, theme, now, console.print_event, accept_feed_ids=feed is not None
        )
    width = max((len(group.channel) for group in adopted), default=0)
    for group in adopted:
        place = group.destination and f"{group.destination} · "
        known = f", {group.known} were known" if group.known else ""
        facts = f"{place}{group.new} {plural(group.new, 'issue')} marked as published{known}"
        output.line(f"✓ {group.channel.ljust(width)}  {facts}", "green")
    for entry in skipped:
        output.line(f"  skipped: {entry.path}: {entry.reason}")
    if outcome:
        output.next_step(format_next_step(outcome, Request()))
    return output.finish(
        outcome.exit_code if outcome else 0,
        adopted=[group._asdict() for group in adopted],
        left=[entry._asdict() for entry in skipped],
        published=outcome and outcome_to_json(outcome, Request()),
        feed=feed and feed._asdict(),
    )


def _adopt_feeds(sources: list[str], output: Output, now: dt.datetime) -> AdoptedFeed:
    from publisher.reports.adopt_feed import adopt_feeds

    with open_run(output, now) as run:
        feed = adopt_feeds(run, sources)
    derived = f" · {feed.derived} older {plural(feed.derived, 'issue')} with ids made in the same way"
    facts = f"{feed.kept} {plural(feed.kept, 'issue')} with the ids of the feed{derived if feed.derived else ''}"
    output.line(f"✓ feed  {facts}", "green")
    if feed.new:
        output.warning(
            f"{feed.new} {plural(feed.new, 'issue')} not in the feed: feed readers may show them as new; "
            "`entries` in [channels.rss] limits how many are in the feeds"
        )
    for entry in feed.missing[:_MAX_LISTED]:
        output.line(f"  no issue for the entry: {entry}")
    if len(feed.missing) > _MAX_LISTED:
        output.line(f"  and {len(feed.missing) - _MAX_LISTED} more, which --json lists")
    return feed
