"""Time as the pipeline sees it: given from outside, so that a test can let it pass."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import NamedTuple


class Clock(NamedTuple):
    """`time` says what time it is, aware; `wait` lets so many seconds pass."""

    time: Callable[[], dt.datetime]
    wait: Callable[[float], None]

    @classmethod
    def running(cls, since: dt.datetime) -> Clock:
        """The real time, if it is `since` now."""
        begun = time.monotonic()
        return cls(lambda: since + dt.timedelta(seconds=time.monotonic() - begun), time.sleep)
