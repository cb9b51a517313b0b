"""Beginning with what is there: a ledger on another machine, an archive that was published by other means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import NamedTuple
from zoneinfo import ZoneInfo

from publisher.archive.records import Edition, edition
from publisher.build.builder import announcement
from publisher.calendar.calendar import key_of, looking, records
from publisher.channel import AnnouncedChannel, ArchiveChannel, Channel, LiveChannel
from publisher.clock import Clock, moment_of
from publisher.config import Config
from publisher.delivery import ledger_guard
from publisher.events import Outcome, Report, Request
from publisher.ledger import Key
from publisher.ledger.calendar import adopt as enter
from publisher.ledger.plan import digest_of
from publisher.pipeline.publish import publish
from publisher.run import Run
from publisher.theme import Theme


class Adopted(NamedTuple):
    """A channel on which old issues count as published: so many are new, so many were known before. One that
    only writes files has no destination."""

    channel: str
    destination: str
    new: int
    known: int


class Left(NamedTuple):
    """A file of an issue that was not taken, and why."""

    path: str
    reason: str


def adopt(config: Config, theme: Theme, now: dt.datetime) -> None:
    """Trust the ledger as it is, on this machine. Raises StorageError."""
    with closing(looking(config, theme, Clock.running(now))) as run:
        ledger_guard.adopt(run)


def adopt_archive(
    config: Config, theme: Theme, now: dt.datetime, report: Report
) -> tuple[Sequence[Adopted], Sequence[Left], Outcome | None]:
    """Take all issues dated before today as published on every channel that sends them one by one, and make
    what is made of the whole archive, such as pages and feeds. Nothing is sent to readers.

    Raises what `publish` does.
    """
    with closing(looking(config, theme, Clock.running(now))) as run:
        found, today = records(run), run.now.date()
        current = edition(found.values(), today - dt.timedelta(days=1))
        later = {path: one for path, one in found.items() if one.date >= today.isoformat()}
        taken = [
            _take(run, channel, current)
            for channel in config.channels
            if not isinstance(channel, ArchiveChannel)
        ]
        names = tuple(channel.name for channel in config.channels if isinstance(channel, ArchiveChannel))
        outcome = None
        if names and current.issues:
            request = Request(
                current.issues[0].path, names, unchecked=True, not_yet=frozenset(later), announce=False
            )
            outcome = publish(config, theme, request, now, report)
            done = {name for name, one in outcome.channels.items() if not one.error}
            _hush(run, [channel for channel in config.channels if channel.name in done])
    left = [Left(one.path, "it is a draft") for one in found.values() if one.draft]
    left += [Left(path, fault.message) for path, fault in current.faults.items()]
    left += [
        Left(path, f"it is dated {one.date}, and goes out then")
        for path, one in later.items()
        if not (one.draft or one.fault)
    ]
    return taken, left, outcome


def _take(run: Run, channel: Channel, current: Edition) -> Adopted:
    """Take issues as published on a channel, each at its time."""
    config, zone = run.config, ZoneInfo(run.config.publication.timezone)
    days = {one.id: dt.date.fromisoformat(one.date) for one in current.issues}
    keys = {
        key_of(config, channel, issue): moment_of(*config.schedule.turn(day, channel.name), zone)
        for issue, day in days.items()
    }
    new = enter(run.ledger, keys, run.when)
    place = channel.destination if isinstance(channel, LiveChannel) else ""
    return Adopted(channel.name, place, len(new), len(keys) - len(new))


def _hush(run: Run, channels: Iterable[Channel]) -> None:
    """Have nobody told of the feeds as they are now, but of what changes from now on."""
    for channel in channels:
        if isinstance(channel, AnnouncedChannel) and (told := announcement(run, channel)):
            key = Key(told.id, told.channel.name, told.channel.destination)
            enter(run.ledger, {key: run.when}, run.when, digest_of(told.rendering.parts))
