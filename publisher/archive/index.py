"""The build cache: the record of each source file, and the bodies that channels keep for the archive."""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

import gc
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from publisher.archive.home import Home
from publisher.archive.pack import Pack, PackLocation
from publisher.archive.records import Record
from publisher.archive.row_file import RowFile
from publisher.archive.sources import pause_garbage_collection
from publisher.files import wrap_os_error
from publisher.named_tuple import NamedTuple

CONTENTS, DOCUMENT = ".contents", ".document"
"""Among the bodies by channel, the contents of each file that was read, and the document of the issue that was
published last; no channel has these names."""

# a pack smaller than this is not repacked
_MIN_REPACK_BYTES = 1_000_000


class PackedBody(NamedTuple):
    """A body in the pack: a digest of its input, and its location."""

    digest: str
    location: PackLocation


class _Row(Struct, array_like=True):
    """What is known of a file, and its bodies by channel."""

    record: Record | None = None
    bodies: dict[str, PackedBody] = {}


class Index:
    """Records by path, and bodies by channel and path. Written by `save` only, if `dirty`."""

    def __init__(self, home: Home, key: str) -> None:
        """Load what was saved under the same `key`, that of reading."""
        self._folder = home.cache
        with pause_garbage_collection():  # a fifth of a run with one changed issue
            self._file = RowFile(self._folder / "index.json", key, _Row)
            gc.freeze()  # until `close`
        self.records = {path: row.record for path, row in self._file.rows.items() if row.record}
        self._generation, end, self._used = self._file.state or (0, 0, 0)
        if self._pack_size() < end:
            end = self._used = 0
            for path, row in self._file.rows.items():
                row.bodies.clear()
                self._file.put(path, row)
        self.pack = Pack(self._pack_path(), end)
        self._sections: dict[tuple[str, ...], tuple[str, ...]] = {}

    @property
    def dirty(self) -> bool:
        """Whether there is something to save."""
        return self._file.is_changed

    def _pack_path(self) -> Path:
        return self._folder / f"bodies-{self._generation}.pack"

    def _pack_size(self) -> int:
        try:
            return self._pack_path().stat().st_size
        except OSError:
            return 0

    def put_record(self, record: Record) -> None:
        """Store the record of a file. The titles of sections, which most issues have in common, are stored once."""
        record = record._replace(sections=self._sections.setdefault(record.sections, record.sections))
        row = self._file.rows.get(record.path) or _Row()
        self.records[record.path] = row.record = record
        self._file.put(record.path, row)

    def store_body(self, channel: str, path: str, digest: str, body: bytes) -> None:
        """Store the body that a channel rendered for an issue. Raises StorageError when the disk is full."""
        try:
            location = self.pack.put(body)
        except OSError as error:
            raise wrap_os_error("cannot store a rendered body", error) from error
        row = self._file.rows.get(path) or _Row()
        self._used += len(body) - (row.bodies[channel].location.length if channel in row.bodies else 0)
        row.bodies[channel] = PackedBody(digest, location)
        self._file.put(path, row)

    def find_digest(self, channel: str, path: str) -> str:
        """Return the digest of the input of a stored body; "" if there is none."""
        row = self._file.rows.get(path)
        body = row and row.bodies.get(channel)
        return body.digest if body else ""

    def load_body(self, channel: str, path: str, digest: str) -> bytes | None:
        """Return the stored body; None if there is none with this digest of its input, or it is damaged."""
        row = self._file.rows.get(path)
        body = row and row.bodies.get(channel)
        return self.pack.get(body.location) if body and body.digest == digest else None

    def keep_only(self, channel: str, path: str) -> None:
        """Remove the bodies that a channel stored for other issues."""
        for other, row in self._file.rows.items():
            if other != path and (body := row.bodies.pop(channel, None)):
                self._used -= body.location.length
                self._file.put(other, row)

    def remove(self, paths: Collection[str]) -> None:
        """Remove everything about files that no longer exist."""
        for path in paths:
            self.records.pop(path, None)
            if row := self._file.rows.get(path):
                self._used -= sum(body.location.length for body in row.bodies.values())
                self._file.remove(path)

    def close(self) -> None:
        """Close the files."""
        self.pack.close()
        gc.unfreeze()

    def save(self) -> None:
        """Write the rows that changed. Repack when more than half of the pack is unused. Raises StorageError."""
        try:
            old_pack = None
            if self.pack.end > max(_MIN_REPACK_BYTES, 2 * self._used):
                old_pack = self._pack_path()
                self._repack()
            self.pack.commit()
        except OSError as error:
            raise wrap_os_error(f"cannot write {self._pack_path()}", error) from error
        self._file.save((self._generation, self.pack.end, self._used))
        if old_pack:  # only after the index refers to the new one
            with suppress(OSError):  # a file too many
                old_pack.unlink(missing_ok=True)

    def _repack(self) -> None:
        """Copy the bodies that are still used into a new pack."""
        self._generation += 1
        new_pack = Pack(self._pack_path())
        for path, row in self._file.rows.items():
            for channel, body in list(row.bodies.items()):
                content = self.pack.get(body.location)
                if content is None:
                    self._used -= body.location.length
                    del row.bodies[channel]
                else:
                    row.bodies[channel] = PackedBody(body.digest, new_pack.put(content))
            self._file.put(path, row)
        self.pack.close()
        self.pack = new_pack
