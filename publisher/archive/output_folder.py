"""The record of an output folder: which files each channel wrote there, and digests of their input."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from publisher.archive import cache
from publisher.archive.home import Home
from publisher.archive.records import ImageFile, Record
from publisher.archive.sources import files_exist
from publisher.named_tuple import NamedTuple

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    from typing import Any


class BuiltFiles(NamedTuple):
    """Files that were built together: a digest of their input, and their sizes in bytes by key."""

    digest: str
    files: Mapping[str, int]


class UpToDateMark(NamedTuple):
    """Says that a channel was up to date after a run, with the fingerprint of the sources at that time.

    `fingerprint` is of the issues and the images; if only the times of issues have changed, `sizes`, without those, and
    `contents`, of the issues, are the same. Valid from the date of the newest issue until that of the next future one
    ("" without). `issue` is that newest issue; `warnings` are repeated as long as nothing changes. `published` is when
    something was published last, in the newsletter's time zone, as text; "" if unknown. `settings` is the digest of all
    other input then, and `meaning` that of what it says, which a comment does not change.
    """

    fingerprint: str
    valid_from: str
    valid_until: str
    issue: Record
    warnings: tuple[str, ...] = ()
    published: str = ""
    settings: str = ""
    meaning: str = ""
    sizes: str = ""
    contents: str = ""

    def is_valid(self, today: str) -> bool:
        """Return whether the same issues are due today."""
        return self.valid_from <= today and (not self.valid_until or today < self.valid_until)


class SiteSetup(NamedTuple):
    """The part of publisher.toml that is needed to see whether there is anything to do.

    `notes`: by channel, what is to be remembered about it. `site` is the folder for the web server.
    """

    issues: tuple[str, ...]
    timezone: str
    channels: tuple[str, ...]
    images: tuple[str, ...] = ()
    notes: Mapping[str, str] = {}
    site: str = ""


class ChannelFiles(NamedTuple):
    """What one channel wrote into the folder: pages by the path of the issue's file, groups by key."""

    pages: dict[str, BuiltFiles]
    groups: dict[str, BuiltFiles]
    up_to_date: UpToDateMark | None = None

    @property
    def files(self) -> Iterator[str]:
        """The keys of all files."""
        return (key for built in (*self.pages.values(), *self.groups.values()) for key in built.files)


_SHAPE = [kind._fields for kind in (SiteSetup, ChannelFiles, BuiltFiles, UpToDateMark, Record, ImageFile)]
RECORD_KEY = f"site-{zlib.crc32(repr(_SHAPE).encode()):08x}"
"""The key of the record. It is about nothing but its shape: what files were made from is in their digests."""


class OutputFolder:
    """An output folder and the record of what is in it. Written by `save` only."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.folder = folder
        self._record_path = home.site_record_path(folder)
        # not by msgspec: that takes longer to import than a run in which nothing has changed
        body = cache.read_cache(self._record_path, RECORD_KEY)
        setup, channels = json.loads(body) if body else (None, {})
        self.setup = setup and SiteSetup(*to_tuples(setup))
        self.channels = {
            name: ChannelFiles(_build_files(pages), _build_files(groups), parse_mark(mark))
            for name, (pages, groups, mark) in channels.items()
        }

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
        text = json.dumps((setup, self.channels), separators=(",", ":"))
        cache.write_cache(self._record_path, RECORD_KEY, text.encode())


def parse_mark(saved: list[Any] | None) -> UpToDateMark | None:
    """Return the mark of a channel from the JSON of the record."""
    if saved is None:
        return None
    mark = UpToDateMark(*to_tuples(saved))
    record = Record(*mark.issue)
    return mark._replace(issue=record._replace(images=tuple([ImageFile(*image) for image in record.images])))


def to_tuples(value: Any) -> Any:
    """Return a value from JSON with tuples in place of lists, also in lists."""
    return tuple(map(to_tuples, value)) if isinstance(value, list) else value


def _build_files(saved: Mapping[str, Any]) -> dict[str, BuiltFiles]:
    return {key: BuiltFiles(*built) for key, built in saved.items()}
