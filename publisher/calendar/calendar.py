"""The calendar: every issue on every channel, when it is due, and what blocks it.

Read-only. It is computed from the ledger and the source files each time; nothing is stored in advance.
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Collection, Mapping
from contextlib import suppress
from enum import Enum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from publisher.archive.records import Record, build_edition
from publisher.build.sources import Sources
from publisher.calendar.repeats import Repeat, RepeatFinder, build_repeat_error
from publisher.channel import ArchiveChannel, Channel
from publisher.checker import IssueChecker, build_excess_error, build_issue_error, is_forced, name_excess
from publisher.clock import resolve_local_time
from publisher.config import Config
from publisher.delivery.plan import find_delivery_error
from publisher.delivery.worker_queue import is_with_workers
from publisher.errors import PublisherError
from publisher.ledger import Ledger, PublicationKey, PublicationStatus
from publisher.ledger.calendar import (
    ForcedIssue,
    ScheduleOverride,
    find_alerted,
    find_published,
    find_ready,
    find_unfinished,
    load_adopted,
    load_forced_issues,
    load_overrides,
)
from publisher.ledger.destinations import build_publication_key, load_all_destination_ids
from publisher.ledger.meta import SchedulerActivity, load_activity
from publisher.named_tuple import NamedTuple
from publisher.run import RunContext

_WORKERS_CHECK = dt.timedelta(minutes=1)
"""When to look again at an issue that workers send."""

_MAX_CRON_GAP_YEARS = 40
"""No cron expression has a longer gap between two times; Monday, 29 February can take 40 years."""


class ItemStatus(Enum):
    """The status of an issue on a channel.

    WAITING: not due yet, or postponed by a rate limit. UNRESOLVED: a person has to resolve a delivery.
    HAS_ERRORS: the checks found errors. TOO_LONG: for this channel. REPEAT: it went out before, under another id or
    to another destination.
    MISSED: due so long ago that a person has to decide.
    """

    DONE = "done"
    WAITING = "waiting"
    READY = "ready"
    BUSY = "busy"
    UNRESOLVED = "open"
    HELD = "held"
    DRAFT = "draft"
    BROKEN = "broken"
    HAS_ERRORS = "unsound"
    TOO_LONG = "too-long"
    REPEAT = "repeat"
    MISSED = "missed"


HELD_BACK_STATUSES = (ItemStatus.WAITING, ItemStatus.HELD, ItemStatus.HAS_ERRORS, ItemStatus.REPEAT)
"""Issues with these statuses are left out of pages and feeds."""


class ScheduledItem(NamedTuple):
    """An issue on a channel.

    `due`: when it is due, and `next_check` when to look at it again, both in UTC.
    `rescheduled`, `held`: decisions of a person.
    `started`: part of it was sent.
    `use_original_text`: the rest is sent with the text of then, because the current text has errors.
    `detail`: what blocks it, with `hint` and `exit_code`.
    `is_historic`: newer issues are published, and it is only missing in the archive, so it is not checked for errors.
    """

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
    """What the calendar needs from the ledger.

    `ready`: publications with deliveries that may be sent now. `reported_errors`: issue and channel of alerts
    about errors. `adopted`: issues from before the ledger. `destination_ids`: what platforms call the
    destinations, by channel and name.
    """

    published: frozenset[PublicationKey] = frozenset()
    unfinished: Mapping[PublicationKey, PublicationStatus] = {}
    overrides: Mapping[tuple[str, str], ScheduleOverride] = {}
    ready: frozenset[PublicationKey] = frozenset()
    forced_issues: Mapping[str, tuple[ForcedIssue, ...]] = {}
    reported_errors: frozenset[tuple[str, str]] = frozenset()
    adopted: frozenset[str] = frozenset()
    destination_ids: Mapping[tuple[str, str], str] = {}

    @classmethod
    def load(cls, ledger: Ledger, now: dt.datetime) -> LedgerView:
        """Load the view from a ledger. `now` is aware."""
        return cls(
            find_published(ledger),
            find_unfinished(ledger),
            load_overrides(ledger),
            find_ready(ledger, now),
            load_forced_issues(ledger),
            find_alerted(ledger, ItemStatus.HAS_ERRORS.value),
            load_adopted(ledger),
            load_all_destination_ids(ledger),
        )


def read_records(run: RunContext) -> dict[str, Record]:
    """Return the records of the source files, by path.

    Raises ConfigError if there is no issue file, StorageError if files cannot be read.
    """
    with Sources(run) as sources:
        return sources.records


class Upcoming(NamedTuple):
    """The upcoming items, and the activity of the scheduler."""

    items: list[ScheduledItem]
    activity: SchedulerActivity


def find_upcoming(run: RunContext) -> Upcoming:
    """Return the items that are due later, held or have errors, and recent ones that are drafts or broken.

    Sorted by due time. Read-only. Raises ConfigError if there is no issue file, StorageError.
    """
    now, config = run.started_at, run.config
    ledger_view = LedgerView.load(run.ledger, now) if run.has_ledger else LedgerView()
    calendar = build_calendar(run, read_records(run), ledger_view, now)
    activity = load_activity(run.ledger, config.newsletter.id) if run.has_ledger else SchedulerActivity()
    earliest = now - config.schedule.catch_up
    always_shown, unready = (
        (ItemStatus.HELD, ItemStatus.HAS_ERRORS),
        (ItemStatus.REPEAT, ItemStatus.DRAFT, ItemStatus.BROKEN, ItemStatus.TOO_LONG),
    )
    ahead = [
        item
        for item in calendar
        if item.due > now or item.status in always_shown or (item.status in unready and item.due >= earliest)
    ]
    return Upcoming([item for item in ahead if item.status is not ItemStatus.DONE], activity)


def build_calendar(
    run: RunContext,
    records: Mapping[str, Record],
    ledger_view: LedgerView,
    now: dt.datetime,
    *,
    save_cache: bool = False,
) -> list[ScheduledItem]:
    """Return the items of all issues that have a date, sorted by due time.

    With `save_cache` the results of the error checks are cached for the next call.
    """
    config = run.config
    blockers = _Blockers(run, records.values(), ledger_view)
    order = {channel.name: number for number, channel in enumerate(config.channels)}
    items = []
    for record in records.values():
        if day := _find_issue_date(record):
            for channel in config.channels:
                item = _build_item(config, record, day, channel, ledger_view)
                items.append(_evaluate(item, channel, ledger_view, blockers, config, now))
    if save_cache:
        blockers.save()
    return sorted(items, key=lambda item: (item.due, item.record.path, order[item.key.channel]))


class _Blockers:
    """Finds what blocks issues from being published."""

    def __init__(self, run: RunContext, records: Collection[Record], ledger_view: LedgerView) -> None:
        self._run = run
        self._records = records
        self._edition = edition = build_edition(records, dt.date.max)
        self._ledger_view = ledger_view
        self.faults = {**edition.faults, **edition.conflicts}

    @cached_property
    def _checker(self) -> IssueChecker:
        return IssueChecker(self._run, self._edition.issues, {})

    @cached_property
    def _repeat_finder(self) -> RepeatFinder:
        return RepeatFinder(self._run.config, self._run.ledger, self._records)

    def find_repeat(self, item: ScheduledItem, channel: Channel) -> Repeat | None:
        """Return the earlier publication of an issue under another key, if there is one."""
        return self._repeat_finder.find(item.record, channel) if self._run.has_ledger else None

    def save(self) -> None:
        """Save the cache of the error checks, if there were any."""
        if "_checker" in self.__dict__:
            self._checker.save()

    def is_historic(self, item: ScheduledItem) -> bool:
        """Return whether there are newer issues and no alert about errors in this one was sent."""
        today = self._run.now.date().isoformat()
        newest = next((other for other in self._edition.issues if other.date <= today), item.record)
        return (
            item.record.date < newest.date
            and (item.key.issue, item.key.channel) not in self._ledger_view.reported_errors
        )

    def apply_errors(self, item: ScheduledItem, channel: Channel) -> ScheduledItem:
        """Check an item that nothing else blocks.

        Its status becomes HAS_ERRORS if it has errors that were not forced, or TOO_LONG, unless part of it was sent.
        """
        record, forced = item.record, self._ledger_view.forced_issues.get(item.key.issue, ())
        errors, excess = self._checker.find_errors(record), self._checker.find_excess(record, [channel])
        is_too_long = bool(excess) and not is_forced([name_excess(channel.name)], record, forced)
        if is_forced(errors, record, forced) and not is_too_long:
            return item
        ready = item.status is ItemStatus.READY
        if ready and item.started:
            fault = build_issue_error(record, [*errors, *map(name_excess, excess)])
            return item._replace(use_original_text=True, **_build_fault_fields(fault))
        if is_forced(errors, record, forced):
            fields = _build_fault_fields(build_excess_error(record, channel.name, excess[channel.name]))
            if not self._run.is_sending_channel(channel):
                fields["exit_code"] = 0
            return item._replace(status=ItemStatus.TOO_LONG, **fields)
        force = f"or publish --issue {shlex.quote(record.id)} --force"
        fault = build_issue_error(record, errors, force if ready else "")
        return item._replace(status=ItemStatus.HAS_ERRORS, **_build_fault_fields(fault))


def _find_issue_date(record: Record) -> dt.date | None:
    """Return the date of an issue; if it cannot be parsed, the date in its file name.

    None if it has no date, or one at an end of the calendar, where not every time zone can express its due
    time.
    """
    in_name = re.match(r"\d{4}-\d{2}-\d{2}", record.path.rpartition("/")[2])
    with suppress(ValueError):
        day = dt.date.fromisoformat(record.date or (in_name[0] if in_name else ""))
        return day if dt.MINYEAR < day.year < dt.MAXYEAR - _MAX_CRON_GAP_YEARS else None
    return None


def _build_item(
    config: Config, record: Record, day: dt.date, channel: Channel, ledger_view: LedgerView
) -> ScheduledItem:
    """Return the item with its due time, not considering what blocks it."""
    zone = ZoneInfo(config.newsletter.timezone)
    issue, ids = record.id or day.isoformat(), ledger_view.destination_ids
    key = build_publication_key(config.newsletter, channel, issue, ids)
    override = ledger_view.overrides.get((key.issue, key.channel), ScheduleOverride())
    due = resolve_local_time(*config.schedule.due_time(day, channel.name), zone)
    if override.due:  # never before the date of the issue
        due = max(override.due, resolve_local_time(day, dt.time(), zone))
    rescheduled, held = bool(override.due), override.held
    return ScheduledItem(record, key, due, ItemStatus.WAITING, due, rescheduled=rescheduled, held=held)


def _evaluate(
    item: ScheduledItem,
    channel: Channel,
    ledger_view: LedgerView,
    blockers: _Blockers,
    config: Config,
    now: dt.datetime,
) -> ScheduledItem:
    """Return the item with its status."""
    status = ledger_view.unfinished.get(item.key)
    is_adopted = item.key.issue in ledger_view.adopted and not isinstance(channel, ArchiveChannel)
    if item.key in ledger_view.published or (is_adopted and not status):
        return item._replace(status=ItemStatus.DONE)
    item = item._replace(started=bool(status and status.is_started))
    if item.record.draft:
        return item._replace(status=ItemStatus.DRAFT, detail="it is a draft", hint="remove `draft: true`")
    if fault := blockers.faults.get(item.record.path):
        return item._replace(status=ItemStatus.BROKEN, **_build_fault_fields(fault))
    if item.held:
        return item._replace(status=ItemStatus.HELD)
    if now < item.due:
        return blockers.apply_errors(item, channel)
    if status and is_with_workers(config, channel, status):
        return item._replace(status=ItemStatus.BUSY, next_check=now + _WORKERS_CHECK, detail="workers")
    if status and (blocked := _evaluate_unfinished(item, channel, status, ledger_view, now)):
        return blocked
    item = item._replace(status=ItemStatus.READY, next_check=now)
    if not item.started and (repeat := blockers.find_repeat(item, channel)):
        return item._replace(status=ItemStatus.REPEAT, **_build_fault_fields(build_repeat_error(repeat)))
    if now - item.due > config.schedule.catch_up:
        if isinstance(channel, ArchiveChannel):
            item = item._replace(is_historic=blockers.is_historic(item))
        elif not item.started:  # and there is nothing to decide where nothing is sent
            return item._replace(status=ItemStatus.MISSED if channel.send else ItemStatus.DONE)
    return item if item.is_historic else blockers.apply_errors(item, channel)


def _evaluate_unfinished(
    item: ScheduledItem, channel: Channel, status: PublicationStatus, ledger_view: LedgerView, now: dt.datetime
) -> ScheduledItem | None:
    """Return the status of a started item that cannot continue now; None if it can."""
    counts = status.counts
    if status.leased_until and status.is_leased(now):
        return item._replace(status=ItemStatus.BUSY, next_check=status.leased_until, detail=status.owner)
    if counts.sending:  # the next run marks these as unknown
        return None
    stuck = counts.failed or counts.unknown
    if stuck and (channel.capabilities.ordered or not counts.planned):
        fault = find_delivery_error(status)
        return item._replace(status=ItemStatus.UNRESOLVED, **_build_fault_fields(fault)) if fault else None
    if status.next_at and status.next_at > now and item.key not in ledger_view.ready:
        reason = next(iter(status.reasons), "")
        return item._replace(status=ItemStatus.WAITING, next_check=status.next_at, detail=reason)
    return None


def _build_fault_fields(fault: PublisherError) -> dict[str, Any]:
    return {"detail": fault.message, "hint": fault.hint, "exit_code": fault.exit_code}
