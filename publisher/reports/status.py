"""Reports the status of the newest issues on each channel, and everything unresolved. Read-only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import Enum

from publisher.archive.output_folder import OutputFolder
from publisher.channel import ArchiveChannel, Channel, MessageChannel, Rendering
from publisher.checks.budgets import measure_rendering
from publisher.delivery.plan import plan_delivery
from publisher.delivery.worker_queue import is_for_workers, is_with_workers
from publisher.errors import PublisherError
from publisher.files import differs
from publisher.ledger import DeliveryCounts, DeliveryState, Ledger, PublicationKey, PublicationStatus
from publisher.ledger.calendar import ForcedIssue, load_forced_issues
from publisher.ledger.destinations import build_publication_key, load_all_destination_ids
from publisher.ledger.lane_metrics import LaneProgress, find_progress
from publisher.ledger.open_shards import is_being_delivered
from publisher.ledger.queries import (
    FailedDelivery,
    find_failed_deliveries,
    find_issues_in_state,
    find_recipients,
    find_statuses,
)
from publisher.named_tuple import NamedTuple
from publisher.pipeline.snapshot import take_snapshot
from publisher.run import RunContext

_MAX_ISSUES = 10


class ChannelStatus(Enum):
    """The status of an issue on a channel.

    CHANGED: `publish` would update it; HELD: it differs, but `publish` would not update it; FILES: the files
    exist, but there is no record of when they were published; TOO_LONG: it is left out of this channel.
    """

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
    TOO_LONG = "too-long"


class StatusRow(NamedTuple):
    """An issue on a channel.

    `issue`: its id, "" for messages about the whole newsletter.
    `title`: "" if its file does not exist any more.
    `detail`: why it failed, is unknown, held or broken, or who is busy with it.
    `when`: time of publication, or of the next attempt (aware).
    `newest`: it is the issue that would be published.
    `updates`: the channel can edit messages.
    `lanes`: how far workers are.
    `missed`: the failed deliveries, if the issue was requested by name.
    `unlisted`: the recipients who left the list before their turn, if the issue was requested by name.
    `notice`: the row is about a notice.
    `forced`: when the issue was last published with `--force`.
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
    lanes: tuple[LaneProgress, ...] = ()
    missed: tuple[FailedDelivery, ...] = ()
    unlisted: tuple[str, ...] = ()
    notice: bool = False
    forced: ForcedIssue | None = None


def build_status_rows(run: RunContext, issue: str) -> list[StatusRow]:
    """Return the rows of the newest issues, or of the named one, newest first.

    Raises IssueError and ConfigError for an issue that does not exist or is not due, StorageError.
    """
    return [*_StatusBuilder(run, issue).build_rows()]


class _StatusBuilder:
    def __init__(self, run: RunContext, issue: str) -> None:
        self._run = run
        self._issue = issue
        self._snapshot = take_snapshot(run)
        self._site = OutputFolder(run.output_folder, run.home)
        self._now = run.clock.time()
        self._ledger: Ledger | None = run.ledger if run.has_ledger else None
        self._destination_ids = load_all_destination_ids(self._ledger) if self._ledger else {}
        self._forced_issues = load_forced_issues(self._ledger) if self._ledger else {}
        self._channels = {channel.name: channel for channel in run.config.channels}

    def build_rows(self) -> Iterator[StatusRow]:
        if self._issue:
            position = self._snapshot.choose(self._issue)
            positions = [] if position is None else [position]
            unresolved: list[str] = []
        else:
            positions = [*range(min(_MAX_ISSUES, len(self._snapshot.records)))]
            states = (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.SENDING)
            newsletter = self._run.config.newsletter.id
            unresolved = find_issues_in_state(self._ledger, newsletter, *states) if self._ledger else []
        shown = [self._snapshot.entries[position].id for position in positions]
        older = [issue for issue in reversed(unresolved) if issue not in shown]
        statuses: dict[str, list[PublicationStatus]] = {}
        for status in find_statuses(self._ledger, [*shown, *older]) if self._ledger else ():
            statuses.setdefault(status.key.issue, []).append(status)
        for position, issue in zip(positions, shown, strict=True):
            by_key = {status.key: status for status in statuses.get(issue, [])}
            yield from self._build_issue_rows(position, by_key)
        for issue in older:
            for status in statuses[issue]:
                yield from self._build_extra_rows(status, "")

    def _build_issue_rows(
        self, position: int, statuses: dict[PublicationKey, PublicationStatus]
    ) -> Iterator[StatusRow]:
        record, entry = self._snapshot.records[position], self._snapshot.entries[position]
        rendered = [channel for channel in self._run.channels if not isinstance(channel, ArchiveChannel)]
        renderings = self._snapshot.render(position, [channel.name for channel in rendered])
        forced = next(reversed(self._forced_issues.get(entry.id, ())), None)
        for channel in self._run.channels:
            key = build_publication_key(self._run.config.newsletter, channel, record.id, self._destination_ids)
            status = statuses.pop(key, None)
            rendering = renderings.get(channel.name)
            if isinstance(rendering, PublisherError):
                condition, detail = ChannelStatus.BROKEN, rendering.message
            elif isinstance(channel, MessageChannel) and channel.active_destination and rendering:
                condition, detail = self._check_messages(channel, rendering, status)
            elif rendering:
                condition, detail = self._check_files(rendering, status), ""
            else:
                condition, detail = self._check_archive(channel, position, status), ""
            if rendering and not forced and condition in (ChannelStatus.NONE, ChannelStatus.CHANGED):
                excess = measure_rendering(channel, rendering).excess
                condition, detail = (ChannelStatus.TOO_LONG, excess) if excess else (condition, detail)
            detail = detail or channel.note
            row = StatusRow(record.id, record.title, channel.name, channel.active_destination, condition, detail)
            can_edit = channel.capabilities.can_edit
            row = row._replace(newest=position == 0, updates=can_edit, forced=forced)
            yield self._add_ledger_data(row, status)
        for status in statuses.values():
            yield from self._build_extra_rows(status, record.title)

    def _build_extra_rows(self, status: PublicationStatus, title: str) -> Iterator[StatusRow]:
        """Yield the row of a notice, or of a publication on a channel that is not enabled now.

        The latter is shown if it is unresolved, or if the issue was requested by name.
        """
        key, condition = status.key, self._check_unresolved(status)
        if self._is_with_workers(status):
            condition = ChannelStatus.BUSY
        notice = key.notice_of is not None
        if notice and status.counts.planned:
            condition = condition or ChannelStatus.WAITING
        if condition or ((notice or self._issue) and status.published):
            newsletter = self._run.config.newsletter
            is_ping = key.issue == newsletter.id  # about the newsletter: its feeds changed
            name, title = ("", newsletter.name) if is_ping else (key.issue.rpartition("/")[2], title)
            row = StatusRow(name, title, key.channel, key.destination, condition or ChannelStatus.PUBLISHED)
            yield self._add_ledger_data(row._replace(notice=notice), status)

    def _add_ledger_data(self, row: StatusRow, status: PublicationStatus | None) -> StatusRow:
        if status is None:
            return row
        row = row._replace(counts=status.counts, when=status.published, url=status.url)
        if self._ledger and self._issue:
            unlisted = sorted(find_recipients(self._ledger, status.key, DeliveryState.UNLISTED))
            missed = find_failed_deliveries(self._ledger, status.key)
            row = row._replace(missed=tuple(missed), unlisted=tuple(unlisted))
        reason = next(iter(status.reasons), "")
        match row.condition:
            case ChannelStatus.WAITING:
                is_later = status.next_at and status.next_at > self._now
                return row._replace(when=status.next_at if is_later else None, detail=reason)
            case ChannelStatus.FAILED | ChannelStatus.UNKNOWN:
                return row._replace(detail=reason)
            case ChannelStatus.BUSY if self._is_with_workers(status):
                lanes = find_progress(self._run.ledger, status.id)
                sent = ", ".join(
                    f"{one.deliveries.sent:,} of {one.deliveries.total:,} in lane {one.lane}" for one in lanes
                )
                counts = ((status.counts.unknown, "unknown"), (status.counts.failed, "failed"))
                unsent = ", ".join(f"{number:,} {what}" for number, what in counts if number)
                detail = " · ".join(filter(None, (f"by workers: {sent}", unsent, reason)))
                return row._replace(detail=detail, lanes=lanes)
            case ChannelStatus.BUSY:
                return row._replace(detail=status.owner)
            case _:
                return row

    def _check_messages(
        self, channel: MessageChannel, rendering: Rendering, status: PublicationStatus | None
    ) -> tuple[ChannelStatus, str]:
        if status is None:
            return ChannelStatus.NONE, ""
        if self._is_with_workers(status):
            return ChannelStatus.BUSY, ""
        if unresolved := self._check_unresolved(status):
            return unresolved, ""
        if status.is_adopted:
            return ChannelStatus.PUBLISHED, ""
        plan = plan_delivery(channel, rendering, status.key, status)
        if plan.held_reason:
            return ChannelStatus.HELD, plan.held_reason
        if status.counts.planned or not status.done:
            return ChannelStatus.WAITING, ""
        changed = plan.new or plan.changed or plan.removed
        return (ChannelStatus.CHANGED if changed else ChannelStatus.PUBLISHED), ""

    def _check_unresolved(self, status: PublicationStatus) -> ChannelStatus | None:
        """Return BUSY, UNKNOWN or FAILED; None if nothing is unresolved."""
        counts = status.counts
        if status.is_leased(self._now):
            return ChannelStatus.BUSY
        if counts.unknown or counts.sending:
            return ChannelStatus.UNKNOWN
        return ChannelStatus.FAILED if counts.failed else None

    def _is_with_workers(self, status: PublicationStatus) -> bool:
        """Return whether workers have it: with something left to send, or with nothing, if one is about to say so."""
        channel, counts = self._channels.get(status.key.channel), status.counts
        if channel is None or not is_for_workers(channel, self._run.config):
            return False
        if is_with_workers(self._run.config, channel, status):
            return True
        if status.done or status.is_planning or counts.unknown or counts.failed:
            return False
        with self._run.ledger.transaction() as tx:
            return is_being_delivered(tx, status.id, self._now)

    def _check_archive(self, channel: Channel, position: int, status: PublicationStatus | None) -> ChannelStatus:
        """Return the status of a page or entry by the ledger, or else by the index of files."""
        digest, path = self._snapshot.digests[position], self._snapshot.records[position].path
        if status:
            is_current = status.done and status.digest == digest
            return ChannelStatus.PUBLISHED if is_current else ChannelStatus.CHANGED
        page = self._site.channel_files(channel.name).pages.get(path)
        body = self._snapshot.find_cached_digest(channel.name, path)
        is_built = body.startswith(digest) or (page and page.digest.startswith(digest))
        return ChannelStatus.FILES if is_built else ChannelStatus.NONE

    def _check_files(self, rendering: Rendering, status: PublicationStatus | None) -> ChannelStatus:
        parts = (*rendering.parts, *rendering.previews)
        if not any((self._run.output_folder / part.key).exists() for part in parts):
            return ChannelStatus.PUBLISHED if status and status.is_adopted else ChannelStatus.NONE
        changed = any(differs(self._run.output_folder / part.key, part.body) for part in parts)
        return ChannelStatus.CHANGED if changed else ChannelStatus.FILES
