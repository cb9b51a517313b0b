"""Tell systemd how the daemon is, as `Type=notify` and `WatchdogSec=` ask for.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify_systemd(*states: str) -> None:
    """Tell states, such as READY=1. Where systemd did not start this, nobody hears it."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return
    if place.startswith("@"):  # a name that is no file
        place = f"\0{place[1:]}"
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
        to.sendto("\n".join(states).encode(), place)
