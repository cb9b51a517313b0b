"""Files that nobody ever sees half-written.

A file is written beside its place, flushed, and renamed over it: a reader finds the old bytes or the new
ones, and so does the machine after a power cut. A file that has the right bytes already is left alone, so
that its time stamp, and with it Last-Modified and ETag, stay.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from publisher.errors import DeliveryError, StorageError
from publisher.failpoints import hit_failpoint

if TYPE_CHECKING:
    from publisher.channel import Part, Receipt

TEMPORARY_PREFIX = ".publisher-tmp-"
"""What the name of every unfinished file begins with."""

# A session that writes more files than this is a rebuild: one flush at its end replaces one per file.
_INDIVIDUAL_FLUSH_LIMIT = 64

_serial = count()


def write_if_changed(path: Path, body: bytes, *, flush: bool = True) -> bool:
    """Make `path` hold `body`, atomically; True when it did not already.

    Missing folders are made; a file that is replaced passes its mode on. Without `flush` the bytes may be
    lost in a power cut until `flush_all` has run. Raises StorageError, and then the old file is untouched.
    """
    try:
        mode = _mode_if_different(path, body)
        if mode == _UNCHANGED:
            return False
        _write_atomically(path, body, mode, flush)
    except OSError as error:
        raise wrap_os_error(f"cannot write {path}", error) from error
    return True


def differs(path: Path, body: bytes) -> bool:
    """Whether `write_if_changed` would write. Raises StorageError when the file cannot be read."""
    try:
        return _mode_if_different(path, body) != _UNCHANGED
    except NotADirectoryError:
        return True
    except OSError as error:
        raise wrap_os_error(f"cannot read {path}", error) from error


_ERRNO_HINTS = {
    errno.EACCES: "look at whose it is, or publish as that user",
    errno.EROFS: "its disk is read-only: --out DIR writes elsewhere",
    errno.ENOSPC: "make room on that disk",
}


def wrap_os_error(what: str, error: OSError) -> StorageError:
    """The one line a person gets for an OSError: what was tried, the system's reason, and what helps."""
    return StorageError(f"{what}: {error.strerror or error}", _ERRNO_HINTS.get(error.errno or 0, ""))


_NEW, _UNCHANGED = -1, -2


def _mode_if_different(path: Path, body: bytes) -> int:
    """The permission bits of the file to replace; _NEW when there is none, _SAME when it has these bytes."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return _NEW
    except PermissionError:  # unreadable, perhaps still replaceable: the write below decides
        return path.stat().st_mode & 0o7777
    with os.fdopen(file, "rb", buffering=0) as old:
        status = os.fstat(file)
        if status.st_size == len(body) and old.read() == body:
            return _UNCHANGED
        return status.st_mode & 0o7777


def _write_atomically(path: Path, body: bytes, mode: int, flush: bool) -> None:
    """Write the bytes beside `path` and rename them over it."""
    file, temporary = _open_temporary(path.parent)
    try:
        with os.fdopen(file, "wb", buffering=0) as new:
            rest = memoryview(body)
            while rest:  # the system may take a very large body in pieces
                rest = rest[new.write(rest) :]
            if mode != _NEW:
                temporary.chmod(mode)
            if flush:
                os.fsync(file)
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
    """A new file in `folder`, which is made when it is missing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        temporary = folder / f"{TEMPORARY_PREFIX}{os.getpid()}-{next(_serial)}"
        try:
            return os.open(temporary, flags, 0o666), temporary
        except FileExistsError:  # left by a killed process that had our number
            continue
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Make a rename last. Not every file system lets a folder be flushed; the rename is whole without it."""
    with contextlib.suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def flush_all() -> None:
    """Make everything written so far last."""
    if sys.platform != "win32":
        os.sync()


def remove_temporary_files(folder: Path) -> int:
    """Remove the unfinished files a killed process left anywhere below `folder`; how many there were.

    Only for one who holds the project's lock: the unfinished file of a living process looks the same.
    """
    swept = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith(TEMPORARY_PREFIX):
                with contextlib.suppress(OSError):
                    Path(parent, name).unlink()
                    swept += 1
    return swept


class FolderSession:
    """The connection of every channel that delivers into a folder; a part's key is its path in there.

    The first files of a session are flushed one by one, before their rename. A session that writes many is
    rebuilding an archive, where a flush per file costs more than all the rest: its files are flushed
    together on exit. Until then a power cut may leave a new file empty, so whoever keeps a record of what
    was delivered writes it after the exit; the next run then finds the file different and mends it.
    """

    def __init__(self) -> None:
        self._written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._written > _INDIVIDUAL_FLUSH_LIMIT:
            flush_all()

    def deliver(self, part: Part, destination: str) -> Receipt:
        """Write a part below the folder `destination`.

        Raises DeliveryError when the key leads out of the folder, StorageError when the system refuses.
        """
        from publisher.channel import Receipt  # not needed by those who only write a file

        if part.key.startswith("/") or "\\" in part.key or ".." in part.key.split("/"):
            raise DeliveryError(
                f"{part.key!r} is not a path below {destination}",
                "look at the issue's id and at `url` in publisher.toml",
                permanent=True,
            )
        one_by_one = sys.platform == "win32" or self._written < _INDIVIDUAL_FLUSH_LIMIT
        changed = write_if_changed(Path(destination, part.key), part.body, flush=one_by_one)
        self._written += changed
        return Receipt(changed=changed)
