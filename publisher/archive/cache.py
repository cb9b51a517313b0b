"""A file of the build cache: JSON below a header line with format, key and checksum.

Nothing in the cache is worth an error: a file that is missing, damaged, or written by another version or for
another configuration counts as missing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from publisher.files import write_if_changed

_FORMAT = "publisher-cache-1"


def load_cache(path: Path, key: str) -> Any:
    """Return what was saved in `path` under the same key, None if it cannot be used."""
    try:
        header, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return json.loads(body) if header == _build_cache_header(key, body) else None


def save_cache(path: Path, key: str, value: object) -> None:
    """Save a value as JSON. Raises StorageError.

    Not flushed to disk: damage is noticed when it is read, and only costs time.
    """
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    write_if_changed(path, _build_cache_header(key, body) + b"\n" + body, flush=False)


def _build_cache_header(key: str, body: bytes) -> bytes:
    return f"{_FORMAT} {key} {hashlib.blake2b(body, digest_size=16).hexdigest()}".encode()
