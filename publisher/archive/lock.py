"""One publish at a time: a lock file that the system releases when its holder dies."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from publisher.errors import BusyError
from publisher.files import wrap_os_error

_turn = threading.RLock()
"""The threads of a process take turns; only another process gets an error."""

_held: set[int] = set()
"""The lock files that are held. A forked worker closes its copies: while it lives, they would hold the lock."""


@contextmanager
def acquire_lock(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` within the block. Waits for other threads.

    Yields whether its last holder died before it was done. Raises BusyError, naming the process, when another
    process holds it, and StorageError when the file cannot be created.
    """
    with _turn:
        yield from _hold(path)


def _hold(path: Path) -> Iterator[bool]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise wrap_os_error(f"cannot write {path}", error) from error
    with os.fdopen(file, "r+b", buffering=0) as lock:
        holder_pid = lock.read(64)
        try:
            acquired = _try_lock(file)
        except OSError as error:
            raise wrap_os_error(f"cannot lock {path}", error) from error
        if not acquired:
            holder = holder_pid.decode("ascii", "replace").strip() or "unknown"
            raise BusyError(f"another publish is running here (process {holder})", "wait until it is done")
        try:
            _write_lock_file(file, b"%d\n" % os.getpid())
        except OSError as error:
            raise wrap_os_error(f"cannot write {path}", error) from error
        _held.add(file)
        try:
            yield bool(holder_pid)
        finally:  # not reached when the holder is killed
            _held.discard(file)
            with suppress(OSError):  # then the next run takes this one for killed, and cleans up once more
                _write_lock_file(file, b"")


def _write_lock_file(file: int, body: bytes) -> None:
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, body)


if sys.platform == "win32":

    def _try_lock(file: int) -> bool:
        import msvcrt

        # far behind the text: others cannot read a locked byte, and they read who holds the lock
        os.lseek(file, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:

    def _try_lock(file: int) -> bool:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _close_copies() -> None:
        while _held:
            os.close(_held.pop())

    os.register_at_fork(after_in_child=_close_copies)
