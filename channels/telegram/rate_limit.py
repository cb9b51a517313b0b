"""Rate limit of one chat: one message a second, twenty a minute.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MIN_INTERVAL = 1.0
"""Minimum time between two calls, in seconds."""

WINDOW, MAX_CALLS_PER_WINDOW = 60.0, 20
"""At most so many calls within so many seconds: (calls, seconds)."""


class ChatRateLimiter:
    """Delays calls to keep the rate limit. `monotonic` and `sleep` work in seconds, like those of `time`."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._call_end_times: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MAX_CALLS_PER_WINDOW))

    @contextmanager
    def slot(self, chat: str) -> Iterator[None]:
        """Wait until another call is allowed; make the call inside the context.

        Time counts from the end of a call, so that its duration cannot bring two calls closer together.
        """
        ends = self._call_end_times[chat]
        start = ends[-1] + MIN_INTERVAL if ends else 0.0
        if len(ends) == MAX_CALLS_PER_WINDOW:
            start = max(start, ends[0] + WINDOW)
        if (wait := start - self._monotonic()) > 0:
            self._sleep(wait)
        try:
            yield
        finally:
            ends.append(self._monotonic())
