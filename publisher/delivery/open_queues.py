"""Which queues to ask for deliveries: not those that have no token yet, and not those with nothing due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from publisher.ledger.models import Turn


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
