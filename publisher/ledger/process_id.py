"""Identifies the process that holds a lease, even from a later process with the same number."""

from __future__ import annotations

import os
from pathlib import Path

from publisher.patterns import lazy_pattern

_OWNER_PATTERN = lazy_pattern(r"(process (\d+) on (.*)), begun (\S+) of (\S+)")


def get_process_id() -> str:
    """Return the id of this process: "process 123 on HOST, begun 456 of MACHINE"."""
    pid = os.getpid()
    return f"process {pid} on {_get_hostname()}, begun {_read_start_time(pid)} of {_read_machine_id()}"


def format_owner(owner: str) -> str:
    """Return the readable part of an owner id: "process 123 on HOST"."""
    match = _OWNER_PATTERN.fullmatch(owner)
    return match[1] if match else owner


def is_process_gone(owner_id: str) -> bool:
    """Return whether the process has certainly ended. False for one on another machine: it cannot be seen."""
    match = _OWNER_PATTERN.fullmatch(owner_id)
    if not match or (match[3], match[5]) != (_get_hostname(), _read_machine_id()):
        return False
    pid = int(match[2])
    return not _is_process_alive(pid) or _read_start_time(pid) not in ("?", match[4])


def _read_machine_id() -> str:
    """Return an id of the machine, its boot and the PID namespace, "-" where the system has none.

    Host names are not enough: they may be the same, for example in containers.
    """
    try:
        # https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html and pid_namespaces.7.html
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot_id}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return "-"


def _get_hostname() -> str:
    import platform  # slow to import

    return platform.node()


def _read_start_time(pid: int) -> str:
    """Return when the process started, in the system's unit; "-" if it has ended, "?" if unknown."""
    try:
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name, in brackets, may hold spaces
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return "-" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return "?"


def _is_process_alive(pid: int) -> bool:
    if os.name == "nt":  # where os.kill(pid, 0) would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # the process of another user
        return True
    return True
