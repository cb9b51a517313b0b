"""What lies in an output folder: which files each channel put there, and what they were made from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from publisher.archive import cache
from publisher.archive.home import Home
from publisher.archive.records import Record


class Made(NamedTuple):
    """Files that were made together: a digest of what they were made from, and their sizes by key."""

    digest: str
    files: Mapping[str, int]


class Settled(NamedTuple):
    """A run that left a channel with nothing to do: the fingerprint of the sources it saw, and the days
    for which it holds, from the date of its newest issue to that of the next one waiting ("" without).

    `issue` is that newest issue, `warnings` are repeated as long as nothing changes.
    """

    sources: str
    since: str
    until: str
    issue: Record
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Settled:
        """What JSON gives back as a list."""
        *plain, issue, warnings = row
        return cls._make([*plain, Record.from_row(issue), tuple(warnings)])

    def holds(self, sources: str, today: str) -> bool:
        """Whether the sources are the same and the day admits the same issues."""
        return sources == self.sources and self.since <= today and (not self.until or today < self.until)


class Output:
    """What one channel put into the folder: pages by path of the issue's file, groups by key."""

    def __init__(self, pages: dict[str, Made], groups: dict[str, Made], settled: Settled | None) -> None:
        self.pages = pages
        self.groups = groups
        self.settled = settled

    @property
    def files(self) -> Iterator[str]:
        """The keys of all files."""
        for made in (*self.pages.values(), *self.groups.values()):
            yield from made.files


class Setup(NamedTuple):
    """What has to be known of publisher.toml to see whether there is anything to do."""

    issues: str
    timezone: str
    channels: tuple[str, ...]
    pictures: tuple[str, ...] = ()

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Setup:
        """What JSON gives back as a list."""
        issues, timezone, channels, pictures = row
        return cls(issues, timezone, tuple(channels), tuple(pictures))


class Site:
    """An output folder and the record of what was put there. Nothing is written before `save`."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.folder = folder
        self._record = home.record_of(folder)
        self._key = home.key
        saved = cache.load(self._record, self._key)
        self.setup = Setup.from_row(saved["setup"]) if saved else None
        self.outputs = {name: _output(one) for name, one in saved["outputs"].items()} if saved else {}

    def output(self, channel: str) -> Output:
        """What the channel put here; empty when nothing is known."""
        return self.outputs.setdefault(channel, Output({}, {}, None))

    def has(self, *made: Made) -> bool:
        """Whether all the files are still there, in their size."""
        stat, folder = os.stat, f"{self.folder}/"  # ten thousand times a run: a Path takes twice as long
        try:
            return all(stat(folder + key).st_size == size for one in made for key, size in one.files.items())
        except OSError:
            return False

    def is_whole(self, output: Output) -> bool:
        """Whether everything the channel put here is still there."""
        return self.has(*output.groups.values(), *output.pages.values())

    def save(self, setup: Setup) -> None:
        """Write the record. Raises StorageError."""
        outputs = {name: _saved(one) for name, one in self.outputs.items()}
        cache.save(self._record, self._key, {"setup": setup, "outputs": outputs})


def _output(saved: dict[str, Any]) -> Output:
    return Output(
        {path: Made(*made) for path, made in saved["pages"].items()},
        {key: Made(*made) for key, made in saved["groups"].items()},
        Settled.from_row(saved["settled"]) if saved["settled"] else None,
    )


def _saved(output: Output) -> dict[str, Any]:
    return {"pages": output.pages, "groups": output.groups, "settled": output.settled}
