"""A file of the build cache: a body, mostly JSON, below a header line with format, key and checksum.

Nothing in the cache is worth an error: a file that is missing, damaged, or written by another version or for
another configuration counts as missing.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from publisher.files import write_if_changed

_FORMAT = "publisher-cache-2"


def load_cache(path: Path, key: str) -> Any:
    """Return what was saved in `path` under the same key, None if it cannot be used."""
    body = load_cached_bytes(path, key)
    return None if body is None else json.loads(body)


def save_cache(path: Path, key: str, value: object) -> None:
    """Save a value as JSON. Raises StorageError."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    save_cached_bytes(path, key, body)


def load_cached_bytes(path: Path, key: str) -> bytes | None:
    """Return the bytes that were saved in `path` under the same key, None if they cannot be used."""
    try:
        header, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return body if header == _build_cache_header(key, body) else None


def save_cached_bytes(path: Path, key: str, body: bytes) -> None:
    """Save bytes. Raises StorageError.

    Not flushed to disk: damage is noticed when it is read, and only costs time.
    """
    write_if_changed(path, _build_cache_header(key, body) + b"\n" + body, flush=False)


def _build_cache_header(key: str, body: bytes) -> bytes:
    return f"{_FORMAT} {key} {zlib.crc32(body):08x}".encode()
