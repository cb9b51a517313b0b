"""Finds the source files that match the glob of publisher.toml, with one system call per file."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import NamedTuple

from publisher.errors import StorageError

MAX_ISSUE_BYTES = 8 << 20
"""Size limit of an issue, in bytes: about a hundred times the largest newsletters."""


class SourceFile(NamedTuple):
    """A file: its path below the root with forward slashes, its size in bytes, and its modification time in
    nanoseconds."""

    path: str
    size: int
    mtime: int


def scan(root: Path, pattern: str) -> list[SourceFile]:
    """Return the files below `root` that match a glob, sorted by path.

    `*`, `?` and `[...]` match within a name, `**` any number of folders. Names that begin with a dot are
    skipped, as usual. Raises StorageError when a folder cannot be listed.
    """
    try:
        # a glob with two `**` may find a file twice
        return sorted(set(_scan_folder(str(root), "", pattern.split("/"))))
    except OSError as error:
        raise StorageError(f"cannot list {error.filename}: {error.strerror}") from error


def _scan_folder(folder: str, prefix: str, parts: list[str]) -> Iterator[SourceFile]:
    head, *rest = parts
    deep = head == "**"
    if deep:
        yield from _scan_folder(folder, prefix, rest or ["*"])
    matches = _compile_glob(head).match
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            name = entry.name
            if name.startswith(".") or not (deep or matches(name)):
                continue
            if deep:
                if entry.is_dir(follow_symlinks=False):
                    yield from _scan_folder(entry.path, f"{prefix}{name}/", parts)
            elif rest:
                if entry.is_dir():
                    yield from _scan_folder(entry.path, f"{prefix}{name}/", rest)
            elif entry.is_file():
                try:
                    status = entry.stat()
                except FileNotFoundError:  # deleted since the folder was listed
                    continue
                yield SourceFile(prefix + name, status.st_size, status.st_mtime_ns)


@cache
def _compile_glob(glob: str) -> re.Pattern[str]:
    """Compile the glob for one name of a path. Cached: it is needed in each folder."""
    return re.compile(translate(glob))


def stat_files(root: Path, paths: Iterable[str]) -> list[SourceFile]:
    """Return the files at these paths below `root`; a missing one has the size -1."""
    files = []
    for path in paths:
        try:
            status = os.stat(f"{root}/{path}")  # noqa: PTH116 - as in scan, one system call per file
            files.append(SourceFile(path, status.st_size, status.st_mtime_ns))
        except OSError:
            files.append(SourceFile(path, -1, 0))
    return files


def files_exist(folder: Path, sizes: Mapping[str, int]) -> bool:
    """Return whether the files, by path below `folder`, exist and have these sizes in bytes."""
    stat, prefix = os.stat, f"{folder}/"  # ten thousand times per run; a Path takes twice as long
    try:
        return all(stat(prefix + path).st_size == size for path, size in sizes.items())
    except OSError:
        return False


def compute_fingerprint(files: list[SourceFile]) -> str:
    """Return a hash of a scan: equal if no file was added, removed or changed."""
    lines = "\n".join([f"{path}\0{size}\0{mtime}" for path, size, mtime in files])
    return hashlib.blake2b(lines.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def is_mtime_reliable(file: SourceFile, now: int) -> bool:
    """Return whether any later change of the file will show in its size or modification time.

    A file changed just before it was read (`now`, in nanoseconds) may change again within the same time
    stamp: file systems count in steps of some milliseconds or, where no fraction of a second is ever seen, of
    up to two seconds.
    """
    step = 20_000_000 if file.mtime % 1_000_000_000 else 2_000_000_000
    return file.mtime + step < now
