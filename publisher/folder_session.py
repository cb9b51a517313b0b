"""The session of channels that write files. What channels without an account give their users."""

from __future__ import annotations

import sys
from pathlib import Path

from publisher.channel import Part, Receipt, Session
from publisher.errors import DeliveryError
from publisher.files import flush_all, write_if_changed

# A session that writes more files than this is a rebuild: one flush at its end instead of one per file.
_INDIVIDUAL_FLUSH_LIMIT = 64


class FolderSession(Session):
    """The session of channels that write into a folder; a part's key is its path in that folder.

    The first files of a session are flushed one by one, before they are renamed. A session that writes many
    files is rebuilding an archive, where a flush per file would take longer than everything else: these are
    flushed together on exit. Until then a power cut may leave a new file empty, so a record of what was
    delivered must be written after the exit; then the next run finds the file different and fixes it.
    """

    def __init__(self) -> None:
        self._written = 0

    def __exit__(self, *error: object) -> None:
        if self._written > _INDIVIDUAL_FLUSH_LIMIT:
            flush_all()

    def deliver(self, part: Part, destination: str, *_: object) -> Receipt:
        """Write a part below the folder `destination`.

        Raises DeliveryError if the key is not a path below the folder, StorageError if writing fails.
        """
        if part.key.startswith("/") or "\\" in part.key or ".." in part.key.split("/"):
            raise DeliveryError(
                f"{part.key!r} is not a path below {destination}",
                "check the issue's id, and `url` in publisher.toml",
                permanent=True,
            )
        flush = sys.platform == "win32" or self._written < _INDIVIDUAL_FLUSH_LIMIT
        forms = [Path(destination, key) for key in part.forms]
        changed = write_if_changed(Path(destination, part.key), part.body, flush=flush, stale=forms)
        self._written += changed
        return Receipt(changed=changed)
