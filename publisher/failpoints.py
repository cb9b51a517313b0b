"""Named places at which a test may have the program die, fail or wait. Without the variable, nothing.

PUBLISHER_FAILPOINT="acted:kill" dies, as by kill -9, at the place named "acted"; "acted:kill:3" at the third
time; "acted:raise" has an OSError there, "acted:full" one that says the disk is full, "acted:stop" stops, and
"acted:wait:0.5" waits.
"""

from __future__ import annotations

import errno
import os
from collections import Counter

_SPEC = os.environ.get("PUBLISHER_FAILPOINT", "")
_hits: Counter[str] = Counter()


def hit_failpoint(place: str) -> None:
    """Note that the program is at this place, and do there what a test asked for."""
    if _SPEC:
        _hits[place] += 1
        for order in _SPEC.split(","):
            name, action, *rest = order.split(":")
            if name == place:
                _trigger(action, rest[0] if rest else "", _hits[place])


def _trigger(action: str, detail: str, time: int) -> None:
    if action == "wait":
        import time as clock

        clock.sleep(float(detail))
    elif not detail or int(detail) == time:
        if action in ("kill", "stop"):
            import signal

            os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
            return
        full = action == "full"
        raise OSError(errno.ENOSPC if full else errno.EIO, os.strerror(errno.ENOSPC if full else errno.EIO))
