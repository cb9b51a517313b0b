"""What lies in an output folder: which files each channel put there, and what they were made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publisher.archive import cache
from publisher.archive.records import Record


@dataclass(frozen=True, slots=True)
class Made:
    """Files that were made together: a digest of what they were made from, and their sizes by key."""

    digest: str
    files: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Settled:
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
        """What a row says."""
        sources, since, until, issue, warnings = row
        return cls(sources, since, until, Record.from_row(issue), tuple(warnings))

    @property
    def row(self) -> tuple[Any, ...]:
        """The values in order, for JSON."""
        return self.sources, self.since, self.until, self.issue.row, self.warnings

    def holds(self, sources: str, today: str) -> bool:
        """Whether the sources are the same and the day admits the same issues."""
        return sources == self.sources and self.since <= today and (not self.until or today < self.until)


@dataclass(slots=True)
class Output:
    """What one channel put into the folder: pages by path of the issue's file, groups by key."""

    pages: dict[str, Made] = field(default_factory=dict)
    groups: dict[str, Made] = field(default_factory=dict)
    settled: Settled | None = None

    @property
    def files(self) -> Iterator[str]:
        """The keys of all files."""
        for made in (*self.pages.values(), *self.groups.values()):
            yield from made.files


class Site:
    """An output folder and the record of what was put there. Nothing is written before `save`."""

    def __init__(self, folder: Path, record: Path, key: str) -> None:
        self.folder = folder
        self._record = record
        self._key = key
        saved = cache.load(record, key) or {}
        self.outputs: dict[str, Output] = {name: _output(one) for name, one in saved.items()}

    @classmethod
    def load(cls, folder: Path, home: Path, cached: Path, key: str) -> Site:
        """The record of `folder` among the `cached` files; `home` is the folder output goes to by itself."""
        name = "site"
        if folder != home:
            place = os.fsencode(folder.resolve())
            name += "-" + hashlib.blake2b(place, digest_size=6).hexdigest()
        return cls(folder, cached / f"{name}.json", key)

    def output(self, channel: str) -> Output:
        """What the channel put here; empty when nothing is known."""
        return self.outputs.setdefault(channel, Output())

    def has(self, made: Made) -> bool:
        """Whether all the files are still there, in their size."""
        try:
            return all(_size(f"{self.folder}/{key}") == size for key, size in made.files.items())
        except OSError:
            return False

    def is_whole(self, output: Output) -> bool:
        """Whether everything the channel put here is still there."""
        return all(map(self.has, (*output.groups.values(), *output.pages.values())))

    def save(self) -> None:
        """Write the record. Raises StorageError."""
        cache.save(self._record, self._key, {name: _saved(one) for name, one in self.outputs.items()})


def _size(path: str) -> int:
    return os.stat(path).st_size  # noqa: PTH116 - a Path would take twice as long, ten thousand times a run


def _output(saved: dict[str, Any]) -> Output:
    return Output(
        {path: Made(*made) for path, made in saved["pages"].items()},
        {key: Made(*made) for key, made in saved["groups"].items()},
        Settled.from_row(saved["settled"]) if saved["settled"] else None,
    )


def _saved(output: Output) -> dict[str, Any]:
    return {
        "pages": {path: (made.digest, made.files) for path, made in output.pages.items()},
        "groups": {key: (made.digest, made.files) for key, made in output.groups.items()},
        "settled": output.settled.row if output.settled else None,
    }
