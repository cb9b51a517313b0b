"""Counts refusals of the sender by provider: after a few of them the rest would be refused as well."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import NamedTuple

from publisher.errors import RefusalKind
from publisher.ledger import Result

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
