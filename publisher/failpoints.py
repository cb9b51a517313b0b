"""Named places at which a test can make the program die, fail or wait. They do nothing without the variable.

PUBLISHER_FAILPOINT="acted:kill" kills the process (SIGKILL) at the place named "acted", "acted:kill:3" the
third time it gets there. "acted:raise" raises an OSError, "acted:full" one for a full disk; "acted:stop"
suspends the process (SIGSTOP), and "acted:wait:0.5" waits for that many seconds.
"""

from __future__ import annotations

import errno
import os
from collections import Counter

_SPEC = os.environ.get("PUBLISHER_FAILPOINT", "")
_hits: Counter[str] = Counter()


def hit_failpoint(place: str) -> None:
    """Do what a test asked for at this place, if anything."""
    if _SPEC:
        _hits[place] += 1
        for entry in _SPEC.split(","):
            name, action, *rest = entry.split(":")
            if name == place:
                _trigger(action, rest[0] if rest else "", _hits[place])


def _trigger(action: str, detail: str, hit: int) -> None:
    if action == "wait":
        import time

        time.sleep(float(detail))
    elif not detail or int(detail) == hit:
        if action in ("kill", "stop"):
            import signal

            os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
            return
        code = errno.ENOSPC if action == "full" else errno.EIO
        raise OSError(code, os.strerror(code))
