"""What is to come: every issue on every channel, when it is due, and what would stop it. Only looked at; the
ledger and the sources are asked anew each time, and nothing is planned ahead."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from publisher.archive.index import Index
from publisher.archive.records import Edition, Record, edition
from publisher.build.process_pool import Crew
from publisher.build.renderer import Desk
from publisher.build.sources import Shelf, read, sources
from publisher.channel import ArchiveChannel, Channel, LiveChannel
from publisher.clock import Clock, moment_of
from publisher.config import Config
from publisher.delivery.job import shortfall
from publisher.errors import PublisherError
from publisher.events import Request
from publisher.ledger import Counts, Key, Ledger, Standing
from publisher.ledger.calendar import (
    Decision,
    Insistence,
    decisions,
    insistences,
    published,
    ready,
    told,
    unfinished,
)
from publisher.ledger.meta import Watch, watch
from publisher.precheck import Soundness, are_accepted, fault_of
from publisher.run import Run
from publisher.theme import Theme

_FARTHEST = 40
"""After so many years at most every rhythm comes again, that of a Monday the 29th of February too."""


class Outlook(Enum):
    """What is to become of an issue on a channel. WAITING is for its time, or for that of a platform that
    wants to be left alone; of what is OPEN a person has to settle something; UNSOUND has errors; MISSED was
    due so long ago that a person has to say whether it is still wanted."""

    DONE = "done"
    WAITING = "waiting"
    READY = "ready"
    BUSY = "busy"
    OPEN = "open"
    HELD = "held"
    DRAFT = "draft"
    BROKEN = "broken"
    UNSOUND = "unsound"
    MISSED = "missed"


KEPT_BACK = (Outlook.WAITING, Outlook.HELD, Outlook.UNSOUND)
"""Of such issues nothing is to be seen in pages and feeds."""


class Appointment(NamedTuple):
    """An issue on a channel. It is due at `due` and will be looked at again at `next`, both in UTC; `moved`
    when a person put it there, `held` when one holds it. `begun` when something of it went out, and
    `as_begun` when the rest goes out in the words of then, because its text has errors now. `detail` says
    what stops it, `code` is the exit code for that. Of `history` nobody looks for errors any more: newer
    issues are out, and it only lacks in the archive."""

    record: Record
    key: Key
    due: dt.datetime
    outlook: Outlook
    next: dt.datetime
    moved: bool = False
    held: bool = False
    begun: bool = False
    as_begun: bool = False
    detail: str = ""
    hint: str = ""
    code: int = 0
    history: bool = False


class Known(NamedTuple):
    """What the ledger has to say. `ready` are publications with deliveries that may be made now; of `unsound`
    ones somebody was told so."""

    published: frozenset[Key] = frozenset()
    unfinished: Mapping[Key, Standing] = {}
    decisions: Mapping[tuple[str, str], Decision] = {}
    ready: frozenset[Key] = frozenset()
    insistences: Mapping[str, tuple[Insistence, ...]] = {}
    unsound: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def to(cls, ledger: Ledger, now: dt.datetime) -> Known:
        """All that is known to a ledger."""
        return cls(
            published(ledger),
            unfinished(ledger),
            decisions(ledger),
            ready(ledger, now),
            insistences(ledger),
            told(ledger, Outlook.UNSOUND.value),
        )


def records(run: Run) -> dict[str, Record]:
    """What the sources are now, by path. Raises ConfigError when no file is an issue, StorageError."""
    desk = Desk.of(run.config, run.theme)
    seen = time.time_ns()
    with closing(Index(run.home)) as index, Crew(desk) as crew, Shelf() as shelf:
        read(run, index, crew, shelf, sources(run.config), seen)
        return dict(index.records)


class Coming(NamedTuple):
    """What is to come, and who looks at the clock for it."""

    appointments: list[Appointment]
    watch: Watch


def coming(config: Config, theme: Theme, now: dt.datetime) -> Coming:
    """The appointments that lie ahead, that a person holds, or whose time came lately and whose file is not
    fit to go out; the first due first. Only looked at.

    Raises ConfigError when no file is an issue, StorageError.
    """
    with closing(looking(config, theme, Clock.running(now))) as run:
        known = Known.to(run.ledger, now) if run.has_ledger else Known()
        found = agenda(run, records(run), known, now)
        looks = watch(run.ledger, config.publication.id) if run.has_ledger else Watch()
    lately = now - config.schedule.catch_up
    held, unfit = (Outlook.HELD, Outlook.UNSOUND), (Outlook.DRAFT, Outlook.BROKEN)
    ahead = [
        one
        for one in found
        if one.due > now or one.outlook in held or (one.outlook in unfit and one.due >= lately)
    ]
    return Coming([one for one in ahead if one.outlook is not Outlook.DONE], looks)


def looking(config: Config, theme: Theme, clock: Clock) -> Run:
    """A run that only looks at what is to come, and tells nothing."""
    request = Request(dry_run=True)
    return Run(config, theme, request, config.channels, clock.time(), lambda _: None, clock)


def agenda(
    run: Run, found: Mapping[str, Record], known: Known, now: dt.datetime, *, remember: bool = False
) -> list[Appointment]:
    """The appointments of all issues that have a date, the first due first. With `remember` the next look for
    errors passes over the texts that this one saw."""
    config = run.config
    obstacles = _Obstacles(run, edition(found.values(), dt.date.max), known)
    order = {channel.name: number for number, channel in enumerate(config.channels)}
    made = []
    for record in found.values():
        if day := _day(record):
            for channel in config.channels:
                one = _appointment(config, record, day, channel, known)
                made.append(_judged(one, channel, known, obstacles, config, now))
    if remember:
        obstacles.remember()
    return sorted(made, key=lambda one: (one.due, one.record.path, order[one.key.channel]))


class _Obstacles:
    """Why issues cannot go out."""

    def __init__(self, run: Run, everything: Edition, known: Known) -> None:
        self._run = run
        self._everything = everything
        self._known = known
        self.faults = {**everything.faults, **everything.clashes}

    @cached_property
    def _soundness(self) -> Soundness:
        return Soundness(self._run, self._everything.issues, {})

    def remember(self) -> None:
        """Keep what was seen of texts, if any were looked at."""
        if "_soundness" in self.__dict__:
            self._soundness.save()

    def is_history(self, one: Appointment) -> bool:
        """Whether there are newer issues, and nobody was told of errors in this one."""
        today = self._run.now.date().isoformat()
        newest = next((other for other in self._everything.issues if other.date <= today), one.record)
        return one.record.date < newest.date and (one.key.issue, one.key.channel) not in self._known.unsound

    def checked(self, one: Appointment, channel: Channel) -> Appointment:
        """The appointment of an issue that nothing else stops; UNSOUND if it has errors nobody forced, and
        nothing of it went out yet."""
        errors = self._soundness.errors(one.record, [channel])
        if are_accepted(errors, one.record, self._known.insistences.get(one.key.issue, ())):
            return one
        ready = one.outlook is Outlook.READY
        if ready and one.begun:
            return one._replace(as_begun=True, **_told(fault_of(one.record, errors)))
        force = f"or publish --issue {shlex.quote(one.record.id)} --force"
        fault = fault_of(one.record, errors, force if ready else "")
        return one._replace(outlook=Outlook.UNSOUND, **_told(fault))


def key_of(config: Config, channel: Channel, issue: str) -> Key:
    """What the ledger calls an issue on a channel. Files have the folder of the site for a destination."""
    place = channel.destination if isinstance(channel, LiveChannel) else ""
    return Key(f"{config.publication.id}/{issue}", channel.name, place or config.publication.site)


def _day(record: Record) -> dt.date | None:
    """The day of an issue; of one that cannot be read, the one in the name of its file. None without one, or
    when it is at an end of the calendar, where not every zone has a moment for it."""
    named = re.match(r"\d{4}-\d{2}-\d{2}", record.path.rpartition("/")[2])
    with suppress(ValueError):
        day = dt.date.fromisoformat(record.date or (named[0] if named else ""))
        return day if dt.MINYEAR < day.year < dt.MAXYEAR - _FARTHEST else None
    return None


def _appointment(config: Config, record: Record, day: dt.date, channel: Channel, known: Known) -> Appointment:
    """When it is due, whatever may stop it."""
    zone = ZoneInfo(config.publication.timezone)
    key = key_of(config, channel, record.id or day.isoformat())
    decided = known.decisions.get((key.issue, key.channel), Decision())
    due = moment_of(*config.schedule.turn(day, channel.name), zone)
    if decided.due:  # never before the day that the issue bears
        due = max(decided.due, moment_of(day, dt.time(), zone))
    moved, held = bool(decided.due), decided.held
    return Appointment(record, key, due, Outlook.WAITING, due, moved=moved, held=held)


def _judged(
    one: Appointment,
    channel: Channel,
    known: Known,
    obstacles: _Obstacles,
    config: Config,
    now: dt.datetime,
) -> Appointment:
    """What is to become of it."""
    if one.key in known.published:
        return one._replace(outlook=Outlook.DONE)
    standing = known.unfinished.get(one.key)
    counts = standing.counts if standing else Counts()
    one = one._replace(begun=counts.total > counts.planned + counts.dropped)
    if one.record.draft:
        return one._replace(outlook=Outlook.DRAFT, detail="it is a draft", hint="take `draft: true` out")
    if fault := obstacles.faults.get(one.record.path):
        return one._replace(outlook=Outlook.BROKEN, **_told(fault))
    if one.held:
        return one._replace(outlook=Outlook.HELD)
    if now < one.due:
        return obstacles.checked(one, channel)
    if standing and (stopped := _stopped(one, channel, standing, known, now)):
        return stopped
    one = one._replace(outlook=Outlook.READY, next=now)
    if now - one.due > config.schedule.catch_up:
        if isinstance(channel, ArchiveChannel):
            one = one._replace(history=obstacles.is_history(one))
        elif not one.begun:
            return one._replace(outlook=Outlook.MISSED)
    return one if one.history else obstacles.checked(one, channel)


def _stopped(
    one: Appointment, channel: Channel, standing: Standing, known: Known, now: dt.datetime
) -> Appointment | None:
    """The appointment of one that was begun, if it cannot go on now."""
    counts = standing.counts
    if standing.owner and standing.until and standing.until > now:
        return one._replace(outlook=Outlook.BUSY, next=standing.until, detail=standing.owner)
    if counts.sending:  # who publishes next finds out what became of it
        return None
    stuck = counts.failed or counts.unknown
    if stuck and (getattr(channel, "ordered", False) or not counts.planned):
        fault = shortfall(standing)
        return one._replace(outlook=Outlook.OPEN, **_told(fault)) if fault else None
    if standing.next_at and standing.next_at > now and one.key not in known.ready:
        reason = next(iter(standing.reasons), "")
        return one._replace(outlook=Outlook.WAITING, next=standing.next_at, detail=reason)
    return None


def _told(fault: PublisherError) -> dict[str, Any]:
    return {"detail": fault.message, "hint": fault.hint, "code": fault.exit_code}
