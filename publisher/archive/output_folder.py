"""The record of an output folder: which files each channel wrote there, and digests of their input."""

# no `from __future__ import annotations`: typing would compile each field's annotation at start

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from publisher.archive import cache
from publisher.archive.home import Home
from publisher.archive.records import ImageFile, Record
from publisher.archive.sources import files_exist


class BuiltFiles(NamedTuple):
    """Files that were built together: a digest of their input, and their sizes in bytes by key."""

    digest: str
    files: Mapping[str, int]


class UpToDateMark(NamedTuple):
    """Says that a channel was up to date after a run, with the fingerprint of the sources at that time.

    Valid from the date of the newest issue until that of the next future one ("" without). `issue` is that
    newest issue; `warnings` are repeated as long as nothing changes. `published` is when something was published
    last, in the newsletter's time zone, as text; "" if unknown. `settings` is the digest of all other input then, and
    `meaning` the key of what that says, which a comment does not change.
    """

    fingerprint: str
    valid_from: str
    valid_until: str
    issue: Record
    warnings: tuple[str, ...] = ()
    published: str = ""
    settings: str = ""
    meaning: str = ""

    def is_valid(self, fingerprint: str, today: str) -> bool:
        """Return whether the sources are the same and the same issues are due today."""
        return (
            fingerprint == self.fingerprint
            and self.valid_from <= today
            and (not self.valid_until or today < self.valid_until)
        )


class SiteSetup(NamedTuple):
    """The part of publisher.toml that is needed to see whether there is anything to do.

    `notes`: by channel, what is to be remembered about it.
    """

    issues: tuple[str, ...]
    timezone: str
    channels: tuple[str, ...]
    images: tuple[str, ...] = ()
    notes: Mapping[str, str] = {}


class ChannelFiles(NamedTuple):  # not a Struct: then msgspec would always be imported
    """What one channel wrote into the folder: pages by the path of the issue's file, groups by key."""

    pages: dict[str, BuiltFiles]
    groups: dict[str, BuiltFiles]
    up_to_date: UpToDateMark | None = None

    @property
    def files(self) -> Iterator[str]:
        """The keys of all files."""
        return (key for built in (*self.pages.values(), *self.groups.values()) for key in built.files)


class _SavedFolder(NamedTuple):
    setup: SiteSetup
    channels: dict[str, ChannelFiles]


_SHAPE = [kind._fields for kind in (SiteSetup, ChannelFiles, BuiltFiles, UpToDateMark, Record, ImageFile)]
RECORD_KEY = f"site-{zlib.crc32(repr(_SHAPE).encode()):08x}"
"""The key of the record. It is about nothing but its shape: what files were made from is in their digests."""


class OutputFolder:
    """An output folder and the record of what is in it. Written by `save` only."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.folder = folder
        self._record_path = home.site_record_path(folder)
        saved = cache.load_cache(self._record_path, RECORD_KEY, _SavedFolder)
        self.setup = saved.setup if saved else None
        self.channels = saved.channels if saved else {}

    def channel_files(self, channel: str) -> ChannelFiles:
        """Return what the channel wrote here; empty if there is no record of it."""
        return self.channels.setdefault(channel, ChannelFiles({}, {}))

    def mark(self, channel: str, mark: UpToDateMark | None, *, changed: bool = False) -> None:
        """Set or remove the mark of a channel. If nothing was `changed`, the time of the earlier mark is kept."""
        before = self.channel_files(channel).up_to_date
        if mark and not changed:
            mark = mark._replace(published=before.published if before else "")
        self.channels[channel] = self.channel_files(channel)._replace(up_to_date=mark)

    def has_files(self, built: BuiltFiles) -> bool:
        """Return whether all the files still exist, with the recorded sizes."""
        return files_exist(self.folder, built.files)

    def save(self, setup: SiteSetup) -> None:
        """Write the record. Raises StorageError."""
        cache.save_cache(self._record_path, RECORD_KEY, _SavedFolder(setup, self.channels))
