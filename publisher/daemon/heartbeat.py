"""Whether a daemon gets on with its work. It tells the ledger, which tells those who ask.

Between ticks that is seen from the ticks. Of a tick that takes long the ledger knows: whoever delivers has
promised it, with each window, another word before the longest delivery of a channel could have ended twice.
"""

from __future__ import annotations

import datetime as dt
from contextlib import closing

from publisher.calendar.calendar import open_read_only_run
from publisher.clock import Clock
from publisher.config import Config
from publisher.ledger.meta import record_heartbeat
from publisher.ledger.metrics import LedgerMetrics, collect_metrics, find_lease_expiry
from publisher.run import RunContext
from publisher.theme import Theme

MAX_SILENCE = dt.timedelta(minutes=10)
"""So long a tick may read, render and write files, with nothing on its way."""


class Heartbeat:
    """A daemon's life. `heartbeat` is when it last got on: a tick ended well, or is at work and moves; None
    before that. `figures` is what the ledger counted then, where somebody may ask for it: with
    `[server] listen`."""

    def __init__(self) -> None:
        self.last_alive: dt.datetime | None = None
        self.metrics = LedgerMetrics()
        self._clock: Clock | None = None
        self._last_progress = dt.datetime.min.replace(tzinfo=dt.UTC)

    def start(self, run: RunContext) -> None:
        """A tick begins. Raises StorageError."""
        self._clock, self._last_progress = run.clock, run.clock.time()
        record_heartbeat(run.ledger, run.config.newsletter.id, self._last_progress)

    def finish(self, run: RunContext) -> None:
        """The tick ended well. Raises StorageError."""
        self._record_alive(run, run.clock.time())

    def is_alive(self, config: Config, theme: Theme, now: dt.datetime) -> bool:
        """Whether the tick that is at work moves. Raises StorageError."""
        if self._clock is None:
            return True
        with closing(open_read_only_run(config, theme, self._clock)) as run:
            # the time of the tick, by which its promises are: the clock may have been set since
            then, until = self._clock.time(), find_lease_expiry(run.ledger)
            if until:
                self._last_progress = min(then, until)
            moves = then <= (until or self._last_progress + MAX_SILENCE)
            if moves:
                record_heartbeat(run.ledger, run.config.newsletter.id, now)
                self._record_alive(run, now)
        return moves

    def stop(self, config: Config, theme: Theme, now: dt.datetime) -> None:
        """The daemon leaves. Raises StorageError."""
        with closing(open_read_only_run(config, theme, Clock.running(now))) as run:
            record_heartbeat(run.ledger, run.config.newsletter.id, None)

    def _record_alive(self, run: RunContext, now: dt.datetime) -> None:
        self.last_alive = now
        if run.config.listen:
            live = [channel.name for channel in run.channels if run.is_sending_channel(channel)]
            self.metrics = collect_metrics(run.ledger, run.config.newsletter.id, live)
