"""Whether a daemon makes progress. Recorded in the ledger, so that other processes can see it.

Between ticks, each tick is a sign of life. In a long tick the leases show it: a delivery job extends its
lease with each checkpoint, for long enough that the slowest delivery of a channel could run twice.
"""

from __future__ import annotations

import datetime as dt
from contextlib import closing

from publisher.clock import Clock
from publisher.config import Config
from publisher.ledger.lane_metrics import collect_lane_metrics
from publisher.ledger.meta import record_heartbeat
from publisher.ledger.metrics import LedgerMetrics, collect_metrics, find_lease_expiry
from publisher.run import RunContext
from publisher.theme import Theme

MAX_SILENCE = dt.timedelta(minutes=10)
"""How long a tick may parse, render and write files while it delivers nothing."""


class Heartbeat:
    """The heartbeat of a daemon.

    `last_alive` is when a tick last succeeded or a running one made progress, None before that. `metrics` are
    the ledger's numbers at that time; collected only with `[server] listen`.
    """

    def __init__(self) -> None:
        self.last_alive: dt.datetime | None = None
        self.metrics = LedgerMetrics()
        self._clock: Clock | None = None
        self._last_progress = dt.datetime.min.replace(tzinfo=dt.UTC)

    def start(self, run: RunContext) -> None:
        """Record that a tick begins. Raises StorageError."""
        self._clock, self._last_progress = run.clock, run.clock.time()
        record_heartbeat(run.ledger, run.config.newsletter.id, self._last_progress)

    def finish(self, run: RunContext) -> None:
        """Record that the tick succeeded. Raises StorageError."""
        self._record_alive(run, run.clock.time())

    def is_alive(self, config: Config, theme: Theme, now: dt.datetime) -> bool:
        """Return whether the running tick makes progress. Raises StorageError."""
        if self._clock is None:
            return True
        with closing(RunContext.open(config, theme, self._clock.time(), clock=self._clock)) as run:
            # the clock of the tick, which its leases use: the system clock may have been set since
            tick_time, expiry = self._clock.time(), find_lease_expiry(run.ledger)
            if expiry:
                self._last_progress = min(tick_time, expiry)
            is_alive = tick_time <= (expiry or self._last_progress + MAX_SILENCE)
            if is_alive:
                record_heartbeat(run.ledger, run.config.newsletter.id, now)
                self._record_alive(run, now)
        return is_alive

    def stop(self, config: Config, theme: Theme, now: dt.datetime) -> None:
        """Record that the daemon was stopped. Raises StorageError."""
        with closing(RunContext.open(config, theme, now)) as run:
            record_heartbeat(run.ledger, run.config.newsletter.id, None)

    def _record_alive(self, run: RunContext, now: dt.datetime) -> None:
        self.last_alive = now
        if run.config.listen:
            names = [channel.name for channel in run.channels if run.is_sending_channel(channel)]
            lanes = collect_lane_metrics(run.ledger, run.config.newsletter.id, now)
            self.metrics = collect_metrics(run.ledger, run.config.newsletter.id, names)._replace(lanes=lanes)
