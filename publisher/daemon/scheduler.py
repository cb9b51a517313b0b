"""One look at the clock: what is due and not done goes out, each issue once, and what cannot is told once.

The ledger and the sources decide; nothing is kept from one tick to the next but how long to leave alone what
just went wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import closing
from threading import Event as Signal
from typing import NamedTuple

from publisher.calendar.calendar import (
    HELD_BACK_STATUSES,
    ItemStatus,
    LedgerView,
    ScheduledItem,
    build_calendar,
    open_read_only_run,
    read_records,
)
from publisher.channel import ArchiveChannel, MessageChannel
from publisher.clock import Clock
from publisher.config import Config
from publisher.daemon.alerts import (
    Alerts,
    DaemonEvent,
    DaemonEventHandler,
    format_duration,
    format_summary_line,
)
from publisher.daemon.feed_pings import PendingPings
from publisher.daemon.heartbeat import Heartbeat
from publisher.delivery import ledger_guard
from publisher.delivery.dispatcher import deliver_one
from publisher.errors import BusyError, ConfigError, IssueError, PublisherError
from publisher.events import ChannelOutcome, Request, RunEvent, RunWarning
from publisher.ledger import DeliveryCounts
from publisher.ledger.calendar import adopt_publications, find_unfinished
from publisher.ledger.meta import record_tick
from publisher.ledger.outputs import record_files_done, record_files_started
from publisher.ledger.queries import load_original_rendering
from publisher.pipeline.publish import publish
from publisher.run import OutgoingMessage, RunContext
from publisher.theme import Theme

LATE_THRESHOLD = dt.timedelta(minutes=5)

_SHORT_PAUSE = dt.timedelta(seconds=20)
_LONG_PAUSE = dt.timedelta(minutes=10)
"""How long what failed as a whole, such as a bot without its token, is left alone."""


class PassResult(NamedTuple):
    """When something is due next, in UTC; what is to come; and the exit code as `publish` has it."""

    next_due: dt.datetime | None
    upcoming: Sequence[ScheduledItem]
    exit_code: int


class Scheduler:
    """Looks at the clock again and again. `stop` ends a tick after what it has begun; `vigil` is a daemon's,
    without one each tick stands for itself."""

    def __init__(
        self, on_event: DaemonEventHandler, stop: Signal, heartbeat: Heartbeat | None = None
    ) -> None:
        self._on_event = on_event
        self._stop = stop
        self._heartbeat = heartbeat
        # by file and channel: until when it is left alone, None for as long as its text is the same
        self._pauses: dict[tuple[str, str], tuple[dt.datetime | None, tuple[str, ...]]] = {}
        self._pending_pings = PendingPings(on_event, stop)

    def run_pass(self, config: Config, theme: Theme, clock: Clock) -> PassResult:
        """Have everything go out that is due. Raises ConfigError when no file is an issue, StorageError."""
        with closing(open_read_only_run(config, theme, clock)) as run:
            if self._heartbeat:
                self._heartbeat.start(run)
            else:
                record_tick(run.ledger, config.newsletter.id, clock.time())
            done = _Pass(run, self._on_event, self._stop, self._pauses, self._pending_pings).run()
            if self._heartbeat:
                self._heartbeat.finish(run)
            return done


class _Pass:
    """One of them. `run` is for looking; what is published has a run of its own."""

    def __init__(
        self,
        run: RunContext,
        on_event: DaemonEventHandler,
        stop: Signal,
        pauses: dict[tuple[str, str], tuple[dt.datetime | None, tuple[str, ...]]],
        pending_pings: PendingPings,
    ) -> None:
        self._run = run
        self._on_event = on_event
        self._stop = stop
        self._pauses = pauses
        self._pending_pings = pending_pings
        self._alerts = Alerts(run, on_event)
        self._exit_code = 0
        self._ledger_view = LedgerView()
        self._items: Sequence[ScheduledItem] = ()
        self._channels = {channel.name: channel for channel in run.channels}

    def run(self) -> PassResult:
        self._refresh()
        while not self._stop.is_set() and (batch := self._next_batch()):
            self._publish_batch(batch)
            self._refresh()
        self._exit_code = self._pending_pings.flush(self._run) or self._exit_code
        now = self._run.clock.time()
        coming = (ItemStatus.WAITING, ItemStatus.BUSY, ItemStatus.HAS_ERRORS)
        waiting = [one.next_check for one in self._items if one.status in coming]
        if self._pending_pings.next_attempt:
            waiting.append(self._pending_pings.next_attempt)
        following = min((moment for moment in waiting if moment > now), default=None)
        return PassResult(following, self._items, self._exit_code or self._alerts.exit_code)

    def _refresh(self) -> None:
        now = self._run.clock.time()
        self._ledger_view = LedgerView.load(self._run.ledger, now)
        self._items = build_calendar(
            self._run, read_records(self._run), self._ledger_view, now, save_cache=True
        )
        self._alerts.report_problems(self._items, self._ledger_view)

    def _next_batch(self) -> list[ScheduledItem]:
        """The first issue that is due, on all channels on which it is, of those that go the same way and see
        the same archive."""
        due = [one for one in self._items if one.status is ItemStatus.READY and not self._is_paused(one)]
        return [one for one in due if self._batch_key(one) == self._batch_key(due[0])]

    def _batch_key(self, one: ScheduledItem) -> tuple[str, bool, bool, frozenset[str]]:
        live = self._run.is_sending_channel(self._channels[one.key.channel])
        return one.record.path, live, one.use_original_text, self._held_back_paths(one)

    def _held_back_paths(self, one: ScheduledItem) -> frozenset[str]:
        """The issues that are not on a channel over the whole archive yet, and must not appear there."""
        if not isinstance(self._channels[one.key.channel], ArchiveChannel):
            return frozenset()
        return frozenset(
            other.record.path
            for other in self._items
            if other.key.channel == one.key.channel and other.status in HELD_BACK_STATUSES
        )

    def _is_paused(self, one: ScheduledItem) -> bool:
        """Whether it is to be left alone: for its time, and until its text or the settings change."""
        until, mark = self._get_pause(one)
        return mark == self._version(one) and (until is None or self._run.clock.time() < until)

    def _get_pause(self, one: ScheduledItem) -> tuple[dt.datetime | None, tuple[str, ...]]:
        return self._pauses.get((one.record.path, one.key.channel), (None, ()))

    def _version(self, one: ScheduledItem) -> tuple[str, ...]:
        return one.record.sha256, self._run.config.digest

    # -------------------------------------------------------------- publishing

    def _publish_batch(self, batch: Sequence[ScheduledItem]) -> None:
        run, record = self._run, batch[0].record
        names = tuple(one.key.channel for one in batch)
        again = all(self._get_pause(one)[1] == self._version(one) for one in batch)
        if not again:
            self._on_event(
                DaemonEvent("publishing", record.id, names, _format_lateness(batch[0], run.clock.time()))
            )
        try:
            if run.is_sending_channel(self._channels[names[0]]):
                ledger_guard.verify_ledger(run)
            if batch[0].use_original_text:
                if not again:
                    what = f"{batch[0].detail}; it ends as it began"
                    self._on_event(DaemonEvent("warning", record.id, names, what, batch[0].hint))
                outcomes = self._send_original(batch)
            else:
                outcomes = self._publish_current(batch)
        except (BusyError, ConfigError, IssueError) as error:
            self._handle_error(batch, error, again=again)
            return
        for one in batch:
            done = outcomes[one.key.channel]
            if done.error:
                self._handle_error([one], done.error, again=again)
            else:
                self._record_done(one)
                self._set_pause([one], _SHORT_PAUSE)
                self._on_event(DaemonEvent("published", record.id, (done.name,), format_summary_line(done)))
        for name in outcomes.keys() - set(names):  # a hub that is told of the feeds
            self._exit_code = self._pending_pings.record(run, outcomes[name]) or self._exit_code

    def _publish_current(self, batch: Sequence[ScheduledItem]) -> Mapping[str, ChannelOutcome]:
        """Publish it as it is now; by channel, what became of it."""
        run, record = self._run, batch[0].record
        names = tuple(one.key.channel for one in batch)
        old, not_yet = all(one.is_historic for one in batch), self._held_back_paths(batch[0])
        request = Request(record.path, names, skip_checks=old, held_back=not_yet)

        def report(event: RunEvent) -> None:
            if isinstance(event, RunWarning):
                self._on_event(DaemonEvent("warning", record.id, (), event.message))

        now = run.clock.time()
        return publish(run.config, run.theme, request, now, report, run.clock, self._stop).channels

    def _send_original(self, batch: Sequence[ScheduledItem]) -> Mapping[str, ChannelOutcome]:
        """Send the rest of what was begun in the words with which it began."""
        outcomes = {}
        for one in batch:
            channel, known = self._channels[one.key.channel], self._ledger_view.unfinished[one.key]
            assert isinstance(channel, MessageChannel)
            rest = OutgoingMessage(
                one.key.issue, channel.name, channel, load_original_rendering(self._run.ledger, known)
            )
            outcomes[channel.name] = deliver_one(self._run, rest, self._stop)
        return outcomes

    def _handle_error(self, batch: Sequence[ScheduledItem], error: PublisherError, *, again: bool) -> None:
        """Tell why something is not out, and leave it alone for a while. What the ledger has as failed or
        unknown is told by the next look. `again` when the same text and settings were tried before."""
        names, now = tuple(one.key.channel for one in batch), self._run.clock.time()
        standing = find_unfinished(self._run.ledger).get(batch[0].key)
        counts = standing.counts if standing else DeliveryCounts()
        if self._stop.is_set():
            self._on_event(DaemonEvent("waiting", batch[0].record.id, names, error.message))
        elif isinstance(error, BusyError):
            self._exit_code = self._exit_code or error.exit_code
            self._on_event(DaemonEvent("busy", batch[0].record.id, names, error.message))
            self._set_pause(batch, _SHORT_PAUSE)
        elif isinstance(error, IssueError):  # only another text can help
            self._alerts.report_error(batch[0], error, names, repeated=again)
            self._set_pause(batch, None)
        elif standing and standing.next_at and standing.next_at > now:
            self._exit_code = self._exit_code or error.exit_code
            self._on_event(DaemonEvent("waiting", batch[0].record.id, names, error.message))
            self._set_pause(batch, standing.next_at - now)
        elif counts.failed or counts.unknown:
            self._set_pause(batch, _SHORT_PAUSE)
        else:
            self._alerts.report_error(batch[0], error, names, repeated=again)
            self._set_pause(batch, _LONG_PAUSE)

    def _set_pause(self, batch: Sequence[ScheduledItem], length: dt.timedelta | None) -> None:
        until = None if length is None else self._run.clock.time() + length
        for one in batch:
            self._pauses[one.record.path, one.key.channel] = until, self._version(one)

    def _record_done(self, one: ScheduledItem) -> None:
        """Note what the ledger does not hear of otherwise: files, and what is remembered to be out although
        the ledger is older."""
        channel, now = self._channels[one.key.channel], self._run.clock.time()
        if self._run.is_sending_channel(channel):
            adopt_publications(self._run.ledger, {one.key: now}, now)
        elif not isinstance(channel, ArchiveChannel):
            record_files_started(self._run.ledger, {one.key: one.record.sha256}, now)
            record_files_done(self._run.ledger, [(one.key.channel, one.key.destination)], now)


def _format_lateness(one: ScheduledItem, now: dt.datetime) -> str:
    late = now - one.due
    return f"late by {format_duration(late)}" if late > LATE_THRESHOLD else ""
