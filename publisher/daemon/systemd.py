"""Reports the state of the daemon to systemd, for `Type=notify` and `WatchdogSec=`.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

_TIMEOUT = 1.0
"""Seconds after which a state is not sent, because systemd reads none: the daemon does not wait for that."""


def notify_systemd(*states: str) -> None:
    """Send states such as READY=1. Does nothing if systemd did not start this process, or reads no more."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # a socket in the abstract namespace
        address = f"\0{address[1:]}"
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.settimeout(_TIMEOUT)
        sender.sendto("\n".join(states).encode(), address)
