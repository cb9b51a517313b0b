"""A file of the build cache: a body, mostly JSON, below a header line with format, key and checksum.

Nothing in the cache is worth an error: a file that is missing, damaged, or written by another version or for
another configuration counts as missing.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from pathlib import Path

from publisher.files import write_if_changed

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    from typing import TypeVar

    _Value = TypeVar("_Value")

_FORMAT = "publisher-cache-2"


def read_cache(path: Path, key: str) -> bytes | None:
    """Return the JSON that was saved in `path` under the same key, None if it cannot be used."""
    try:
        header, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return body if header == _build_cache_header(key, body) else None


def load_cache(path: Path, key: str, kind: type[_Value]) -> _Value | None:
    """Return the value of a type that was saved in `path` under the same key, None if it cannot be used."""
    import msgspec  # slow to import, and not needed when there is nothing to do

    body = read_cache(path, key)
    try:
        return msgspec.json.decode(body, type=kind) if body else None
    except msgspec.ValidationError:
        return None


def save_cache(path: Path, key: str, value: object) -> None:
    """Save a value as JSON. Raises StorageError.

    Not flushed to disk: damage is noticed when it is read, and only costs time. A value with a file name that
    is not UTF-8 is not saved.
    """
    import msgspec

    try:
        write_cache(path, key, msgspec.json.encode(value))
    except UnicodeEncodeError:
        with suppress(OSError):  # its key is wrong then
            path.unlink(missing_ok=True)


def write_cache(path: Path, key: str, body: bytes) -> None:
    """Save JSON under a key, not flushed to disk either. Raises StorageError."""
    write_if_changed(path, _build_cache_header(key, body) + b"\n" + body, flush=False)


def _build_cache_header(key: str, body: bytes) -> bytes:
    return f"{_FORMAT} {key} {zlib.crc32(body):08x}".encode()
