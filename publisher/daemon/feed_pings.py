"""Word of changed feeds that is owed, while no issue is due whose feeds would bring it along: the hub could
not be reached, or wanted to be left alone; or whoever wrote the feeds died before it was told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from threading import Event

from publisher.build.builder import build_feed_ping
from publisher.channel import PingChannel
from publisher.daemon.alerts import DaemonEvent, DaemonEventHandler, format_summary_line
from publisher.delivery.dispatcher import deliver_one
from publisher.errors import StorageError
from publisher.events import ChannelOutcome
from publisher.ledger import PublicationKey, PublicationStatus
from publisher.ledger.plan import compute_parts_digest
from publisher.ledger.queries import find_status
from publisher.run import OutgoingMessage, RunContext

_RETRY_DELAY = dt.timedelta(minutes=10)
"""How long whoever could not be told is left alone, unless they asked for longer."""


class PendingPings:
    """Tells what is owed, tick by tick. `next` is when it wants to be called again, in UTC."""

    def __init__(self, on_event: DaemonEventHandler, stop: Event) -> None:
        self.next_attempt: dt.datetime | None = None
        self._on_event = on_event
        self._stop = stop
        # by name of the channel: until when it is left alone, and why
        self._pauses: dict[str, tuple[dt.datetime, str]] = {}

    def flush(self, run: RunContext) -> int:
        """Tell it, as the feeds are now; the exit code for what went wrong. Raises StorageError."""
        self.next_attempt, code = None, 0
        for owed, known in _find_pending_pings(run):
            now, name = run.clock.time(), owed.channel.name
            first, _ = self._pauses.get(name, (now, ""))
            if known:
                first = max(first, known.next_at or now, (known.owner and known.leased_until) or now)
            if first <= now and not self._stop.is_set():
                code = self.record(run, deliver_one(run, owed, self._stop)) or code
                first, _ = self._pauses.get(name, (now, ""))
            if first > now:
                self.next_attempt = min(first, self.next_attempt or first)
        return code

    def record(self, run: RunContext, outcome: ChannelOutcome) -> int:
        """Take note of what became of such word, and pass it on; the exit code. Raises StorageError."""
        if (error := outcome.error) is None:
            self._pauses.pop(outcome.name, None)
            if outcome.has_changes:
                self._on_event(DaemonEvent("published", "", (outcome.name,), format_summary_line(outcome)))
            return 0
        known = find_status(
            run.ledger, PublicationKey(run.config.newsletter.id, outcome.name, outcome.destination)
        )
        waits = bool(known and known.counts.planned)
        reason = known.reasons[0] if known and known.reasons else error.message
        if reason != self._pauses.get(outcome.name, (None, ""))[1]:
            what, hint = ("waiting", "") if waits else ("failed", error.hint)
            self._on_event(DaemonEvent(what, "", (outcome.name,), error.message, hint, alarm=not waits))
        self._pauses[outcome.name] = run.clock.time() + _RETRY_DELAY, reason
        return error.exit_code


def _find_pending_pings(run: RunContext) -> Iterator[tuple[OutgoingMessage, PublicationStatus | None]]:
    for channel in run.channels:
        told = _try_build_feed_ping(run, channel) if isinstance(channel, PingChannel) else None
        if told:
            known = find_status(
                run.ledger, PublicationKey(told.id, told.channel.name, told.channel.destination)
            )
            if known is None or _is_pending(known, told):
                yield told, known


def _is_pending(known: PublicationStatus, told: OutgoingMessage) -> bool:
    waits = known.counts.planned or known.counts.sending
    return bool(waits or (known.done and known.digest != compute_parts_digest(told.rendering.parts)))


def _try_build_feed_ping(run: RunContext, channel: PingChannel) -> OutgoingMessage | None:
    with suppress(StorageError):  # without a feed there is nothing to tell
        return build_feed_ping(run, channel)
    return None
