"""Who has a publication in hand: a process, told apart from a later one that gets the same number."""

from __future__ import annotations

import os
from pathlib import Path


def myself() -> str:
    """This process, in words: "process 123 on HOST, begun 456"."""
    number = os.getpid()
    return f"process {number} on {_host()}, begun {_begun(number)}"


def is_gone(owner: str) -> bool:
    """Whether that process has certainly ended. Of another machine's nobody can tell: False."""
    words = owner.replace(",", "").split()
    if len(words) != 6 or words[3] != _host() or not words[1].isdecimal():
        return False
    return _begun(int(words[1])) != words[5]


def _host() -> str:
    import platform  # slow to import

    return platform.node()


def _begun(number: int) -> str:
    """When the process began, in whatever unit the system counts, "-" when there is none of that number."""
    try:
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name, in brackets, may hold spaces
        fields = Path(f"/proc/{number}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return "-" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return "?" if not Path("/proc/self/stat").exists() and _is_alive(number) else "-"


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
