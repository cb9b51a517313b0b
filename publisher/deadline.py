"""How long something may take in all, however many steps it has and however slowly each of them goes on.

The time limits of sockets and of HTTP libraries are for one read or write: a server that sends a byte now and then
never exceeds them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self


class Deadline:
    """The moment `seconds` from now, by a clock that never goes back."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] | None = None) -> None:
        self._monotonic = monotonic or time.monotonic
        self._end = self._monotonic() + seconds

    @property
    def remaining(self) -> float:
        """The seconds that are left; 0 once it has passed."""
        return max(0.0, self._end - self._monotonic())

    @property
    def has_passed(self) -> bool:
        """Whether no time is left."""
        return not self.remaining

    def within(self, seconds: float) -> Self:
        """Return the deadline that is `seconds` from now, or this one if it is earlier."""
        return type(self)(min(seconds, self.remaining), self._monotonic)

    def require_time(self) -> float:
        """Return the seconds that are left, more than 0. Raises TimeoutError once it has passed."""
        if remaining := self.remaining:
            return remaining
        raise TimeoutError("no answer within the time limit")
