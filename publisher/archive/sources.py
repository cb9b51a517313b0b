"""Which files are issues: the glob of publisher.toml, looked up with one system call per file."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import NamedTuple

from publisher.errors import StorageError


class SourceFile(NamedTuple):
    """A file as the folder shows it: its path below the root with forward slashes, its size in bytes and
    the time of its last change in nanoseconds."""

    path: str
    size: int
    mtime: int


def scan(root: Path, pattern: str) -> list[SourceFile]:
    """The files below `root` that match a glob, sorted by path.

    `*`, `?` and `[...]` match within a name, `**` any number of folders. Names that begin with a dot are
    left out, as everywhere. Raises StorageError when a folder may not be listed.
    """
    try:
        return sorted(set(_scan_folder(str(root), "", pattern.split("/"))))  # two `**` may find a file twice
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
                except FileNotFoundError:  # it was there a moment ago
                    continue
                yield SourceFile(prefix + name, status.st_size, status.st_mtime_ns)


@cache
def _compile_glob(glob: str) -> re.Pattern[str]:
    """One name of a path, asked for in every folder."""
    return re.compile(translate(glob))


def stat_files(root: Path, paths: Iterable[str]) -> list[SourceFile]:
    """Files by their path below `root`; one that is not there has the size -1."""
    found = []
    for path in paths:
        try:
            status = os.stat(f"{root}/{path}")  # noqa: PTH116 - as in scan, one system call per file
            found.append(SourceFile(path, status.st_size, status.st_mtime_ns))
        except OSError:
            found.append(SourceFile(path, -1, 0))
    return found


def compute_fingerprint(files: list[SourceFile]) -> str:
    """A hash of a scan: equal when no file came, went or changed."""
    lines = "\n".join([f"{path}\0{size}\0{mtime}" for path, size, mtime in files])
    return hashlib.blake2b(lines.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def is_mtime_reliable(file: SourceFile, now: int) -> bool:
    """Whether a later change of the file is sure to show in its size or time.

    A file changed in the very moment it was read (`now`, in nanoseconds) may change again without moving
    its time: file systems count it in steps, of some milliseconds or, where no fraction of a second is
    ever seen, of up to two seconds.
    """
    step = 20_000_000 if file.mtime % 1_000_000_000 else 2_000_000_000
    return file.mtime + step < now
