"""A file of the build cache: JSON under one line that says what it is good for and whether it is whole.

Nothing in the cache is worth an error: a file that is missing, damaged, or was made by another version or
for another configuration is the same as none.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from publisher.files import write_if_changed

_FORMAT = "publisher-cache-1"


def load_cache(path: Path, key: str) -> Any:
    """What was saved in `path` under the same key; None when it cannot be had."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return json.loads(body) if head == _build_cache_header(key, body) else None


def save_cache(path: Path, key: str, value: object) -> None:
    """Save a value JSON can hold. Raises StorageError. No flush: damage is noticed, and only costs time."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    write_if_changed(path, _build_cache_header(key, body) + b"\n" + body, flush=False)


def _build_cache_header(key: str, body: bytes) -> bytes:
    return f"{_FORMAT} {key} {hashlib.blake2b(body, digest_size=16).hexdigest()}".encode()
