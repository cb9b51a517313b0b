"""Decides which files of the newsletter's folder may be published, and opens them. Nothing else does either.

A file may be published if it is a regular file below the folder, also after symbolic links are followed; if no
part of its path begins with a dot; if publisher.toml does not name it; and if its name, its size and its first
bytes are those of its kind.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from publisher.named_tuple import NamedTuple
from publisher.project import CONFIG_FILE

_HEAD_BYTES = 16_384
"""So many bytes at the start of a file show its kind: an SVG file may begin with long comments."""

# with O_NONBLOCK, opening a pipe that no one writes to returns at once
_OPEN_FLAGS = os.O_RDONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK"):
    _OPEN_FLAGS |= getattr(os, _flag, 0)


class Refusal(NamedTuple):
    """Why a file is not published: a code of the checks, the end of a sentence that begins with the name of
    the file, and what to do."""

    code: str
    reason: str
    help: str


class FileKind(NamedTuple):
    """What files of a kind are like: at most `max_bytes`, which is `limit` in words, and tests of the name and
    of the first bytes. These return why a file is not of the kind, None if it is."""

    max_bytes: int
    limit: str
    refuse_name: Callable[[str], Refusal | None] = lambda _: None
    refuse_head: Callable[[str, bytes], Refusal | None] = lambda *_: None


class FileState(NamedTuple):
    """The size of a file in bytes and the time of its last change in nanoseconds.

    The size is -1 if there is no regular file that may be published at the path, whatever it contains.
    """

    size: int
    changed: int


NO_FILE = FileState(-1, 0)

_OUTSIDE = Refusal("file-outside", "is outside of the newsletter's folder", "copy the file into that folder")
_HIDDEN = Refusal(
    "file-hidden",
    "is hidden: a name in its path begins with a dot",
    "move the file into a folder whose name begins with no dot",
)
_PRIVATE = Refusal(
    "file-private", "is private: publisher.toml and the files that it names are never published", "use another file"
)
MISSING = Refusal("file-missing", "does not exist", "check the path, which is relative to the issue")
_IRREGULAR = Refusal(
    "not-a-file", "is not a regular file", "use the path of a file, not of a folder, a pipe or a device"
)
_CHANGING = Refusal("file-missing", "was replaced while it was read", "run the command again")


class FileAccess:
    """The files below the newsletter's folder, `root`, without publisher.toml and the `private` files, whose
    paths are absolute or relative to it.

    All other paths are relative to the root, with forward slashes.
    """

    def __init__(self, root: str | os.PathLike[str], private: Iterable[str] = ()) -> None:
        self.root = os.path.realpath(root)
        self._prefix = self.root.rstrip(os.sep) + os.sep
        self._private = frozenset(os.path.normpath(Path(self.root, path)) for path in (CONFIG_FILE, *private))
        self._private_folded = frozenset(path.casefold() for path in self._private)

    def read(self, path: str, kind: FileKind) -> bytes | Refusal:
        """Return the bytes of a file, or why it is not published."""
        return self._open(path, kind, kind.max_bytes + 1)

    def inspect(self, path: str, kind: FileKind) -> bytes | Refusal:
        """Return the first bytes of a file, or why it is not published."""
        return self._open(path, kind, _HEAD_BYTES)

    def stat_files(self, paths: Iterable[str]) -> Iterator[FileState]:
        """Yield the states of files without opening them. A state changes when the result of `inspect` may."""
        folders: dict[str, str | Refusal] = {"": self.root}
        for path in paths:
            folder, _, name = path.rpartition("/")
            if folder not in folders:
                folders[folder] = self._locate(folder)
            located = folders[folder]
            yield NO_FILE if isinstance(located, Refusal) else self._stat(path, f"{located}{os.sep}{name}")

    def _stat(self, path: str, absolute: str) -> FileState:
        """Return the state of a file, whose folder is known to be in the newsletter's folder."""
        try:
            status = os.lstat(absolute)
            if stat.S_ISLNK(status.st_mode):
                located = self._locate(path)
                return NO_FILE if isinstance(located, Refusal) else _get_state(os.lstat(located))
        except (OSError, ValueError):
            return NO_FILE
        return _get_state(status)

    def find_refusal(self, path: str) -> Refusal | None:
        """Return why no file at the path is published, whatever it contains; None if it may be."""
        located = self._locate(path)
        if isinstance(located, Refusal):
            return located
        try:
            return None if stat.S_ISREG(os.lstat(located).st_mode) else _IRREGULAR
        except (OSError, ValueError) as error:
            return _refuse_unreadable(error)

    def _locate(self, path: str) -> str | Refusal:
        """Return the absolute path of a file or folder with all links followed."""
        if refusal := self._refuse_path(path):
            return refusal
        absolute = self._prefix + path.replace("/", os.sep)
        try:
            located = self._follow_links(absolute)
        except (OSError, ValueError):  # a name that no file can have
            return MISSING
        if located == absolute:
            return located
        if not located.startswith(self._prefix):
            return _OUTSIDE
        return self._refuse_path(located.removeprefix(self._prefix).replace(os.sep, "/")) or located

    def _follow_links(self, absolute: str) -> str:
        """Return the path of a file or folder below the root with all links followed. Raises ValueError for a name that
        no file can have.

        Without a link below the root, the path is returned as it is: `realpath` would examine each folder from the root
        of the file system on. On Windows, which has other kinds of links, it is always called.
        """
        end = len(self._prefix) if os.name != "nt" else 0
        while end > 0:
            end = absolute.find(os.sep, end)
            try:
                if stat.S_ISLNK(os.lstat(absolute if end < 0 else absolute[:end]).st_mode):
                    break
            except OSError:  # it is not there, or in a folder that may not be entered
                break
            if end < 0:
                return absolute
            end += 1
        return os.path.realpath(absolute)

    def _refuse_path(self, path: str) -> Refusal | None:
        parts = path.split("/")
        if "" in parts or ".." in parts:
            return _OUTSIDE
        if "/." in f"/{path}":
            return _HIDDEN
        absolute = self._prefix + path.replace("/", os.sep)
        return _PRIVATE if absolute.casefold() in self._private_folded else None  # some disks ignore case

    def _open(self, path: str, kind: FileKind, max_bytes: int) -> bytes | Refusal:
        located = self._locate(path)
        if isinstance(located, Refusal):
            return located
        try:
            if not stat.S_ISREG(os.lstat(located).st_mode):  # opening a device may have effects
                return _IRREGULAR
            descriptor = os.open(located, _OPEN_FLAGS)
            try:
                status = os.fstat(descriptor)
                refusal = self._refuse_open_file(path, located, status, kind)
                body = b"" if refusal else _read_at_most(descriptor, status.st_size, max_bytes)
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            return _refuse_unreadable(error)
        if len(body) > kind.max_bytes:
            refusal = _refuse_size(kind)
        refusal = refusal or kind.refuse_head(path, body[:_HEAD_BYTES])
        return refusal or body

    def _refuse_open_file(self, path: str, located: str, status: os.stat_result, kind: FileKind) -> Refusal | None:
        """Judge the file that is open. Another one may have been put in its place since it was located."""
        if not stat.S_ISREG(status.st_mode):
            return _IRREGULAR
        if self._locate(path) != located or not os.path.samestat(os.lstat(located), status):
            return _CHANGING
        if any(_is_same_file(private, status) for private in self._private):
            return _PRIVATE
        return kind.refuse_name(path) or (_refuse_size(kind) if status.st_size > kind.max_bytes else None)


def _read_at_most(descriptor: int, size: int, max_bytes: int) -> bytes:
    """Return the content of an open file of `size` bytes, also if it has grown since, up to `max_bytes`. The first read
    asks for that size only, because `read` allocates what it is asked for, which takes longer than reading a file; so
    does a file object.
    """
    body = os.read(descriptor, min(size + 1, max_bytes))
    while len(body) < max_bytes and (more := os.read(descriptor, min(_HEAD_BYTES, max_bytes - len(body)))):
        body += more
    return body


def read_regular_file(path: str | os.PathLike[str], kind: FileKind) -> bytes | Refusal:
    """Return the bytes of a file anywhere, or why it is not one of the kind. For what a person named."""
    try:
        located = os.path.realpath(path)
        with os.fdopen(os.open(located, _OPEN_FLAGS), "rb") as file:
            is_regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            body = file.read(kind.max_bytes + 1) if is_regular else b""
    except (OSError, ValueError) as error:
        return _refuse_unreadable(error)
    if not is_regular:
        return _IRREGULAR
    return _refuse_size(kind) if len(body) > kind.max_bytes else body


def _get_state(status: os.stat_result) -> FileState:
    # the time of the inode's last change shows also what keeps size and modification time
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    return FileState(status.st_size, changed) if stat.S_ISREG(status.st_mode) else NO_FILE


def _is_same_file(path: str, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), status)  # noqa: PTH116 - for each file; a Path takes three times as long
    except (OSError, ValueError):
        return False


def _refuse_unreadable(error: OSError | ValueError) -> Refusal:
    if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
        return MISSING._replace(reason=f"cannot be read: {error.strerror}", help="check the file and its permissions")
    return MISSING


def _refuse_size(kind: FileKind) -> Refusal:
    return Refusal("file-too-large", f"has more than {kind.limit}", "make it smaller")
