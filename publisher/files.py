"""Atomic file writes.

A file is written under a temporary name in the same folder, flushed, and renamed: other programs see the old
bytes or the new ones, also after a power cut. A file that has the right bytes already is not written, so that
its modification time, and with it Last-Modified and ETag, stay the same.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from publisher.errors import StorageError
from publisher.failpoints import hit_failpoint

TEMPORARY_PREFIX = ".publisher-tmp-"
"""The name of each unfinished file begins with this."""

_serial = count()


def write_if_changed(path: Path, body: bytes, *, flush: bool = True, stale: Iterable[Path] = ()) -> bool:
    """Write `body` to `path` atomically, unless it has these bytes already. Return whether it was written.

    Missing folders are created; the mode of a replaced file is kept. Without `flush` the bytes may be lost in
    a power cut until `flush_all` has run. Before a file is replaced, those made from it (`stale`) are deleted. Raises
    StorageError; the old file is unchanged then.
    """
    try:
        mode = _mode_if_different(path, body)
        if mode == _UNCHANGED:
            return False
        _write_atomically(path, body, mode, flush, stale)
    except OSError as error:
        raise wrap_os_error(f"cannot write {path}", error) from error
    return True


def differs(path: Path, body: bytes) -> bool:
    """Return whether `write_if_changed` would write. Raises StorageError when the file cannot be read."""
    try:
        return _mode_if_different(path, body) != _UNCHANGED
    except NotADirectoryError:
        return True
    except OSError as error:
        raise wrap_os_error(f"cannot read {path}", error) from error


_ERRNO_HINTS = {
    errno.EACCES: "check its owner and permissions, or publish as that user",
    errno.EROFS: "its disk is read-only: write elsewhere with --out DIR",
    errno.ENOSPC: "free some space on that disk",
    getattr(errno, "EDQUOT", -1): "free some space: the quota on that disk is used up",
    errno.EFBIG: "the file is larger than the system allows (ulimit -f)",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.EIO: "check the disk",
    errno.EISDIR: "there is a folder in the place of this file: move it away",
    errno.ELOOP: "symbolic links lead in a circle: remove them",
}


_STORAGE_ERROR_NAMES = (
    "EACCES", "EBUSY", "EDQUOT", "EFBIG", "EIO", "EISDIR", "ELOOP", "EMFILE", "EMLINK", "ENAMETOOLONG", "ENFILE",
    "ENODEV", "ENOENT", "ENOSPC", "ENOTDIR", "ENOTEMPTY", "ENXIO", "EPERM", "EROFS", "ESTALE", "ETXTBSY", "EXDEV",
)  # fmt: skip
STORAGE_ERRNOS = frozenset(getattr(errno, name) for name in _STORAGE_ERROR_NAMES if hasattr(errno, name))
"""Numbers of system errors that are about files, not about the network or a bug; Windows lacks some."""


def wrap_os_error(message: str, error: OSError) -> StorageError:
    """Return a StorageError with what was tried (`message`), the system's reason, and a hint."""
    return StorageError(f"{message}: {error.strerror or error}", _ERRNO_HINTS.get(error.errno or 0, ""))


_NEW, _UNCHANGED = -1, -2


def _mode_if_different(path: Path, body: bytes) -> int:
    """Return the mode of the file to replace; _NEW if there is none, _UNCHANGED if it has these bytes."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return _NEW
    except PermissionError:  # unreadable, but perhaps replaceable: writing will tell
        return path.stat().st_mode & 0o7777
    with os.fdopen(file, "rb", buffering=0) as old:
        status = os.fstat(file)
        if status.st_size == len(body) and old.read() == body:
            return _UNCHANGED
        return status.st_mode & 0o7777


def _write_atomically(path: Path, body: bytes, mode: int, flush: bool, stale: Iterable[Path]) -> None:
    """Write the bytes to a temporary file beside `path`, delete the `stale` files, and rename it to `path`."""
    file, temporary = _open_temporary(path.parent)
    try:
        with os.fdopen(file, "wb", buffering=0) as new:
            remaining = memoryview(body)
            while remaining:  # the system may write only a part of a very large body
                remaining = remaining[new.write(remaining) :]
            if mode != _NEW:
                temporary.chmod(mode)
            if flush:
                os.fsync(file)
        for other in stale:
            other.unlink(missing_ok=True)
        hit_failpoint("replacing")
        temporary.replace(path)
        hit_failpoint("replaced")
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if flush:
        flush_folder(path.parent)


def _open_temporary(folder: Path) -> tuple[int, Path]:
    """Create a new file in `folder`, and the folder if it is missing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        temporary = folder / f"{TEMPORARY_PREFIX}{os.getpid()}-{next(_serial)}"
        try:
            return os.open(temporary, flags, 0o666), temporary
        except FileExistsError:  # left by a killed process with the same number
            continue
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Flush a rename to disk. Errors are ignored: some file systems cannot flush a folder, and the rename is
    atomic without it."""
    with contextlib.suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def flush_all() -> None:
    """Flush everything written so far to disk."""
    if sys.platform != "win32":
        os.sync()


def remove_temporary_files(folder: Path) -> int:
    """Remove the unfinished files that killed processes left below `folder`. Return how many there were.

    Call it only with the project's lock: the unfinished file of a running process looks the same.
    """
    removed = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith(TEMPORARY_PREFIX):
                with contextlib.suppress(OSError):
                    Path(parent, name).unlink()
                    removed += 1
    return removed
