"""Accepts an archive that was published by other means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import closing
from zoneinfo import ZoneInfo

from publisher.archive.output_folder import OutputFolder
from publisher.archive.records import Edition, build_edition
from publisher.build.messages import build_feed_ping
from publisher.build.output import require_own_feeds
from publisher.calendar.calendar import read_records
from publisher.channel import ArchiveChannel, Channel
from publisher.clock import resolve_local_time
from publisher.config import Config
from publisher.delivery import ledger_guard
from publisher.events import EventHandler, Outcome, Request
from publisher.ledger import PublicationKey
from publisher.ledger.calendar import adopt_publications, record_adopted
from publisher.ledger.destinations import build_publication_key, load_all_destination_ids
from publisher.ledger.plan import compute_parts_digest
from publisher.named_tuple import NamedTuple
from publisher.pipeline.publish import publish
from publisher.run import RunContext
from publisher.theme import Theme


class AdoptedChannel(NamedTuple):
    """A channel on which old issues now count as published: how many are new, how many were known before.

    `destination` is empty for a channel that only writes files.
    """

    channel: str
    destination: str
    new: int
    known: int


class SkippedIssue(NamedTuple):
    """An issue file that was not adopted, and why."""

    path: str
    reason: str


def adopt_archive(
    config: Config, theme: Theme, now: dt.datetime, report: EventHandler, *, accept_feed_ids: bool = False
) -> tuple[Sequence[AdoptedChannel], Sequence[SkippedIssue], Outcome | None]:
    """Record all issues dated before today as published on every channel without an archive, also on those that
    are set up later, and build pages and feeds. Nothing is sent to subscribers.

    `accept_feed_ids`: entries may get another id in feeds than they had.

    Raises what `publish` does.
    """
    with closing(RunContext.open(config, theme, now)) as run:
        ledger_guard.require_same_id(run, accept=False)
        require_own_feeds(run)
        records, today = read_records(run), run.now.date()
        edition = build_edition(records.values(), today - dt.timedelta(days=1))
        later = {path: record for path, record in records.items() if record.date >= today.isoformat()}
        ledger_guard.note_newsletter(run, later.values())
        record_adopted(run.ledger, [f"{config.newsletter.id}/{record.id}" for record in edition.issues], now)
        adopted = [
            _adopt_issues(run, channel, edition)
            for channel in config.channels
            if not isinstance(channel, ArchiveChannel)
        ]
        names = tuple(channel.name for channel in config.channels if isinstance(channel, ArchiveChannel))
        outcome = None
        if names and edition.issues:
            request = Request(
                edition.issues[0].path,
                names,
                skip_checks=True,
                held_back=frozenset(later),
                send_pings=False,
                accept_new_id=accept_feed_ids,
            )
            outcome = publish(config, theme, request, now, report)
            done = {name for name, channel in outcome.channels.items() if not channel.error}
            _record_pings_as_sent(run, [channel for channel in config.channels if channel.name in done])
    skipped = [SkippedIssue(record.path, "it is a draft") for record in records.values() if record.draft]
    skipped += [SkippedIssue(path, fault.message) for path, fault in edition.faults.items()]
    skipped += [
        SkippedIssue(path, f"it is dated {record.date} and not due yet")
        for path, record in later.items()
        if not (record.draft or record.fault)
    ]
    return adopted, skipped, outcome


def _adopt_issues(run: RunContext, channel: Channel, edition: Edition) -> AdoptedChannel:
    """Record issues as published on a channel, each at its due time."""
    config, zone = run.config, ZoneInfo(run.config.newsletter.timezone)
    ids = load_all_destination_ids(run.ledger)
    days = {record.id: dt.date.fromisoformat(record.date) for record in edition.issues}
    keys = {
        build_publication_key(config.newsletter, channel, issue, ids): resolve_local_time(
            *config.schedule.due_time(day, channel.name), zone
        )
        for issue, day in days.items()
    }
    new = adopt_publications(run.ledger, keys, run.started_at)
    return AdoptedChannel(channel.name, channel.active_destination, len(new), len(keys) - len(new))


def _record_pings_as_sent(run: RunContext, channels: Iterable[Channel]) -> None:
    """Record the current feeds as reported, so that only later changes are."""
    site = OutputFolder(run.output_folder, run.home)
    for channel in channels:
        if message := build_feed_ping(run, channel, site):
            key = PublicationKey(message.id, message.channel.name, message.channel.active_destination)
            digest = compute_parts_digest(message.rendering.parts)
            adopt_publications(run.ledger, {key: run.started_at}, run.started_at, digest)
