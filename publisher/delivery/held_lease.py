"""The lease of a job in progress, and what is recorded under it: results are not lost while the lease lasts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from threading import Event
from typing import TypeVar

from publisher.clock import Clock
from publisher.errors import StorageError
from publisher.ledger import Lease, Ledger, Result
from publisher.ledger.models import Turn
from publisher.ledger.queues import QueueSelection

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
"""Seconds between two tries to write to a ledger that fails."""

_SHORT_TIMEOUT = 15.0
"""How many seconds a ledger may fail when no delivery depends on it."""

T = TypeVar("T")


class HeldLease:
    """Records results and starts deliveries. `timeout` is the longest time that a delivery takes, in seconds.

    Each checkpoint extends the lease to twice that time. What a ledger does not accept, because it is being
    restarted or its disk is full, is tried again until then, or for `timeout` seconds after `stop` was set; it has the
    same effect as once.
    """

    def __init__(
        self, ledger: Ledger, lease: Lease, until: dt.datetime, clock: Clock, stop: Event, timeout: float
    ) -> None:
        self.lease = lease
        self.is_waited_for = False
        """Whether the ledger failed and was waited for."""
        self._has_failed = False  # for so long that there is no more waiting
        self._ledger = ledger
        self._until = until
        self._clock = clock
        self._stop = stop
        self._timeout = timeout

    @property
    def duration(self) -> dt.timedelta:
        """How long the lease lasts after a checkpoint."""
        return dt.timedelta(seconds=2 * self._timeout)

    def extend(self, longer: dt.timedelta) -> dt.datetime:
        """Return until when a lease lasts that is extended now, so much longer than by a checkpoint."""
        self._until = self._clock.time() + self.duration + longer
        return self._until

    def checkpoint(
        self,
        results: Sequence[Result],
        wanted: QueueSelection,
        in_progress: Collection[int],
        longer: dt.timedelta = dt.timedelta(0),
    ) -> Turn:
        """Record results and start deliveries, as Ledger.checkpoint does. `in_progress` are the ids of those not
        ended yet; `longer` is how much longer than usual the lease must last.

        Raises StorageError when the ledger has failed for too long, and LeaseLostError.
        """
        is_repeated = False

        def write() -> Turn:
            nonlocal is_repeated
            known = frozenset(in_progress) if is_repeated else None
            is_repeated = True
            now, duration = self._clock.time(), self.duration + longer
            turn = self._ledger.checkpoint(self.lease, results, wanted, now, duration, known=known)
            self._until = now + duration
            return turn

        return self.persist(write, is_urgent=bool(results or in_progress))

    def persist(self, write: Callable[[], T], *, is_urgent: bool = True) -> T:
        """Return what `write` returns. Tries again when it raises StorageError; it must be harmless to repeat.

        Without `is_urgent` no result of a delivery depends on it, and it is tried for a short time only.
        """
        failed_at, pause = self._clock.time(), _FIRST_PAUSE
        end = self._until if is_urgent else failed_at + dt.timedelta(seconds=_SHORT_TIMEOUT)
        while True:
            try:
                return write()
            except StorageError:
                now = self._clock.time()
                if self._stop.is_set():
                    end = min(end, failed_at + dt.timedelta(seconds=self._timeout))
                if self._has_failed or now + dt.timedelta(seconds=pause) >= end:
                    self._has_failed = True
                    raise
            self.is_waited_for = True
            self._clock.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
