"""Who has a publication in hand: a process, told apart from a later one that gets the same number."""

from __future__ import annotations

import os
from pathlib import Path

from publisher.patterns import lazy_pattern

_OWNER_PATTERN = lazy_pattern(r"(process (\d+) on (.*)), begun (\S+) of (\S+)")


def get_process_id() -> str:
    """This process, in words: "process 123 on HOST, begun 456 of MACHINE"."""
    number = os.getpid()
    return f"process {number} on {_get_hostname()}, begun {_read_start_time(number)} of {_read_machine_id()}"


def format_owner(owner: str) -> str:
    """An owner as people know it."""
    found = _OWNER_PATTERN.fullmatch(owner)
    return found[1] if found else owner


def is_process_gone(owner_id: str) -> bool:
    """Whether that process has certainly ended. Of another machine's nobody can tell: False."""
    found = _OWNER_PATTERN.fullmatch(owner_id)
    if not found or (found[3], found[5]) != (_get_hostname(), _read_machine_id()):
        return False
    number = int(found[2])
    return not _is_process_alive(number) or _read_start_time(number) not in ("?", found[4])


def _read_machine_id() -> str:
    """What tells apart machines, starts of a machine, and containers that count processes for themselves:
    their names may be the same. "-" where the system has nothing of the kind."""
    try:
        # https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html and pid_namespaces.7.html
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return "-"


def _get_hostname() -> str:
    import platform  # slow to import

    return platform.node()


def _read_start_time(pid: int) -> str:
    """When the process began, in whatever unit the system counts; "-" when it ended, "?" when that cannot be
    seen."""
    try:
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name, in brackets, may hold spaces
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return "-" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return "?"


def _is_process_alive(pid: int) -> bool:
    if os.name == "nt":  # where os.kill is no question
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True
