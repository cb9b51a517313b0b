"""When each issue was last corrected: `.publisher/revisions.json`, to be kept with the sources.

It is no cache: the feeds tell their readers these times. Without it an issue counts as never corrected.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from publisher.archive.records import Record
from publisher.files import write_if_changed


class Revisions:
    """The content each issue had when it was last published, by the id of its feed entry.

    `damaged` is true when the file was there and could not be understood.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_damaged = False
        self._entries: dict[str, dict[str, str]] = {}
        self._is_modified = False
        try:
            known = json.loads(path.read_bytes())
            self._entries = {name: {k: str(v) for k, v in entry.items()} for name, entry in known.items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError):
            self.is_damaged = True

    def record_update(
        self, entry_id: str, record: Record, published: dt.datetime, now: dt.datetime
    ) -> dt.datetime:
        """When the content of an issue last changed: `published` until it does, then `now` if that is later.

        A file whose bytes are the same has not changed, even if this version reads them otherwise.
        """
        known = self._entries.get(entry_id, {})
        same_content, same_bytes = (
            known.get("revision") == record.revision,
            known.get("source") == record.sha256,
        )
        if not known:
            updated = published
        elif same_content or same_bytes:
            updated = _parse_revision_time(known.get("updated", ""), published)
        else:
            updated = max(now, published)
        if not (same_content and same_bytes):
            self._entries[entry_id] = {
                "revision": record.revision,
                "source": record.sha256,
                "updated": updated.isoformat(),
            }
            self._is_modified = True
        return updated

    def save(self) -> None:
        """Write the file, one line per issue, if anything changed. Raises StorageError."""
        if self._is_modified:
            text = json.dumps(dict(sorted(self._entries.items())), ensure_ascii=False)
            write_if_changed(self._path, text.replace('}, "', '},\n"').encode() + b"\n")


def _parse_revision_time(text: str, published: dt.datetime) -> dt.datetime:
    """A time of the file in the zone of `published`, which stands for one that cannot be read."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return published
    return found.astimezone(published.tzinfo) if found.tzinfo else published
