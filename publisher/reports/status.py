"""What stands where: the newest issues, channel by channel, and all that is not settled. Only looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from enum import Enum
from typing import NamedTuple

from publisher.archive.site import OutputFolder
from publisher.channel import ArchiveChannel, Channel, MessageChannel, Rendering
from publisher.clock import Clock
from publisher.config import Config
from publisher.delivery.plan import plan_changes
from publisher.errors import PublisherError
from publisher.events import EventHandler, Request
from publisher.files import differs
from publisher.ledger import DeliveryCounts, DeliveryState, Ledger, PublicationKey, PublicationStatus
from publisher.ledger.calendar import ForcedIssue, load_forced_issues
from publisher.ledger.queries import (
    FailedDelivery,
    find_failed_deliveries,
    find_issues_in_state,
    find_statuses,
)
from publisher.pipeline.snapshot import Snapshot, take_snapshot
from publisher.run import RunContext, select_channels
from publisher.theme import Theme

_MAX_ISSUES = 10


class ChannelStatus(Enum):
    """How an issue stands on a channel. CHANGED is what `publish` would bring up to date, HELD what it would
    leave as it is; FILES lie there, and nobody noted when."""

    NONE = "not published"
    FILES = "files"
    PUBLISHED = "published"
    CHANGED = "changed"
    HELD = "held"
    WAITING = "waiting"
    FAILED = "failed"
    UNKNOWN = "unknown"
    BUSY = "busy"
    BROKEN = "broken"


class StatusRow(NamedTuple):
    """An issue on a channel. `issue` is its id, empty for what is told of the whole newsletter; `title` is
    empty when its file is not there any more.

    `when` it was published, or until when it waits; aware. `detail` says why it failed, is unknown, held or
    broken, or who is busy with it. `missed` are the deliveries that did not arrive, if the issue was asked
    for. `newest` is of the issue that would be published, `updates` of a channel that can change what it
    sent. With `notice` it is one about the issue. `insisted` is when a person last had it published with
    errors.
    """

    issue: str
    title: str
    channel: str
    destination: str
    condition: ChannelStatus
    detail: str = ""
    counts: DeliveryCounts = DeliveryCounts()
    when: dt.datetime | None = None
    url: str = ""
    newest: bool = False
    updates: bool = False
    missed: tuple[FailedDelivery, ...] = ()
    notice: bool = False
    insisted: ForcedIssue | None = None

    def with_ledger_data(self, standing: PublicationStatus | None, now: dt.datetime) -> StatusRow:
        """The row with what the ledger has about it."""
        if standing is None:
            return self
        row = self._replace(counts=standing.counts, when=standing.published, url=standing.url)
        match self.condition:
            case ChannelStatus.WAITING:
                later = standing.next_at and standing.next_at > now
                reason = next(iter(standing.reasons), "")
                return row._replace(when=standing.next_at if later else None, detail=reason)
            case ChannelStatus.FAILED | ChannelStatus.UNKNOWN:
                return row._replace(detail=next(iter(standing.reasons), ""))
            case ChannelStatus.BUSY:
                return row._replace(detail=standing.owner)
            case _:
                return row


def build_status_rows(
    config: Config, theme: Theme, issue: str, now: dt.datetime, report: EventHandler
) -> list[StatusRow]:
    """The rows for the newest issues, or for the one named, issue by issue, newest first.

    Raises IssueError and ConfigError for an issue that is not there or not due, StorageError.
    """
    request, channels = Request(issue, dry_run=True), select_channels(config, ())
    with closing(RunContext(config, theme, request, channels, now, report, Clock.running(now))) as run:
        return [*_StatusBuilder(run, take_snapshot(run)).build_rows()]


class _StatusBuilder:
    def __init__(self, run: RunContext, view: Snapshot) -> None:
        self._run = run
        self._snapshot = view
        self._site = OutputFolder(run.output_folder, run.home)
        self._now = run.clock.time()
        self._ledger: Ledger | None = run.ledger if run.has_ledger else None
        self._forced_issues = load_forced_issues(self._ledger) if self._ledger else {}

    def build_rows(self) -> Iterator[StatusRow]:
        if self._run.request.issue:
            position = self._snapshot.choose(self._run.request.issue)
            chosen = [] if position is None else [position]
            open_ones: list[str] = []
        else:
            chosen = [*range(min(_MAX_ISSUES, len(self._snapshot.records)))]
            open_ones = self._find_unresolved_issues()
        shown = [self._snapshot.entries[position].id for position in chosen]
        older = [issue for issue in reversed(open_ones) if issue not in shown]
        known: dict[str, list[PublicationStatus]] = {}
        for standing in find_statuses(self._ledger, [*shown, *older]) if self._ledger else ():
            known.setdefault(standing.key.issue, []).append(standing)
        for position, issue in zip(chosen, shown, strict=True):
            yield from self._build_issue_rows(position, {one.key: one for one in known.get(issue, [])})
        for issue in older:
            for standing in known[issue]:
                yield from self._build_extra_rows(standing, "")

    def _find_unresolved_issues(self) -> list[str]:
        states = (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.SENDING)
        newsletter = self._run.config.newsletter.id
        return find_issues_in_state(self._ledger, newsletter, *states) if self._ledger else []

    def _build_issue_rows(
        self, position: int, known: dict[PublicationKey, PublicationStatus]
    ) -> Iterator[StatusRow]:
        record, entry = self._snapshot.records[position], self._snapshot.entries[position]
        plain = [one for one in self._run.channels if not isinstance(one, ArchiveChannel)]
        made = self._snapshot.render(position, [channel.name for channel in plain])
        insisted = next(reversed(self._forced_issues.get(entry.id, ())), None)
        for channel in self._run.channels:
            live = isinstance(channel, MessageChannel) and bool(channel.destination)
            place = getattr(channel, "destination", "") if live else self._run.config.newsletter.site
            standing = known.pop(PublicationKey(entry.id, channel.name, place), None)
            rendering = made.get(channel.name)
            if isinstance(rendering, PublisherError):
                condition, detail = ChannelStatus.BROKEN, rendering.message
            elif isinstance(channel, MessageChannel) and live and rendering:
                condition, detail = self._check_messages(channel, rendering, standing)
            elif rendering:
                condition, detail = self._check_files(rendering, standing), ""
            else:
                condition, detail = self._check_archive(channel, position, standing), ""
            row = StatusRow(record.id, record.title, channel.name, place if live else "", condition, detail)
            updates = getattr(channel, "can_edit", False)
            row = row._replace(newest=position == 0, updates=updates, insisted=insisted)
            yield self._add_ledger_data(row, standing)
        for standing in known.values():
            yield from self._build_extra_rows(standing, record.title)

    def _build_extra_rows(self, standing: PublicationStatus, title: str) -> Iterator[StatusRow]:
        """A notice about the issue; or what is on no channel that is on now, told when it is open, or when
        the issue was asked for."""
        key, condition = standing.key, self._check_unresolved(standing)
        notice = key.notice_of is not None
        if notice and standing.counts.planned:
            condition = condition or ChannelStatus.WAITING
        if condition or ((notice or self._run.request.issue) and standing.published):
            newsletter = self._run.config.newsletter
            of_all = key.issue == newsletter.id  # such as that the feeds changed
            name, title = ("", newsletter.name) if of_all else (key.issue.rpartition("/")[2], title)
            row = StatusRow(name, title, key.channel, key.destination, condition or ChannelStatus.PUBLISHED)
            yield self._add_ledger_data(row._replace(notice=notice), standing)

    def _add_ledger_data(self, row: StatusRow, standing: PublicationStatus | None) -> StatusRow:
        """The row with what the ledger has about it."""
        if standing and self._ledger and self._run.request.issue:
            row = row._replace(missed=tuple(find_failed_deliveries(self._ledger, standing.key)))
        return row.with_ledger_data(standing, self._now)

    def _check_messages(
        self, channel: MessageChannel, rendering: Rendering, standing: PublicationStatus | None
    ) -> tuple[ChannelStatus, str]:
        if standing is None:
            return ChannelStatus.NONE, ""
        if found := self._check_unresolved(standing):
            return found, ""
        if standing.is_adopted:
            return ChannelStatus.PUBLISHED, ""
        todo = plan_changes(channel, rendering, standing)
        if todo.held_reason:
            return ChannelStatus.HELD, todo.held_reason
        if standing.counts.planned or not standing.done:
            return ChannelStatus.WAITING, ""
        return (
            ChannelStatus.CHANGED if todo.new or todo.changed or todo.removed else ChannelStatus.PUBLISHED
        ), ""

    def _check_unresolved(self, standing: PublicationStatus) -> ChannelStatus | None:
        """What has to be settled, or whether somebody is at it; None when there is nothing of that."""
        counts = standing.counts
        if standing.owner and standing.leased_until and standing.leased_until > self._now:
            return ChannelStatus.BUSY
        if counts.unknown or counts.sending:
            return ChannelStatus.UNKNOWN
        return ChannelStatus.FAILED if counts.failed else None

    def _check_archive(
        self, channel: Channel, position: int, standing: PublicationStatus | None
    ) -> ChannelStatus:
        """What the ledger knows of a page or entry; without a word there, what is remembered of the files."""
        digest, path = self._snapshot.digests[position], self._snapshot.records[position].path
        if standing:
            current = standing.done and standing.digest == digest
            return ChannelStatus.PUBLISHED if current else ChannelStatus.CHANGED
        page = self._site.channel_files(channel.name).pages.get(path)
        body = self._snapshot.cached_digests.get(channel.name, {}).get(path)
        return ChannelStatus.FILES if digest in (page and page.digest, body) else ChannelStatus.NONE

    def _check_files(self, rendering: Rendering, standing: PublicationStatus | None) -> ChannelStatus:
        parts = (*rendering.parts, *rendering.previews)
        if not any((self._run.output_folder / part.key).exists() for part in parts):
            return ChannelStatus.PUBLISHED if standing and standing.is_adopted else ChannelStatus.NONE
        changed = any(differs(self._run.output_folder / part.key, part.body) for part in parts)
        return ChannelStatus.CHANGED if changed else ChannelStatus.FILES
