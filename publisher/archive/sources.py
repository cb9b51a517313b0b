"""Finds the source files that match the globs of publisher.toml, with one system call per file."""

from __future__ import annotations

import gc
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import translate
from functools import cache
from operator import methodcaller
from pathlib import Path

from publisher.blake2 import blake2b
from publisher.files import wrap_os_error
from publisher.local_files import FileAccess
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern

_SHORT_STEP, _LONG_STEP = 20_000_000, 2_000_000_000
"""Steps in which file systems count the time, in nanoseconds."""

REFUSED_SIZE, _REFUSED_MTIME = -1, 1
"""The size and the modification time of any file that may not be published."""


_PROJECT_INITIALS = "_RrCcLl"
_PROJECT_PAGE = lazy_pattern(
    r"(?:_index|(?:readme|changelog|contributing|code[_-]of[_-]conduct|licen[cs]e)"
    r"(?:[._-](?:ar|de|en|es|fa|fr|hi|id|it|ja|ko|nl|pl|pt|ru|tr|uk|vi|zh)(?:[_-][a-z]{2,4})?)?)"
    r"\.[a-z]+",
    re.IGNORECASE,
)


class SourceFile(NamedTuple):
    """A file: its path below the root with forward slashes, its size in bytes, and its modification time in
    nanoseconds."""

    path: str
    size: int
    mtime: int


def scan(root: Path, pattern: str) -> list[SourceFile]:
    """Return the files below `root` that match a glob, sorted by path.

    `*`, `?` and `[...]` match within a name, `**` any number of folders. Names that begin with a dot are
    skipped, as usual, and so are links that lead nowhere. Raises StorageError when a folder cannot be listed.
    """
    return sorted(file for file in _scan(root, pattern).files.values() if file.size != REFUSED_SIZE)


def is_project_page(path: str) -> bool:
    """Whether a file is about the repository or the site, by its name: README.md, LICENSE.zh-CN.md, _index.md."""
    name = path.rpartition("/")[2]
    return name[:1] in _PROJECT_INITIALS and _PROJECT_PAGE.fullmatch(name) is not None


def scan_issues(root: Path, patterns: Iterable[str]) -> list[SourceFile]:
    """Return the files that match one of the globs, like `scan`, and what matches and is neither a regular file
    nor a folder. Those, and links to files that may not be published, have `REFUSED_SIZE`.

    A glob that begins with `!` excludes what it matches. A README and the like (`is_project_page`) is an issue only
    if it is named without `*`.
    """
    found: dict[str, SourceFile] = {}
    excluded: set[str] = set()
    linked: set[str] = set()
    for pattern in patterns:
        matching = _scan(root, pattern.removeprefix("!"))
        if pattern.startswith("!"):
            excluded.update(matching.files)
            continue
        linked |= matching.linked
        for path in matching.project_pages - {pattern}:
            del matching.files[path]
        found |= matching.files
    access = FileAccess(root)
    for path in linked & found.keys():
        if access.find_refusal(path):
            found[path] = SourceFile(path, REFUSED_SIZE, _REFUSED_MTIME)
    for path in excluded & found.keys():
        del found[path]
    return sorted(found.values())


class _FoundFiles(NamedTuple):
    """Files by path, the paths to which a symbolic link leads, and those of project pages. Anything else has
    `REFUSED_SIZE`."""

    files: dict[str, SourceFile]
    linked: set[str]
    project_pages: set[str]


def _scan(root: Path, pattern: str) -> _FoundFiles:
    found = _FoundFiles({}, set(), set())
    try:
        with pause_garbage_collection():
            _scan_folder(found, str(root), "", pattern.split("/"), is_linked=False)
    except OSError as error:
        raise wrap_os_error(f"cannot list {error.filename}", error) from error
    return found


@contextmanager
def pause_garbage_collection() -> Iterator[None]:
    """Collect no garbage while many objects are made that live on: each collection would look at all of them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _scan_folder(found: _FoundFiles, folder: str, prefix: str, parts: list[str], *, is_linked: bool) -> None:
    head, *rest = parts
    files, deep = found.files, head == "**"
    if deep:
        _scan_folder(found, folder, prefix, rest or ["*"], is_linked=is_linked)
    matches = _compile_glob("*" if deep else head)
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        if is_linked:  # a link to a folder of another user stops nothing
            return
        raise
    with entries:
        for entry in entries:
            name = entry.name
            if name[0] == "." or not matches(name):
                continue
            path, linked = prefix + name, is_linked or entry.is_symlink()
            if deep:
                if entry.is_dir(follow_symlinks=False):
                    _scan_folder(found, entry.path, f"{path}/", parts, is_linked=linked)
            elif rest:
                if _is_folder(entry):
                    _scan_folder(found, entry.path, f"{path}/", rest, is_linked=linked)
            elif file := _stat_entry(entry, path, is_linked=linked):
                files[path] = file
                if linked:
                    found.linked.add(path)
                if name[0] in _PROJECT_INITIALS and is_project_page(name):
                    found.project_pages.add(path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or to where this user may not look
        return False


def _stat_entry(entry: os.DirEntry[str], path: str, *, is_linked: bool) -> SourceFile | None:
    """Return the file of an entry; None for a folder, and for what is not there: deleted, or a link to nothing."""
    try:
        status = entry.stat()
    except FileNotFoundError:
        return None
    except OSError:
        if is_linked:  # in a circle, or to where this user may not look
            return None
        raise
    if stat.S_ISREG(status.st_mode):
        return SourceFile(path, status.st_size, status.st_mtime_ns)
    return None if stat.S_ISDIR(status.st_mode) else SourceFile(path, REFUSED_SIZE, _REFUSED_MTIME)


@cache
def _compile_glob(glob: str) -> Callable[[str], object]:
    """Return a function that says whether one name of a path matches. Cached: it is needed in each folder."""
    if not _has_wildcard(glob):
        return glob.__eq__
    if glob.startswith("*") and not _has_wildcard(glob[1:]):
        return methodcaller("endswith", glob[1:])
    return re.compile(translate(glob)).match


def _has_wildcard(glob: str) -> bool:
    return any(mark in glob for mark in "*?[")


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


def stat_images(root: Path, paths: Iterable[str]) -> list[SourceFile]:
    """Return the image files at these paths below `root`, each with its size and the time of its last change.

    One that may not be published wherever it leads to has the size -1.
    """
    listed = list(paths)
    states = FileAccess(root).stat_files(listed)
    return [SourceFile(path, *state) for path, state in zip(listed, states, strict=True)]


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
    return blake2b(lines.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def mark_unreliable(files: Iterable[SourceFile], now: int) -> list[SourceFile]:
    """Return the files, with a modification time of 0 where that is not reliable: they are read again next time."""
    since = now - _LONG_STEP
    return [file if file.mtime < since or is_mtime_reliable(file, now) else file._replace(mtime=0) for file in files]


def is_mtime_reliable(file: SourceFile, now: int) -> bool:
    """Return whether any later change of the file will show in its size or modification time.

    A file changed just before it was read (`now`, in nanoseconds) may change again within the same time
    stamp: file systems count in steps of some milliseconds or, where no fraction of a second is ever seen, of
    up to two seconds.
    """
    step = _SHORT_STEP if file.mtime % 1_000_000_000 else _LONG_STEP
    return file.mtime + step < now
