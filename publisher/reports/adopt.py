"""Beginning with what is there: a ledger on another machine, an archive that was published by other means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import NamedTuple
from zoneinfo import ZoneInfo

from publisher.archive.records import Edition, build_edition
from publisher.build.builder import build_feed_ping
from publisher.calendar.calendar import build_publication_key, open_read_only_run, read_records
from publisher.channel import ArchiveChannel, Channel, MessageChannel, PingChannel
from publisher.clock import Clock, resolve_local_time
from publisher.config import Config
from publisher.delivery import ledger_guard
from publisher.events import EventHandler, Outcome, Request
from publisher.ledger import PublicationKey
from publisher.ledger.calendar import adopt_publications as enter
from publisher.ledger.plan import compute_parts_digest
from publisher.pipeline.publish import publish
from publisher.run import RunContext
from publisher.theme import Theme


class AdoptedChannel(NamedTuple):
    """A channel on which old issues count as published: so many are new, so many were known before. One that
    only writes files has no destination."""

    channel: str
    destination: str
    new: int
    known: int


class SkippedIssue(NamedTuple):
    """A file of an issue that was not taken, and why."""

    path: str
    reason: str


def trust_ledger(config: Config, theme: Theme, now: dt.datetime) -> None:
    """Trust the ledger as it is, on this machine. Raises StorageError."""
    with closing(open_read_only_run(config, theme, Clock.running(now))) as run:
        ledger_guard.accept_ledger(run)


def adopt_archive(
    config: Config, theme: Theme, now: dt.datetime, report: EventHandler
) -> tuple[Sequence[AdoptedChannel], Sequence[SkippedIssue], Outcome | None]:
    """Take all issues dated before today as published on every channel that sends them one by one, and make
    what is made of the whole archive, such as pages and feeds. Nothing is sent to readers.

    Raises what `publish` does.
    """
    with closing(open_read_only_run(config, theme, Clock.running(now))) as run:
        found, today = read_records(run), run.now.date()
        current = build_edition(found.values(), today - dt.timedelta(days=1))
        later = {path: one for path, one in found.items() if one.date >= today.isoformat()}
        taken = [
            _adopt_issues(run, channel, current)
            for channel in config.channels
            if not isinstance(channel, ArchiveChannel)
        ]
        names = tuple(channel.name for channel in config.channels if isinstance(channel, ArchiveChannel))
        outcome = None
        if names and current.issues:
            request = Request(
                current.issues[0].path, names, skip_checks=True, held_back=frozenset(later), send_pings=False
            )
            outcome = publish(config, theme, request, now, report)
            done = {name for name, one in outcome.channels.items() if not one.error}
            _record_pings_as_sent(run, [channel for channel in config.channels if channel.name in done])
    left = [SkippedIssue(one.path, "it is a draft") for one in found.values() if one.draft]
    left += [SkippedIssue(path, fault.message) for path, fault in current.faults.items()]
    left += [
        SkippedIssue(path, f"it is dated {one.date}, and goes out then")
        for path, one in later.items()
        if not (one.draft or one.fault)
    ]
    return taken, left, outcome


def _adopt_issues(run: RunContext, channel: Channel, current: Edition) -> AdoptedChannel:
    """Take issues as published on a channel, each at its time."""
    config, zone = run.config, ZoneInfo(run.config.newsletter.timezone)
    days = {one.id: dt.date.fromisoformat(one.date) for one in current.issues}
    keys = {
        build_publication_key(config, channel, issue): resolve_local_time(
            *config.schedule.due_time(day, channel.name), zone
        )
        for issue, day in days.items()
    }
    new = enter(run.ledger, keys, run.started_at)
    place = channel.destination if isinstance(channel, MessageChannel) else ""
    return AdoptedChannel(channel.name, place, len(new), len(keys) - len(new))


def _record_pings_as_sent(run: RunContext, channels: Iterable[Channel]) -> None:
    """Have nobody told of the feeds as they are now, but of what changes from now on."""
    for channel in channels:
        if isinstance(channel, PingChannel) and (told := build_feed_ping(run, channel)):
            key = PublicationKey(told.id, told.channel.name, told.channel.destination)
            enter(
                run.ledger, {key: run.started_at}, run.started_at, compute_parts_digest(told.rendering.parts)
            )
