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
        self.damaged = False
        self._known: dict[str, dict[str, str]] = {}
        self._changed = False
        try:
            known = json.loads(path.read_bytes())
            self._known = {name: {k: str(v) for k, v in entry.items()} for name, entry in known.items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError):
            self.damaged = True

    def updated(self, entry_id: str, record: Record, published: dt.datetime, now: dt.datetime) -> dt.datetime:
        """When the content of an issue last changed: `published` until it does, then `now` if that is later.

        A file whose bytes are the same has not changed, even if this version reads them otherwise.
        """
        known = self._known.get(entry_id, {})
        same_content, same_bytes = (
            known.get("revision") == record.revision,
            known.get("source") == record.sha256,
        )
        if not known:
            updated = published
        elif same_content or same_bytes:
            updated = _time(known.get("updated", ""), published)
        else:
            updated = max(now, published)
        if not (same_content and same_bytes):
            self._known[entry_id] = {
                "revision": record.revision,
                "source": record.sha256,
                "updated": updated.isoformat(),
            }
            self._changed = True
        return updated

    def save(self) -> None:
        """Write the file, one line per issue, if anything changed. Raises StorageError."""
        if self._changed:
            text = json.dumps(dict(sorted(self._known.items())), ensure_ascii=False)
            write_if_changed(self._path, text.replace('}, "', '},\n"').encode() + b"\n")


def _time(text: str, published: dt.datetime) -> dt.datetime:
    """A time of the file in the zone of `published`, which stands for one that cannot be read."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return published
    return found.astimezone(published.tzinfo) if found.tzinfo else published
