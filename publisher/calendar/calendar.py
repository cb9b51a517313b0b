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
from publisher.archive.records import Edition, Record, build_edition
from publisher.build.process_pool import ProcessPool
from publisher.build.renderer import IssueRenderer
from publisher.build.sources import DocumentSpool, find_sources, update_index
from publisher.channel import ArchiveChannel, Channel, MessageChannel
from publisher.clock import Clock, resolve_local_time
from publisher.config import Config
from publisher.delivery.job import find_delivery_error
from publisher.errors import PublisherError
from publisher.events import Request
from publisher.ledger import DeliveryCounts, Ledger, PublicationKey, PublicationStatus
from publisher.ledger.calendar import (
    ForcedIssue,
    ScheduleOverride,
    find_alerted,
    find_published,
    find_ready,
    find_unfinished,
    load_forced_issues,
    load_overrides,
)
from publisher.ledger.meta import SchedulerActivity, load_activity
from publisher.precheck import IssueChecker, build_issue_error, is_forced
from publisher.run import RunContext
from publisher.theme import Theme

_MAX_CRON_GAP_YEARS = 40
"""After so many years at most every rhythm comes again, that of a Monday the 29th of February too."""


class ItemStatus(Enum):
    """What is to become of an issue on a channel. WAITING is for its time, or for that of a platform that
    wants to be left alone; of what is OPEN a person has to settle something; UNSOUND has errors; MISSED was
    due so long ago that a person has to say whether it is still wanted."""

    DONE = "done"
    WAITING = "waiting"
    READY = "ready"
    BUSY = "busy"
    UNRESOLVED = "open"
    HELD = "held"
    DRAFT = "draft"
    BROKEN = "broken"
    HAS_ERRORS = "unsound"
    MISSED = "missed"


HELD_BACK_STATUSES = (ItemStatus.WAITING, ItemStatus.HELD, ItemStatus.HAS_ERRORS)
"""Of such issues nothing is to be seen in pages and feeds."""


class ScheduledItem(NamedTuple):
    """An issue on a channel. It is due at `due` and will be looked at again at `next`, both in UTC; `moved`
    when a person put it there, `held` when one holds it. `begun` when something of it went out, and
    `as_begun` when the rest goes out in the words of then, because its text has errors now. `detail` says
    what stops it, `code` is the exit code for that. Of `history` nobody looks for errors any more: newer
    issues are out, and it only lacks in the archive."""

    record: Record
    key: PublicationKey
    due: dt.datetime
    status: ItemStatus
    next_check: dt.datetime
    rescheduled: bool = False
    held: bool = False
    started: bool = False
    use_original_text: bool = False
    detail: str = ""
    hint: str = ""
    exit_code: int = 0
    is_historic: bool = False


class LedgerView(NamedTuple):
    """What the ledger has to say. `ready` are publications with deliveries that may be made now; of `unsound`
    ones somebody was told so."""

    published: frozenset[PublicationKey] = frozenset()
    unfinished: Mapping[PublicationKey, PublicationStatus] = {}
    overrides: Mapping[tuple[str, str], ScheduleOverride] = {}
    ready: frozenset[PublicationKey] = frozenset()
    forced_issues: Mapping[str, tuple[ForcedIssue, ...]] = {}
    reported_errors: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def load(cls, ledger: Ledger, now: dt.datetime) -> LedgerView:
        """All that is known to a ledger."""
        return cls(
            find_published(ledger),
            find_unfinished(ledger),
            load_overrides(ledger),
            find_ready(ledger, now),
            load_forced_issues(ledger),
            find_alerted(ledger, ItemStatus.HAS_ERRORS.value),
        )


def read_records(run: RunContext) -> dict[str, Record]:
    """What the sources are now, by path. Raises ConfigError when no file is an issue, StorageError."""
    desk = IssueRenderer.for_config(run.config, run.theme)
    seen = time.time_ns()
    with closing(Index(run.home)) as index, ProcessPool(desk) as crew, DocumentSpool() as shelf:
        update_index(run, index, crew, shelf, find_sources(run.config), seen)
        return dict(index.records)


class Upcoming(NamedTuple):
    """What is to come, and who looks at the clock for it."""

    items: list[ScheduledItem]
    watch: SchedulerActivity


def find_upcoming(config: Config, theme: Theme, now: dt.datetime) -> Upcoming:
    """The appointments that lie ahead, that a person holds, or whose time came lately and whose file is not
    fit to go out; the first due first. Only looked at.

    Raises ConfigError when no file is an issue, StorageError.
    """
    with closing(open_read_only_run(config, theme, Clock.running(now))) as run:
        known = LedgerView.load(run.ledger, now) if run.has_ledger else LedgerView()
        found = build_calendar(run, read_records(run), known, now)
        looks = load_activity(run.ledger, config.newsletter.id) if run.has_ledger else SchedulerActivity()
    lately = now - config.schedule.catch_up
    held, unfit = (ItemStatus.HELD, ItemStatus.HAS_ERRORS), (ItemStatus.DRAFT, ItemStatus.BROKEN)
    ahead = [
        one
        for one in found
        if one.due > now or one.status in held or (one.status in unfit and one.due >= lately)
    ]
    return Upcoming([one for one in ahead if one.status is not ItemStatus.DONE], looks)


def open_read_only_run(config: Config, theme: Theme, clock: Clock) -> RunContext:
    """A run that only looks at what is to come, and tells nothing."""
    request = Request(dry_run=True)
    return RunContext(config, theme, request, config.channels, clock.time(), lambda _: None, clock)


def build_calendar(
    run: RunContext,
    records: Mapping[str, Record],
    known: LedgerView,
    now: dt.datetime,
    *,
    save_cache: bool = False,
) -> list[ScheduledItem]:
    """The appointments of all issues that have a date, the first due first. With `remember` the next look for
    errors passes over the texts that this one saw."""
    config = run.config
    obstacles = _Blockers(run, build_edition(records.values(), dt.date.max), known)
    order = {channel.name: number for number, channel in enumerate(config.channels)}
    made = []
    for record in records.values():
        if day := _find_issue_date(record):
            for channel in config.channels:
                one = _build_item(config, record, day, channel, known)
                made.append(_evaluate(one, channel, known, obstacles, config, now))
    if save_cache:
        obstacles.save()
    return sorted(made, key=lambda one: (one.due, one.record.path, order[one.key.channel]))


class _Blockers:
    """Why issues cannot go out."""

    def __init__(self, run: RunContext, everything: Edition, known: LedgerView) -> None:
        self._run = run
        self._edition = everything
        self._ledger_view = known
        self.faults = {**everything.faults, **everything.conflicts}

    @cached_property
    def _checker(self) -> IssueChecker:
        return IssueChecker(self._run, self._edition.issues, {})

    def save(self) -> None:
        """Keep what was seen of texts, if any were looked at."""
        if "_checker" in self.__dict__:
            self._checker.save()

    def is_historic(self, one: ScheduledItem) -> bool:
        """Whether there are newer issues, and nobody was told of errors in this one."""
        today = self._run.now.date().isoformat()
        newest = next((other for other in self._edition.issues if other.date <= today), one.record)
        return (
            one.record.date < newest.date
            and (one.key.issue, one.key.channel) not in self._ledger_view.reported_errors
        )

    def apply_errors(self, one: ScheduledItem, channel: Channel) -> ScheduledItem:
        """The appointment of an issue that nothing else stops; UNSOUND if it has errors nobody forced, and
        nothing of it went out yet."""
        errors = self._checker.find_errors(one.record, [channel])
        if is_forced(errors, one.record, self._ledger_view.forced_issues.get(one.key.issue, ())):
            return one
        ready = one.status is ItemStatus.READY
        if ready and one.started:
            return one._replace(
                use_original_text=True, **_build_fault_fields(build_issue_error(one.record, errors))
            )
        force = f"or publish --issue {shlex.quote(one.record.id)} --force"
        fault = build_issue_error(one.record, errors, force if ready else "")
        return one._replace(status=ItemStatus.HAS_ERRORS, **_build_fault_fields(fault))


def build_publication_key(config: Config, channel: Channel, issue: str) -> PublicationKey:
    """What the ledger calls an issue on a channel. Files have the folder of the site for a destination."""
    place = channel.destination if isinstance(channel, MessageChannel) else ""
    return PublicationKey(f"{config.newsletter.id}/{issue}", channel.name, place or config.newsletter.site)


def _find_issue_date(record: Record) -> dt.date | None:
    """The day of an issue; of one that cannot be read, the one in the name of its file. None without one, or
    when it is at an end of the calendar, where not every zone has a moment for it."""
    named = re.match(r"\d{4}-\d{2}-\d{2}", record.path.rpartition("/")[2])
    with suppress(ValueError):
        day = dt.date.fromisoformat(record.date or (named[0] if named else ""))
        return day if dt.MINYEAR < day.year < dt.MAXYEAR - _MAX_CRON_GAP_YEARS else None
    return None


def _build_item(
    config: Config, record: Record, day: dt.date, channel: Channel, known: LedgerView
) -> ScheduledItem:
    """When it is due, whatever may stop it."""
    zone = ZoneInfo(config.newsletter.timezone)
    key = build_publication_key(config, channel, record.id or day.isoformat())
    decided = known.overrides.get((key.issue, key.channel), ScheduleOverride())
    due = resolve_local_time(*config.schedule.due_time(day, channel.name), zone)
    if decided.due:  # never before the day that the issue bears
        due = max(decided.due, resolve_local_time(day, dt.time(), zone))
    moved, held = bool(decided.due), decided.held
    return ScheduledItem(record, key, due, ItemStatus.WAITING, due, rescheduled=moved, held=held)


def _evaluate(
    one: ScheduledItem,
    channel: Channel,
    known: LedgerView,
    obstacles: _Blockers,
    config: Config,
    now: dt.datetime,
) -> ScheduledItem:
    """What is to become of it."""
    if one.key in known.published:
        return one._replace(status=ItemStatus.DONE)
    standing = known.unfinished.get(one.key)
    counts = standing.counts if standing else DeliveryCounts()
    one = one._replace(started=counts.total > counts.planned + counts.dropped)
    if one.record.draft:
        return one._replace(status=ItemStatus.DRAFT, detail="it is a draft", hint="take `draft: true` out")
    if fault := obstacles.faults.get(one.record.path):
        return one._replace(status=ItemStatus.BROKEN, **_build_fault_fields(fault))
    if one.held:
        return one._replace(status=ItemStatus.HELD)
    if now < one.due:
        return obstacles.apply_errors(one, channel)
    if standing and (stopped := _evaluate_unfinished(one, channel, standing, known, now)):
        return stopped
    one = one._replace(status=ItemStatus.READY, next_check=now)
    if now - one.due > config.schedule.catch_up:
        if isinstance(channel, ArchiveChannel):
            one = one._replace(is_historic=obstacles.is_historic(one))
        elif not one.started:
            return one._replace(status=ItemStatus.MISSED)
    return one if one.is_historic else obstacles.apply_errors(one, channel)


def _evaluate_unfinished(
    one: ScheduledItem, channel: Channel, standing: PublicationStatus, known: LedgerView, now: dt.datetime
) -> ScheduledItem | None:
    """The appointment of one that was begun, if it cannot go on now."""
    counts = standing.counts
    if standing.owner and standing.leased_until and standing.leased_until > now:
        return one._replace(status=ItemStatus.BUSY, next_check=standing.leased_until, detail=standing.owner)
    if counts.sending:  # who publishes next finds out what became of it
        return None
    stuck = counts.failed or counts.unknown
    if stuck and (getattr(channel, "ordered", False) or not counts.planned):
        fault = find_delivery_error(standing)
        return one._replace(status=ItemStatus.UNRESOLVED, **_build_fault_fields(fault)) if fault else None
    if standing.next_at and standing.next_at > now and one.key not in known.ready:
        reason = next(iter(standing.reasons), "")
        return one._replace(status=ItemStatus.WAITING, next_check=standing.next_at, detail=reason)
    return None


def _build_fault_fields(fault: PublisherError) -> dict[str, Any]:
    return {"detail": fault.message, "hint": fault.hint, "exit_code": fault.exit_code}
