"""Pings of WebSub hubs about changed feeds that were not delivered with an issue.

The hub could not be reached or asked for a delay, or the process that wrote the feeds ended before the ping.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from threading import Event

from publisher.archive.output_folder import OutputFolder
from publisher.build.messages import build_feed_ping
from publisher.daemon.alerts import DaemonEvent, DaemonEventHandler, format_summary_line
from publisher.delivery.dispatcher import deliver_one
from publisher.errors import StorageError
from publisher.events import ChannelOutcome
from publisher.ledger import PublicationKey, PublicationStatus
from publisher.ledger.plan import compute_parts_digest
from publisher.ledger.queries import find_status
from publisher.run import OutgoingMessage, RunContext

_RETRY_DELAY = dt.timedelta(minutes=10)
"""How long to wait before a failed ping is tried again, unless the hub asked for longer."""


class PendingPings:
    """Sends pending pings, tick by tick. `next_attempt` is when `flush` should be called again, in UTC."""

    def __init__(self, on_event: DaemonEventHandler, stop: Event) -> None:
        self.next_attempt: dt.datetime | None = None
        self._on_event = on_event
        self._stop = stop
        # by channel name: until when it is paused, and why
        self._pauses: dict[str, tuple[dt.datetime, str]] = {}

    def flush(self, run: RunContext) -> int:
        """Ping about the current feeds. Return the exit code of a failure, or 0. Raises StorageError."""
        self.next_attempt, code = None, 0
        for ping, status in _find_pending_pings(run):
            now, name = run.clock.time(), ping.channel.name
            earliest, _ = self._pauses.get(name, (now, ""))
            if status:
                earliest = max(earliest, status.next_at or now, (status.owner and status.leased_until) or now)
            if earliest <= now and not self._stop.is_set():
                code = self.record(run, deliver_one(run, ping, self._stop)) or code
                earliest, _ = self._pauses.get(name, (now, ""))
            if earliest > now:
                self.next_attempt = min(earliest, self.next_attempt or earliest)
        return code

    def record(self, run: RunContext, outcome: ChannelOutcome) -> int:
        """Process the outcome of a ping: report it, and pause after a failure. Return the exit code.

        Raises StorageError.
        """
        if (error := outcome.error) is None:
            self._pauses.pop(outcome.name, None)
            if outcome.has_changes:
                self._on_event(DaemonEvent("published", "", (outcome.name,), format_summary_line(outcome)))
            return 0
        key = PublicationKey(run.config.newsletter.id, outcome.name, outcome.destination)
        status = find_status(run.ledger, key)
        will_retry = bool(status and status.counts.planned)
        reason = status.reasons[0] if status and status.reasons else error.message
        if reason != self._pauses.get(outcome.name, (None, ""))[1]:
            what, hint = ("waiting", "") if will_retry else ("failed", error.hint)
            self._on_event(DaemonEvent(what, "", (outcome.name,), error.message, hint, alarm=not will_retry))
        self._pauses[outcome.name] = run.clock.time() + _RETRY_DELAY, reason
        return error.exit_code


def _find_pending_pings(run: RunContext) -> Iterator[tuple[OutgoingMessage, PublicationStatus | None]]:
    site = OutputFolder(run.output_folder, run.home)
    for channel in run.channels:
        ping = None
        with suppress(StorageError):  # without a feed there is nothing to announce
            ping = build_feed_ping(run, channel, site)
        if ping:
            key = PublicationKey(ping.id, ping.channel.name, ping.channel.destination)
            status = find_status(run.ledger, key)
            if status is None or _is_pending(status, ping):
                yield ping, status


def _is_pending(status: PublicationStatus, ping: OutgoingMessage) -> bool:
    unsent = status.counts.planned or status.counts.sending
    return bool(unsent or (status.done and status.digest != compute_parts_digest(ping.rendering.parts)))
