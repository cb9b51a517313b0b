"""The files of the site, in the order in which they are uploaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from enum import IntEnum
from pathlib import Path

from publisher.files import TEMPORARY_PREFIX, wrap_os_error
from publisher.media_types import SNIFF_BYTES, detect_media_type, is_feed
from publisher.named_tuple import NamedTuple

_HIDDEN_PUBLIC = (".well-known", ".nojekyll")
"""Names with a dot that are part of a site; GitHub wants the second."""

_COMPRESSED = (".gz", ".br")
_LISTING_TYPES = ("text/html", "text/plain", "text/markdown", "application/xml", "application/json")


class Stage(IntEnum):
    """When a file is uploaded: nothing of a stage leads to a file of a later one."""

    IMAGES = 0
    PAGES = 1
    LISTS = 2
    FEEDS = 3


class SiteFile(NamedTuple):
    """A file: its path below the site's folder, the id that git has for its bytes, and its Content-Type."""

    path: str
    digest: str
    media_type: str
    stage: Stage


def list_files(folder: Path, pages: Collection[str]) -> list[SiteFile]:
    """Return all files of the site, by stage and path. `pages` are the paths of the files of issues.

    Unfinished files and those with a dot at the beginning are no part of it. Raises StorageError.
    """
    try:
        files = [_inspect_file(folder, path, pages) for path in sorted(_walk(folder))]
    except OSError as error:
        raise wrap_os_error(f"cannot read {error.filename or folder}", error) from error
    return sorted(files, key=lambda file: (file.stage, file.path))


def compute_digest(body: bytes) -> str:
    """Return the id that git has for these bytes (hex), so that a branch is compared without its content."""
    return hashlib.sha1(b"blob %d\0%b" % (len(body), body), usedforsecurity=False).hexdigest()


def _walk(folder: Path) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = filter(_is_public, folders)
        for name in filter(_is_public, names):
            if Path(parent, name).is_file():
                yield Path(parent, name).relative_to(folder).as_posix()


def _is_public(name: str) -> bool:
    return (not name.startswith((".", TEMPORARY_PREFIX)) or name in _HIDDEN_PUBLIC) and "\n" not in name


def _inspect_file(folder: Path, path: str, pages: Collection[str]) -> SiteFile:
    body = (folder / path).read_bytes()
    base, dot, suffix = path.rpartition(".")
    is_compressed = f"{dot}{suffix}" in _COMPRESSED and (folder / base).is_file()
    head = body[:SNIFF_BYTES]
    media_type = detect_media_type(path, head)
    stage = _find_stage(path, media_type, pages)
    if is_compressed:  # it goes with the file that it is made of
        with (folder / base).open("rb") as file:
            stage = _find_stage(base, detect_media_type(base, file.read(SNIFF_BYTES)), pages)
    return SiteFile(path, compute_digest(body), media_type, stage)


def _find_stage(path: str, media_type: str, pages: Collection[str]) -> Stage:
    if is_feed(media_type):
        return Stage.FEEDS
    if not media_type.startswith(_LISTING_TYPES):
        return Stage.IMAGES
    return Stage.PAGES if path in pages else Stage.LISTS
