"""Word of changed feeds that is owed, while no issue is due whose feeds would bring it along: the hub could
not be reached, or wanted to be left alone; or whoever wrote the feeds died before it was told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from threading import Event

from publisher.build.builder import announcement
from publisher.channel import AnnouncedChannel
from publisher.daemon.alerts import News, Tell, deeds
from publisher.delivery.dispatcher import send
from publisher.errors import StorageError
from publisher.events import ChannelOutcome
from publisher.ledger import Key, Standing
from publisher.ledger.plan import digest_of
from publisher.ledger.queries import standing
from publisher.run import Outgoing, Run

_PAUSE = dt.timedelta(minutes=10)
"""How long whoever could not be told is left alone, unless they asked for longer."""


class Debts:
    """Tells what is owed, tick by tick. `next` is when it wants to be called again, in UTC."""

    def __init__(self, tell: Tell, stop: Event) -> None:
        self.next: dt.datetime | None = None
        self._tell = tell
        self._stop = stop
        # by name of the channel: until when it is left alone, and why
        self._pauses: dict[str, tuple[dt.datetime, str]] = {}

    def settle(self, run: Run) -> int:
        """Tell it, as the feeds are now; the exit code for what went wrong. Raises StorageError."""
        self.next, code = None, 0
        for owed, known in _owed(run):
            now, name = run.clock.time(), owed.channel.name
            first, _ = self._pauses.get(name, (now, ""))
            if known:
                first = max(first, known.next_at or now, (known.owner and known.until) or now)
            if first <= now and not self._stop.is_set():
                code = self.hear(run, send(run, owed, self._stop)) or code
                first, _ = self._pauses.get(name, (now, ""))
            if first > now:
                self.next = min(first, self.next or first)
        return code

    def hear(self, run: Run, done: ChannelOutcome) -> int:
        """Take note of what became of such word, and pass it on; the exit code. Raises StorageError."""
        if (error := done.error) is None:
            self._pauses.pop(done.name, None)
            if done.did_something:
                self._tell(News("published", "", (done.name,), deeds(done)))
            return 0
        known = standing(run.ledger, Key(run.config.publication.id, done.name, done.destination))
        waits = bool(known and known.counts.planned)
        reason = known.reasons[0] if known and known.reasons else error.message
        if reason != self._pauses.get(done.name, (None, ""))[1]:
            what, hint = ("waiting", "") if waits else ("failed", error.hint)
            self._tell(News(what, "", (done.name,), error.message, hint, alarm=not waits))
        self._pauses[done.name] = run.clock.time() + _PAUSE, reason
        return error.exit_code


def _owed(run: Run) -> Iterator[tuple[Outgoing, Standing | None]]:
    for channel in run.channels:
        told = _announcement(run, channel) if isinstance(channel, AnnouncedChannel) else None
        if told:
            known = standing(run.ledger, Key(told.id, told.channel.name, told.channel.destination))
            if known is None or _is_owed(known, told):
                yield told, known


def _is_owed(known: Standing, told: Outgoing) -> bool:
    waits = known.counts.planned or known.counts.sending
    return bool(waits or (known.done and known.digest != digest_of(told.rendering.parts)))


def _announcement(run: Run, channel: AnnouncedChannel) -> Outgoing | None:
    with suppress(StorageError):  # without a feed there is nothing to tell
        return announcement(run, channel)
    return None
