"""Publishes what is due: each issue once; what cannot be published is reported once.

The ledger and the sources decide what is due. Nothing is kept in memory between ticks, except how long to
pause what just failed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from threading import Event as Signal

from publisher.calendar.calendar import (
    HELD_BACK_STATUSES,
    ItemStatus,
    LedgerView,
    ScheduledItem,
    build_calendar,
    read_records,
)
from publisher.channel import ArchiveChannel, Channel
from publisher.clock import Clock
from publisher.config import Config
from publisher.daemon.alerts import Alerts, DaemonEvent, DaemonEventHandler, format_duration, format_summary_line
from publisher.daemon.bounces import process_bounces
from publisher.daemon.feed_pings import PendingPings
from publisher.daemon.heartbeat import Heartbeat
from publisher.daemon.list_upkeep import keep_list
from publisher.daemon.pending_upload import PendingUpload
from publisher.daemon.sending import Result, SendingBatches, run_batch
from publisher.delivery import ledger_guard
from publisher.delivery.dispatcher import deliver_one
from publisher.delivery.sent_settings import record_settings
from publisher.delivery.worker_queue import enqueue_open_shards, open_job_queue
from publisher.errors import (
    BusyError,
    ConfigError,
    DeliveryError,
    IssueError,
    NoSubscribersError,
    PageMissingError,
    PublisherError,
)
from publisher.events import ChannelOutcome, Request, RunEvent, RunWarning
from publisher.ledger import DeliveryCounts, FewerRecipientsError, PublicationStatus
from publisher.ledger.calendar import adopt_publications, find_unfinished
from publisher.ledger.meta import record_tick
from publisher.ledger.outputs import record_files_done, record_files_started
from publisher.ledger.queries import load_original_rendering
from publisher.named_tuple import NamedTuple
from publisher.pipeline.publish import publish
from publisher.run import OutgoingMessage, RunContext
from publisher.theme import Theme

LATE_THRESHOLD = dt.timedelta(minutes=5)

_SHORT_PAUSE = dt.timedelta(seconds=20)
_LONG_PAUSE = dt.timedelta(minutes=10)
"""How long to pause a channel that failed as a whole, such as a bot without its token."""

_REFRESH_SECONDS = 60.0
"""While messages are being sent, what else is due is looked for after so many seconds at the latest."""

_Pauses = dict[tuple[str, str], tuple[dt.datetime | None, tuple[str, ...]]]
"""By (file, channel): until when it is paused (None: until it changes), and the version that failed."""


class PassResult(NamedTuple):
    """When something is due next (in UTC, or None), the calendar, and the exit code as of `publish`."""

    next_due: dt.datetime | None
    upcoming: Sequence[ScheduledItem]
    exit_code: int


class Scheduler:
    """Runs passes: each publishes everything that is due.

    After `stop` is set, a pass ends when the current delivery has. `heartbeat` is given by a daemon; without
    it each pass is recorded as a `publish tick`.
    """

    def __init__(self, on_event: DaemonEventHandler, stop: Signal, heartbeat: Heartbeat | None = None) -> None:
        self.on_event = on_event
        self.stop = stop
        self.pauses: _Pauses = {}
        self.pending_pings = PendingPings(on_event, stop)
        self.pending_upload = PendingUpload(on_event)
        self._heartbeat = heartbeat

    def run_pass(self, config: Config, theme: Theme, clock: Clock) -> PassResult:
        """Publish everything that is due. Raises ConfigError when no file is an issue, or the newsletter's id has
        changed, and StorageError."""
        with closing(RunContext.open(config, theme, clock.time(), clock=clock)) as run:
            ledger_guard.require_same_id(run, accept=False)
            ledger_guard.learn_destination_ids(run)
            if self._heartbeat:
                self._heartbeat.start(run)
            else:
                record_tick(run.ledger, config.newsletter.id, clock.time())
            keep_list(run)
            process_bounces(run, self.on_event)
            self._enqueue_lost_jobs(run)
            result = _Pass(run, self).run()
            if self._heartbeat:
                self._heartbeat.finish(run)
            return result

    def _enqueue_lost_jobs(self, run: RunContext) -> None:
        """Enqueue for the workers what they have not done yet, should its jobs be lost."""
        if run.config.workers:
            with suppress(ConfigError):  # reported when an issue is published
                record_settings(run)
                enqueue_open_shards(run, open_job_queue(run.config))


class _Pass:
    """One pass. `run` is read-only; publishing opens another run."""

    def __init__(self, run: RunContext, scheduler: Scheduler) -> None:
        self._run = run
        self._on_event, self._stop = scheduler.on_event, scheduler.stop
        self._pauses, self._pending_pings = scheduler.pauses, scheduler.pending_pings
        self._pending_upload = scheduler.pending_upload
        self._alerts = Alerts(run, scheduler.on_event)
        self._exit_code = 0
        self._sending = SendingBatches(scheduler.stop)
        self._failed: set[tuple[str, str]] = set()  # (file, channel)
        self._ledger_view = LedgerView()
        self._items: Sequence[ScheduledItem] = ()
        self._channels = {channel.name: channel for channel in run.channels}

    def run(self) -> PassResult:
        with self._sending:
            self._refresh()
            while (batch := self._next_batch()) or self._sending.channels:
                if batch:
                    self._start(batch)
                else:
                    self._let_others_go_first()
                for finished in self._sending.wait(0.0 if batch else self._get_wait_seconds()):
                    self._finish(*finished)
                self._refresh()
        self._report_waiting()
        if not any(self._is_due_page(item) for item in self._items):  # publishing that uploads the site
            self._exit_code = self._pending_upload.flush(self._run) or self._exit_code
        self._exit_code = self._pending_pings.flush(self._run) or self._exit_code
        now = self._run.clock.time()
        pending = (ItemStatus.WAITING, ItemStatus.BUSY, ItemStatus.HAS_ERRORS, ItemStatus.TOO_LONG)
        times = [item.next_check for item in self._items if item.status in pending]
        times += filter(None, (self._pending_pings.next_attempt, self._pending_upload.next_attempt))
        next_due = min((time for time in times if time > now), default=None)
        return PassResult(next_due, self._items, self._exit_code or self._alerts.exit_code)

    def _refresh(self) -> None:
        now = self._run.clock.time()
        self._ledger_view = LedgerView.load(self._run.ledger, now)
        self._items = build_calendar(self._run, read_records(self._run), self._ledger_view, now, save_cache=True)
        self._alerts.report_problems(self._items, self._ledger_view)

    def _next_batch(self) -> list[ScheduledItem]:
        """Return the first issue that is due, on all its due channels that can be published together; nothing on
        channels that are busy."""
        due = [] if self._stop.is_set() else [one for one in self._find_due() if not self._is_busy(one)]
        return [item for item in due if self._batch_key(item) == self._batch_key(due[0])]

    def _find_due(self) -> list[ScheduledItem]:
        return [
            item
            for item in self._items
            if item.status is ItemStatus.READY and not (self._is_paused(item) or self._find_missing_pages(item))
        ]

    def _is_busy(self, item: ScheduledItem) -> bool:
        return item.key.channel in self._sending.channels

    def _let_others_go_first(self) -> None:
        """Let the channels that are busy with an issue begin with the next one when they only wait for a rate limit."""
        for item in self._find_due():
            if self._is_busy(item) and not self._sending.is_about(item):
                self._sending.let_others_go_first(item.key.channel)

    def _get_wait_seconds(self) -> float:
        """Return how long to wait for messages that are being sent before something else may be due."""
        now = self._run.clock.time()
        times = [item.next_check for item in self._items if item.status is ItemStatus.WAITING and item.next_check > now]
        seconds = (min(times) - now).total_seconds() if times else _REFRESH_SECONDS
        return min(seconds, _REFRESH_SECONDS)

    def _find_missing_pages(self, item: ScheduledItem) -> list[Channel]:
        """Return the archive channels on which the issue of a message is due and not published yet.

        It has to be there first: a message cannot be unsent, and leads to its page.
        """
        if not self._run.is_sending_channel(self._channels[item.key.channel]):
            return []
        return [
            self._channels[other.key.channel]
            for other in self._items
            if other.record.path == item.record.path and self._is_due_page(other)
        ]

    def _is_due_page(self, item: ScheduledItem) -> bool:
        """Return whether an issue is due on a channel that shows the whole archive."""
        return item.status is ItemStatus.READY and isinstance(self._channels[item.key.channel], ArchiveChannel)

    def _report_waiting(self) -> None:
        """Report the messages that wait because their page could not be written in this pass."""
        waiting: dict[tuple[str, ...], list[ScheduledItem]] = {}
        for item in self._items:
            if item.status is ItemStatus.READY:
                missing = tuple(channel.name for channel in self._find_missing_pages(item))
                if any((item.record.path, name) in self._failed for name in missing):
                    waiting.setdefault((item.record.path, *missing), []).append(item)
        for (_, *names), items in waiting.items():
            has_page = any(not self._channels[name].capabilities.caches_entries for name in names)
            issue, channels = items[0].record.id, ",".join(item.key.channel for item in items)
            hint = f"sent once that is fixed; to send it now: publish --issue {issue} --channel {channels}"
            self._alerts.report_waiting(items, PageMissingError(names, hint, has_page=has_page))

    def _batch_key(self, item: ScheduledItem) -> tuple[str, bool, bool, frozenset[str]]:
        is_sending = self._run.is_sending_channel(self._channels[item.key.channel])
        return item.record.path, is_sending, item.use_original_text, self._held_back_paths(item)

    def _held_back_paths(self, item: ScheduledItem) -> frozenset[str]:
        """Return the issues that must not appear yet on a channel that shows the whole archive."""
        if not isinstance(self._channels[item.key.channel], ArchiveChannel):
            return frozenset()
        return frozenset(
            other.record.path
            for other in self._items
            if other.key.channel == item.key.channel and other.status in HELD_BACK_STATUSES
        )

    def _is_paused(self, item: ScheduledItem) -> bool:
        """Return whether it is paused. A pause ends early when the text, the configuration or the list changes."""
        until, version = self._get_pause(item)
        return version == self._version(item) and (until is None or self._run.clock.time() < until)

    def _get_pause(self, item: ScheduledItem) -> tuple[dt.datetime | None, tuple[str, ...]]:
        return self._pauses.get((item.record.path, item.key.channel), (None, ()))

    def _version(self, item: ScheduledItem) -> tuple[str, ...]:
        channel, recipients = self._channels[item.key.channel], ""
        if self._run.is_sending_channel(channel):
            with suppress(PublisherError):  # there is no list
                recipients = repr(channel.recipients_version)
        return item.record.sha256, self._run.config.digest, recipients

    # -------------------------------------------------------------- publishing

    def _start(self, batch: Sequence[ScheduledItem]) -> None:
        """Publish a batch: files at once, the messages of each channel in a thread."""
        run, record = self._run, batch[0].record
        names = tuple(item.key.channel for item in batch)
        repeated = all(
            self._get_pause(item)[1] == self._version(item) or self._alerts.is_list_reported(item) for item in batch
        )
        if not repeated:
            late = run.clock.time() - batch[0].due
            note = f"late by {format_duration(late)}" if late > LATE_THRESHOLD else ""
            self._on_event(DaemonEvent("publishing", record.id, names, note))
        if not run.is_sending_channel(self._channels[names[0]]):
            self._finish(batch, run_batch(lambda: self._publish_current(batch)), repeated)
            return
        try:
            ledger_guard.verify_ledger(run)
        except ConfigError as error:
            self._handle_error(batch, error, repeated=repeated)
            return
        if batch[0].use_original_text and not repeated:
            message = f"{batch[0].detail}; the rest is sent with the original text"
            self._on_event(DaemonEvent("warning", record.id, names, message, batch[0].hint))
        for item in batch:
            if item.use_original_text:
                status = self._ledger_view.unfinished[item.key]
                self._sending.start([item], partial(self._send_original, item, status), repeated=repeated)
            else:
                self._sending.start([item], partial(self._publish_current, [item]), repeated=repeated)

    def _finish(self, batch: Sequence[ScheduledItem], result: Result, repeated: bool) -> None:
        """Report and remember what became of a batch. Raises an error that no issue or channel is to blame for."""
        if isinstance(result, BusyError | ConfigError | IssueError):
            self._handle_error(batch, result, repeated=repeated)
            return
        if isinstance(result, BaseException):
            raise result
        for item in batch:
            outcome = result[item.key.channel]
            if outcome.sent or not outcome.error:
                self._alerts.end_list_report(item)
            if outcome.error:
                self._handle_error([item], outcome.error, repeated=repeated)
            else:
                self._record_done(item)
                self._set_pause([item], _SHORT_PAUSE)
                what, summary = "planned" if outcome.queued else "published", format_summary_line(outcome)
                self._on_event(DaemonEvent(what, item.record.id, (outcome.name,), summary))
        for name in result.keys() - {item.key.channel for item in batch}:  # pings of a hub about the feeds
            self._exit_code = self._pending_pings.record(self._run, result[name]) or self._exit_code

    def _publish_current(
        self, batch: Sequence[ScheduledItem], give_way: Signal | None = None
    ) -> Mapping[str, ChannelOutcome]:
        """Publish the current text. Return the outcomes by channel."""
        run, record = self._run, batch[0].record
        request = Request(
            record.path,
            tuple(item.key.channel for item in batch),
            skip_checks=all(item.is_historic for item in batch),
            held_back=self._held_back_paths(batch[0]),
            give_way=give_way,
        )

        def report(event: RunEvent) -> None:
            if isinstance(event, RunWarning):
                self._on_event(DaemonEvent("warning", record.id, (), event.message))

        now = run.clock.time()
        return publish(run.config, run.theme, request, now, report, run.clock, self._stop).channels

    def _send_original(self, item: ScheduledItem, status: PublicationStatus, _: Signal) -> Mapping[str, ChannelOutcome]:
        """Send the rest of a started publication with its original text. Return the outcome by channel."""
        channel = self._channels[item.key.channel]
        assert self._run.is_sending_channel(channel)
        rendering = load_original_rendering(self._run.ledger, status)
        message = OutgoingMessage(item.key.issue, channel.name, channel, rendering)
        return {channel.name: deliver_one(self._run, message, self._stop)}

    def _handle_error(self, batch: Sequence[ScheduledItem], error: PublisherError, *, repeated: bool) -> None:
        """Report why an issue was not published, and pause it. `repeated`: same text and settings as before.

        Failed and unknown deliveries in the ledger are reported by the next `_refresh`.
        """
        names, now = tuple(item.key.channel for item in batch), self._run.clock.time()
        if not isinstance(error, BusyError):
            self._failed.update((item.record.path, item.key.channel) for item in batch)
        status = find_unfinished(self._run.ledger).get(batch[0].key)
        counts = status.counts if status else DeliveryCounts()
        if self._stop.is_set():
            self._on_event(DaemonEvent("waiting", batch[0].record.id, names, error.message))
        elif isinstance(error, BusyError):
            self._exit_code = self._exit_code or error.exit_code
            self._on_event(DaemonEvent("busy", batch[0].record.id, names, error.message))
            self._set_pause(batch, _SHORT_PAUSE)
        elif isinstance(error, FewerRecipientsError):
            self._alerts.report_fewer_recipients(batch[0], error)
            self._set_pause(batch, _LONG_PAUSE)
        elif isinstance(error, NoSubscribersError):
            self._alerts.report_no_subscribers(batch[0], error)
            self._set_pause(batch, _LONG_PAUSE)
        elif isinstance(error, DeliveryError) and error.retry_after is not None:  # it lets others go first
            self._set_pause(batch, dt.timedelta(seconds=error.retry_after))
        elif isinstance(error, IssueError):  # only a changed text can help
            self._alerts.report_error(batch[0], error, names, repeated=repeated)
            self._set_pause(batch, None)
        elif status and status.next_at and status.next_at > now:
            self._exit_code = self._exit_code or error.exit_code
            self._on_event(DaemonEvent("waiting", batch[0].record.id, names, error.message))
            self._set_pause(batch, status.next_at - now)
        elif counts.failed or counts.unknown:
            self._set_pause(batch, _SHORT_PAUSE)
        else:
            self._alerts.report_error(batch[0], error, names, repeated=repeated)
            self._set_pause(batch, _LONG_PAUSE)

    def _set_pause(self, batch: Sequence[ScheduledItem], length: dt.timedelta | None) -> None:
        until = None if length is None else self._run.clock.time() + length
        for item in batch:
            self._pauses[item.record.path, item.key.channel] = until, self._version(item)

    def _record_done(self, item: ScheduledItem) -> None:
        """Record what publishing did not: files, and sent issues that an older copy of the ledger lacks."""
        channel, now = self._channels[item.key.channel], self._run.clock.time()
        if self._run.is_sending_channel(channel):
            adopt_publications(self._run.ledger, {item.key: now}, now)
        elif not isinstance(channel, ArchiveChannel):
            record_files_started(self._run.ledger, {item.key: item.record.sha256}, now)
            record_files_done(self._run.ledger, {(item.key.channel, item.key.destination): ()}, now)
