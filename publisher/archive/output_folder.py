"""The record of an output folder: which files each channel wrote there, and digests of their input."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from publisher.archive import cache
from publisher.archive.home import Home
from publisher.archive.records import Record


class BuiltFiles(NamedTuple):
    """Files that were built together: a digest of their input, and their sizes in bytes by key."""

    digest: str
    files: Mapping[str, int]


class UpToDateMark(NamedTuple):
    """Says that a channel was up to date after a run, with the fingerprint of the sources at that time.

    Valid from the date of the newest issue until that of the next future one ("" without). `issue` is that
    newest issue; `warnings` are repeated as long as nothing changes.
    """

    fingerprint: str
    valid_from: str
    valid_until: str
    issue: Record
    warnings: tuple[str, ...] = ()

    def is_valid(self, fingerprint: str, today: str) -> bool:
        """Return whether the sources are the same and the same issues are due today."""
        return (
            fingerprint == self.fingerprint
            and self.valid_from <= today
            and (not self.valid_until or today < self.valid_until)
        )


class ChannelFiles(Struct):
    """What one channel wrote into the folder: pages by the path of the issue's file, groups by key."""

    pages: dict[str, BuiltFiles] = {}
    groups: dict[str, BuiltFiles] = {}
    up_to_date: UpToDateMark | None = None

    @property
    def files(self) -> Iterator[str]:
        """The keys of all files."""
        for built in (*self.pages.values(), *self.groups.values()):
            yield from built.files


class SiteSetup(NamedTuple):
    """The part of publisher.toml that is needed to see whether there is anything to do."""

    issues: str
    timezone: str
    channels: tuple[str, ...]
    images: tuple[str, ...] = ()


class _SavedFolder(NamedTuple):
    setup: SiteSetup
    channels: dict[str, ChannelFiles]


class OutputFolder:
    """An output folder and the record of what is in it. Written by `save` only."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.folder = folder
        self._record_path = home.site_record_path(folder)
        self._key = home.cache_key
        saved = cache.load_cache(self._record_path, self._key, _SavedFolder)
        self.setup = saved.setup if saved else None
        self.channels = saved.channels if saved else {}

    def channel_files(self, channel: str) -> ChannelFiles:
        """Return what the channel wrote here; empty if there is no record of it."""
        return self.channels.setdefault(channel, ChannelFiles())

    def has_files(self, *built: BuiltFiles) -> bool:
        """Return whether all the files still exist, with the recorded sizes."""
        stat, folder = os.stat, f"{self.folder}/"  # ten thousand times per run; a Path takes twice as long
        try:
            return all(
                stat(folder + key).st_size == size for part in built for key, size in part.files.items()
            )
        except OSError:
            return False

    def is_complete(self, output: ChannelFiles) -> bool:
        """Return whether all files that the channel wrote here still exist."""
        return self.has_files(*output.groups.values(), *output.pages.values())

    def save(self, setup: SiteSetup) -> None:
        """Write the record. Raises StorageError."""
        cache.save_cache(self._record_path, self._key, _SavedFolder(setup, self.channels))
