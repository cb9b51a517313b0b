"""One publish at a time: a lock the system takes back by itself when its holder dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from publisher.errors import BusyError
from publisher.files import wrap_os_error


@contextmanager
def acquire_lock(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` within the block.

    The value says whether its last holder died before it was done. Raises BusyError, naming the process,
    when somebody holds it, and StorageError when the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise wrap_os_error(f"cannot write {path}", error) from error
    with os.fdopen(file, "r+b", buffering=0) as lock:
        number = lock.read(64)
        try:
            taken = _try_lock(file)
        except OSError as error:
            raise wrap_os_error(f"cannot lock {path}", error) from error
        if not taken:
            holder = number.decode("ascii", "replace").strip() or "unknown"
            raise BusyError(f"another publish is at work here (process {holder})", "wait until it is done")
        _write_lock_file(file, b"%d\n" % os.getpid())
        try:
            yield bool(number)
        finally:  # which a killed holder does not come to
            _write_lock_file(file, b"")


def _write_lock_file(file: int, body: bytes) -> None:
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, body)


if sys.platform == "win32":

    def _try_lock(file: int) -> bool:
        import msvcrt

        # far behind the text: a locked byte cannot be read by others, and they want to read who holds it
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
