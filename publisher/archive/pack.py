"""Many byte strings in one file, each found by its location and checked by its CRC."""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

import shutil
import zlib
from io import BytesIO
from pathlib import Path
from typing import IO

from publisher.named_tuple import NamedTuple

# new byte strings stay in memory up to this many bytes in all, then go to a temporary file
_MAX_IN_MEMORY = 1_000_000


class PackLocation(NamedTuple):
    """Where a byte string is in a pack, in bytes, and its CRC-32."""

    offset: int
    length: int
    crc32: int


class Pack:
    """Byte strings: old ones in the file `path` up to `end`, new ones in memory or a temporary file.

    `commit` appends the new ones to the file. Without a path or `commit`, nothing outlives the pack.
    """

    def __init__(self, path: Path | None = None, end: int = 0) -> None:
        self._path = path
        self._old_end = end
        self._old: IO[bytes] | None = None
        self._new: IO[bytes] = BytesIO()
        self.end = end

    def close(self) -> None:
        """Close the files."""
        self._new.close()
        if self._old:
            self._old.close()

    def put(self, body: bytes) -> PackLocation:
        """Add a byte string. Raises OSError when the disk is full."""
        size = self.end - self._old_end
        if size <= _MAX_IN_MEMORY < size + len(body):
            from tempfile import TemporaryFile  # slow to import

            memory, self._new = self._new, TemporaryFile()  # noqa: SIM115 - closed by close
            memory.seek(0)
            shutil.copyfileobj(memory, self._new)
        self._new.seek(size)
        self._new.write(body)
        location = PackLocation(self.end, len(body), zlib.crc32(body))
        self.end += len(body)
        return location

    def get(self, location: PackLocation) -> bytes | None:
        """Return the byte string at a location, None if it is damaged or missing."""
        try:
            file = self._new if location.offset >= self._old_end else self._open()
            file.seek(location.offset - (self._old_end if file is self._new else 0))
            body = file.read(location.length)
        except OSError:
            return None
        return body if len(body) == location.length and zlib.crc32(body) == location.crc32 else None

    def _open(self) -> IO[bytes]:
        if self._path is None:
            raise FileNotFoundError
        if self._old is None:
            self._old = self._path.open("rb")
        return self._old

    def commit(self) -> None:
        """Append the new byte strings to the file. Overwrites what an unfinished run left behind the end.

        Not flushed to disk: `get` notices damage. Raises OSError.
        """
        if self._path is None or self.end == self._old_end:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("r+b" if self._old_end else "wb") as file:
            file.seek(self._old_end)
            file.truncate()
            self._new.seek(0)
            shutil.copyfileobj(self._new, file)
