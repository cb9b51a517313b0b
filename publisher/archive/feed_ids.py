"""Ids of feed entries taken over from another program's feed: `.publisher/feed_ids.json`, to be kept with the
sources.

Feed readers know an entry by its id alone: with another one they would show it again. So unlike a cache, a file that
is damaged stops the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from publisher.archive.home import Home
from publisher.archive.records import Record
from publisher.errors import StorageError
from publisher.files import wrap_os_error, write_if_changed


def find_feed_ids(home: Home, records: Iterable[Record]) -> dict[str, str]:
    """Return the ids that differ from the usual one, by the id of the issue: of the front matter, else of the file.

    Raises StorageError if the file cannot be read.
    """
    saved = load_feed_ids(home)
    return {record.id: record.feed_id or saved[record.id] for record in records if record.feed_id or record.id in saved}


def load_feed_ids(home: Home) -> dict[str, str]:
    """Return the ids in the file, by the id of the issue. Raises StorageError if it cannot be read."""
    try:
        saved = json.loads(home.feed_ids.read_bytes())
        if not (isinstance(saved, dict) and all(isinstance(id_, str) for id_ in saved.values())):
            raise ValueError
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise wrap_os_error(f"cannot read {home.feed_ids}", error) from error
    except (ValueError, RecursionError):
        raise StorageError(
            f"{home.feed_ids} is damaged; without it, feed readers would show old issues again",
            "restore it from version control, or run publish adopt --feed again",
        ) from None
    return saved


def save_feed_ids(home: Home, ids: Mapping[str, str]) -> None:
    """Write the file, one line per issue. Raises StorageError."""
    text = json.dumps(dict(sorted(ids.items())), ensure_ascii=False, indent=0)
    write_if_changed(home.feed_ids, f"{text}\n".encode())
    home.write_gitignore()
