"""The build cache: the record of each source file, and the bodies that channels keep for the archive."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from publisher.archive import cache
from publisher.archive.home import Home
from publisher.archive.pack import Pack, PackLocation
from publisher.archive.records import Record
from publisher.files import wrap_os_error

CONTENTS = ".contents"
"""Among the bodies by channel, the contents of each file that was read; no channel has this name."""

# a pack smaller than this is not repacked
_MIN_REPACK_BYTES = 1_000_000


class PackedBody(NamedTuple):
    """A body in the pack: a digest of its input, and its location."""

    digest: str
    location: PackLocation


class _SavedIndex(Struct, array_like=True):
    records: list[Record] = []
    bodies: dict[str, dict[str, PackedBody]] = {}
    generation: int = 0
    pack_end: int = 0


class Index:
    """Records by path, and bodies by channel and path. Written by `save` only, if `dirty`."""

    def __init__(self, home: Home, key: str) -> None:
        """Load what was saved under the same `key`, that of reading."""
        self._folder = home.cache
        self._key = key
        self.dirty = False
        saved = cache.load_cache(self._folder / "index.json", self._key, _SavedIndex) or _SavedIndex()
        self.records = {record.path: record for record in saved.records}
        self._generation = saved.generation
        is_pack_whole = self._pack_size() >= saved.pack_end
        self.bodies = dict(saved.bodies) if is_pack_whole else {}
        self.pack = Pack(self._pack_path(), saved.pack_end if is_pack_whole else 0)

    def _pack_path(self) -> Path:
        return self._folder / f"bodies-{self._generation}.pack"

    def _pack_size(self) -> int:
        try:
            return self._pack_path().stat().st_size
        except OSError:
            return 0

    def put_record(self, record: Record) -> None:
        """Store the record of a file."""
        self.records[record.path] = record
        self.dirty = True

    def store_body(self, channel: str, path: str, digest: str, body: bytes) -> None:
        """Store the body that a channel rendered for an issue. Raises StorageError when the disk is full."""
        try:
            location = self.pack.put(body)
        except OSError as error:
            raise wrap_os_error("cannot store a rendered body", error) from error
        self.bodies.setdefault(channel, {})[path] = PackedBody(digest, location)
        self.dirty = True

    def load_body(self, channel: str, path: str, digest: str) -> bytes | None:
        """Return the stored body; None if there is none with this digest of its input, or it is damaged."""
        body = self.bodies.get(channel, {}).get(path)
        return self.pack.get(body.location) if body and body.digest == digest else None

    def remove(self, paths: Collection[str]) -> None:
        """Remove everything about files that no longer exist."""
        self.dirty |= bool(paths)
        for path in paths:
            self.records.pop(path, None)
            for bodies in self.bodies.values():
                bodies.pop(path, None)

    def close(self) -> None:
        """Close the files."""
        self.pack.close()

    def save(self) -> None:
        """Write the cache. Repack when more than half of the pack is unused. Raises StorageError."""
        try:
            old_pack = None
            used = sum(body.location.length for bodies in self.bodies.values() for body in bodies.values())
            if self.pack.end > max(_MIN_REPACK_BYTES, 2 * used):
                old_pack = self._pack_path()
                self._repack()
            self.pack.commit()
        except OSError as error:
            raise wrap_os_error(f"cannot write {self._pack_path()}", error) from error
        cache.save_cache(
            self._folder / "index.json",
            self._key,
            _SavedIndex([*self.records.values()], self.bodies, self._generation, self.pack.end),
        )
        if old_pack:  # only after the index refers to the new one
            with suppress(OSError):  # a file too many
                old_pack.unlink(missing_ok=True)

    def _repack(self) -> None:
        """Copy the bodies that are still used into a new pack."""
        self._generation += 1
        new_pack = Pack(self._pack_path())
        for bodies in self.bodies.values():
            for path, body in list(bodies.items()):
                content = self.pack.get(body.location)
                if content is None:
                    del bodies[path]
                else:
                    bodies[path] = PackedBody(body.digest, new_pack.put(content))
        self.pack.close()
        self.pack = new_pack
