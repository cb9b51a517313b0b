"""A file of the build cache with a JSON line for each row, to which only rows that changed are appended.

Below a header line with format and key follow the saves: a line that says how long the save is, with a CRC-32 of the
save and of everything above it, and the lines of the rows. What comes after the last save that is whole and right is
ignored, and overwritten by the next one: that of a run that was interrupted, or of two at the same time. Like all of
the cache, it is not flushed to disk, and a file of another version or for another configuration counts as missing.
"""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

import zlib
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from publisher.files import wrap_os_error, write_if_changed

_FORMAT = "publisher-rows-2"
_MIN_REPLACED = 200
"""A file with fewer replaced rows is not written anew."""

_Value = TypeVar("_Value")


class _SaveHead(msgspec.Struct):
    """The first line of a save: the names of rows that were removed, the state of the whole, and how many bytes the
    lines of the rows have."""

    removed: tuple[str, ...]
    state: tuple[int, ...]
    length: int


class RowFile(Generic[_Value]):
    """Rows of one type by name. They are in memory; `save` writes those that were put or removed since.

    `state` is that of the last save: some numbers that belong to the rows, () without a save.
    """

    def __init__(self, path: Path, key: str, kind: type[_Value]) -> None:
        """Load what was saved in `path` under the same key."""
        self.rows: dict[str, _Value] = {}
        self.state: tuple[int, ...] = ()
        self._path = path
        self._header = f"{_FORMAT} {key}\n".encode()
        self._changed: set[str] = set()
        self._file_state: tuple[int, int] | None = None
        self._forget()
        with suppress(OSError):
            file_state = _get_file_state(path)
            data = path.read_bytes()
            if data.startswith(self._header):
                self._file_state = file_state
                self._load(data, kind)

    @property
    def is_changed(self) -> bool:
        """Whether rows were put or removed since the last save."""
        return bool(self._changed)

    def put(self, name: str, value: _Value) -> None:
        """Add a row, or replace it. To be called again if a value changes that is in it."""
        self.rows[name] = value
        self._changed.add(name)

    def remove(self, name: str) -> None:
        """Remove a row, if there is one."""
        if self.rows.pop(name, None) is not None:
            self._changed.add(name)

    def save(self, state: tuple[int, ...] = ()) -> None:
        """Append what changed, or write the file anew if most of it was replaced. Raises StorageError.

        A row with a name or text that is not UTF-8 is not saved.
        """
        count = self._count + len(self._changed)
        is_sparse = count - len(self.rows) > max(len(self.rows), _MIN_REPLACED)
        if is_sparse or self._file_state is None or self._file_state != _get_file_state(self._path):
            self._forget()
            chunk = self._encode(self.rows, state)
            write_if_changed(self._path, self._header + chunk, flush=False)
        else:
            chunk = self._encode(self._changed, state)
            try:
                with self._path.open("r+b") as file:
                    file.seek(self._end)
                    file.truncate()
                    file.write(chunk)
            except OSError as error:
                raise wrap_os_error(f"cannot write {self._path}", error) from error
        self.state = state
        self._end += len(chunk)
        self._changed.clear()
        self._file_state = _get_file_state(self._path)

    def _forget(self) -> None:
        """Take the file for an empty one."""
        self._end, self._crc32 = len(self._header), zlib.crc32(self._header)
        self._count = 0  # of the rows in the file, also of those that were replaced
        self._file_state = None

    def _load(self, data: bytes, kind: type[_Value]) -> None:
        decoder = msgspec.json.Decoder(tuple[str, kind])  # type: ignore[valid-type]  # which is known now
        view = memoryview(data)
        while (start := data.find(b"\n", self._end) + 1) > 0:
            line, _, checksum = data[self._end : start - 1].rpartition(b" ")
            try:
                head = msgspec.json.decode(line, type=_SaveHead)
                end = start + head.length
                crc32 = zlib.crc32(view[start:end], zlib.crc32(line, self._crc32))
                if end > len(data) or checksum != b"%08x" % crc32:
                    break
                rows = decoder.decode_lines(view[start:end])
            except msgspec.MsgspecError:
                break
            for name in head.removed:
                self.rows.pop(name, None)
            self.rows.update(rows)
            self.state = head.state
            self._end, self._crc32, self._count = end, crc32, self._count + len(rows)

    def _encode(self, names: set[str] | dict[str, _Value], state: tuple[int, ...]) -> bytes:
        """Return a save with the rows of these names, and count them."""
        lines = []
        removed = []
        for name in sorted(names):
            try:
                lines.append(msgspec.json.encode((name, self.rows[name])))
            except (KeyError, UnicodeEncodeError):
                with suppress(UnicodeEncodeError):
                    msgspec.json.encode(name)
                    removed.append(name)
        body = b"\n".join([*lines, b""])
        head = msgspec.json.encode(_SaveHead(tuple(removed), state, len(body)))
        self._crc32 = zlib.crc32(body, zlib.crc32(head, self._crc32))
        self._count += len(lines)
        return b"%b %08x\n%b" % (head, self._crc32, body)


def _get_file_state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
