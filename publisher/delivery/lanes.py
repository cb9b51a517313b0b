"""Which lanes can be sent to now: not those that have no token yet, nor those whose provider refuses the sender."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from publisher.errors import RefusalKind
from publisher.ledger import Result
from publisher.ledger.models import Turn
from publisher.named_tuple import NamedTuple

_MAX_REFUSALS = 3
"""How many refusals of the sender by one provider close its lane."""


class LaneClosure(NamedTuple):
    """Until when a lane is closed, and what its provider said."""

    lane: str
    until: dt.datetime
    reason: str


class LaneRefusals:
    """The refusals of one run."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def count(self, result: Result) -> LaneClosure | None:
        """Count a result. Return the closure of its lane, once, if there are too many refusals."""
        lane = result.delivery.lane
        if result.refusal is not RefusalKind.SENDER or not lane or result.next_at is None:
            return None
        self._counts[lane] += 1
        return LaneClosure(lane, result.next_at, result.reason) if self._counts[lane] == _MAX_REFUSALS else None


class OpenQueues:
    """The queues of a publication, by name; the deliveries without a rate limit are in the one without a name."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._open_at: dict[str, dt.datetime] = {}
        self._empty: frozenset[str] = frozenset()

    def select(self, now: dt.datetime) -> list[str]:
        """Return the queues that can have deliveries to start now."""
        return [
            name
            for name in sorted(self._names)
            if name not in self._empty and (name not in self._open_at or self._open_at[name] <= now)
        ]

    def update(self, turn: Turn) -> None:
        """Remember what the ledger said about the queues that were asked."""
        self._open_at |= turn.open_at
        self._empty |= turn.empty

    def forget_empty(self) -> None:
        """Ask all queues again: there may be deliveries that are planned or due since."""
        self._empty = frozenset()

    def get_next_opening(self, now: dt.datetime) -> dt.datetime | None:
        """Return when the first queue has a token again that has deliveries, None if no queue waits for one."""
        waiting = [at for name, at in self._open_at.items() if name not in self._empty and at > now]
        return min(waiting, default=None)
