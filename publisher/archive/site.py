"""What lies in an output folder: which files each channel put there, and what they were made from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from publisher.archive import cache
from publisher.archive.home import Home
from publisher.archive.records import Record


class BuiltFiles(NamedTuple):
    """Files that were made together: a digest of what they were made from, and their sizes by key."""

    digest: str
    files: Mapping[str, int]


class UpToDateMark(NamedTuple):
    """A run that left a channel with nothing to do: the fingerprint of the sources it saw, and the days
    for which it holds, from the date of its newest issue to that of the next one waiting ("" without).

    `issue` is that newest issue, `warnings` are repeated as long as nothing changes.
    """

    fingerprint: str
    valid_from: str
    valid_until: str
    issue: Record
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> UpToDateMark:
        """What JSON gives back as a list."""
        *plain, issue, warnings = row
        return cls._make([*plain, Record.from_row(issue), tuple(warnings)])

    def is_valid(self, fingerprint: str, today: str) -> bool:
        """Whether the sources are the same and the day admits the same issues."""
        return (
            fingerprint == self.fingerprint
            and self.valid_from <= today
            and (not self.valid_until or today < self.valid_until)
        )


class ChannelFiles:
    """What one channel put into the folder: pages by path of the issue's file, groups by key."""

    def __init__(
        self, pages: dict[str, BuiltFiles], groups: dict[str, BuiltFiles], up_to_date: UpToDateMark | None
    ) -> None:
        self.pages = pages
        self.groups = groups
        self.up_to_date = up_to_date

    @property
    def files(self) -> Iterator[str]:
        """The keys of all files."""
        for made in (*self.pages.values(), *self.groups.values()):
            yield from made.files


class SiteSetup(NamedTuple):
    """What has to be known of publisher.toml to see whether there is anything to do."""

    issues: str
    timezone: str
    channels: tuple[str, ...]
    images: tuple[str, ...] = ()

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> SiteSetup:
        """What JSON gives back as a list."""
        issues, timezone, channels, pictures = row
        return cls(issues, timezone, tuple(channels), tuple(pictures))


class OutputFolder:
    """An output folder and the record of what was put there. Nothing is written before `save`."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.folder = folder
        self._record_path = home.site_record_path(folder)
        self._key = home.cache_key
        saved = cache.load_cache(self._record_path, self._key)
        self.setup = SiteSetup.from_row(saved["setup"]) if saved else None
        self.channels = (
            {name: _channel_files_from_json(one) for name, one in saved["outputs"].items()} if saved else {}
        )

    def channel_files(self, channel: str) -> ChannelFiles:
        """What the channel put here; empty when nothing is known."""
        return self.channels.setdefault(channel, ChannelFiles({}, {}, None))

    def has_files(self, *built: BuiltFiles) -> bool:
        """Whether all the files are still there, in their size."""
        stat, folder = os.stat, f"{self.folder}/"  # ten thousand times a run: a Path takes twice as long
        try:
            return all(stat(folder + key).st_size == size for one in built for key, size in one.files.items())
        except OSError:
            return False

    def is_complete(self, output: ChannelFiles) -> bool:
        """Whether everything the channel put here is still there."""
        return self.has_files(*output.groups.values(), *output.pages.values())

    def save(self, setup: SiteSetup) -> None:
        """Write the record. Raises StorageError."""
        outputs = {name: _channel_files_to_json(one) for name, one in self.channels.items()}
        cache.save_cache(self._record_path, self._key, {"setup": setup, "outputs": outputs})


def _channel_files_from_json(saved: dict[str, Any]) -> ChannelFiles:
    return ChannelFiles(
        {path: BuiltFiles(*made) for path, made in saved["pages"].items()},
        {key: BuiltFiles(*made) for key, made in saved["groups"].items()},
        UpToDateMark.from_row(saved["settled"]) if saved["settled"] else None,
    )


def _channel_files_to_json(output: ChannelFiles) -> dict[str, Any]:
    return {"pages": output.pages, "groups": output.groups, "settled": output.up_to_date}
