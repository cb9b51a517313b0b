"""When each issue was last corrected and where its page is: `.publisher/revisions.json`, to be kept with the sources.

This is not a cache: feeds contain these times. Without the file no issue counts as corrected or moved.
"""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from publisher.archive.records import Record
from publisher.errors import ConfigError
from publisher.files import write_if_changed

_CARDS = "cards"  # in place of the id of an issue, which is a tag: URI


class _PublishedEntry(Struct, frozen=True, omit_defaults=True, gc=False):
    """What is known of an entry: revision and SHA-256 of the source of its issue, the time of the last correction, the
    URL of the page, and its id in feeds if that is not its name. `since` is only of the cards."""

    revision: str = ""
    source: str = ""
    updated: str = ""
    url: str = ""
    feed_id: str = ""
    since: str = ""


_UNKNOWN = _PublishedEntry()


class Revisions:
    """The content of each issue when it was last published, by the id of its feed entry.

    `is_damaged` is True when the file exists and cannot be read. `moved` has, by path, the former and the present
    URL of each page that `record_update` found at another one, and that has no alias there; `renamed` the former and
    the present id of each feed entry.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_damaged = False
        self.moved: dict[str, tuple[str, str]] = {}
        self.renamed: dict[str, tuple[str, str]] = {}
        self._entries: dict[str, _PublishedEntry] = {}
        self._is_modified = False
        try:
            self._entries = msgspec.json.decode(path.read_bytes(), type=dict[str, _PublishedEntry])
        except FileNotFoundError:
            pass
        except (OSError, ValueError):
            self.is_damaged = True

    def record_update(
        self, entry_id: str, record: Record, published: dt.datetime, now: dt.datetime, feed_id: str = ""
    ) -> dt.datetime:
        """Return when the content of an issue last changed: `published` at first, after a change `now`.

        Never before `published`. A file with the same bytes has not changed, even if this version parses it
        differently. `feed_id` is the id of the entry in feeds if that is not `entry_id`.
        """
        known = self._entries.get(entry_id, _UNKNOWN)
        same_content, same_bytes = known.revision == record.revision, known.source == record.sha256
        if same_content and same_bytes and known.url == record.url and known.feed_id == feed_id:
            return _parse_revision_time(known.updated, published)  # as of most of thousands of issues
        if known == _UNKNOWN:
            updated = published
        elif same_content or same_bytes:
            updated = _parse_revision_time(known.updated, published)
        else:
            updated = max(now, published)
        text = known.updated if same_content and same_bytes else updated.isoformat()
        entry = _PublishedEntry(record.revision, record.sha256, text, record.url, feed_id)
        if known.url and known.url not in (record.url, *record.aliases):
            self.moved[record.path] = known.url, record.url
        former_id = known.feed_id or entry_id
        if known != _UNKNOWN and former_id != (feed_id or entry_id):
            self.renamed[record.path] = former_id, feed_id
        if entry != known:
            self._entries[entry_id] = entry
            self._is_modified = True
        return updated

    def published_sources(self, newsletter_id: str) -> dict[str, str]:
        """Return the ids of a newsletter's published issues, by the SHA-256 of their source."""
        prefix = f"{newsletter_id}/"
        return {
            entry.source: name.removeprefix(prefix)
            for name, entry in self._entries.items()
            if name.startswith(prefix) and entry.source
        }

    def rename_newsletter(self, old: str, new: str) -> None:
        """Keep the times of all issues when the newsletter's id changes. Raises StorageError."""
        names = {name: name.replace(f"{old}/", f"{new}/", 1) for name in self._entries if name.startswith(f"{old}/")}
        self._entries = {names.get(name, name): entry for name, entry in self._entries.items()}
        self._is_modified = bool(names)
        self.save()

    def first_card_date(self, newest: Sequence[dt.date]) -> dt.date:
        """Return the date of the first issue with a card of its own: what was published since then keeps it.

        `newest` are the dates of the issues that get one when the first cards are drawn, newest first.
        """
        with suppress(ValueError):
            return dt.date.fromisoformat(self._entries.get(_CARDS, _UNKNOWN).since)
        since = newest[-1] if newest else dt.date.max
        if newest:
            self._entries[_CARDS] = _PublishedEntry(since=since.isoformat())
            self._is_modified = True
        return since

    def save(self) -> None:
        """Write the file, one line per issue, if anything changed. Raises StorageError."""
        if self._is_modified:
            text = msgspec.json.format(msgspec.json.encode(dict(sorted(self._entries.items()))), indent=0)
            write_if_changed(self._path, text.replace(b'}, "', b'},\n"') + b"\n")


def _parse_revision_time(text: str, published: dt.datetime) -> dt.datetime:
    """Return a time of the file in the time zone of `published`; `published` if it cannot be parsed."""
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        return published
    return time.astimezone(published.tzinfo) if time.tzinfo else published


def require_same_feed_ids(revisions: Revisions, *, accept: bool) -> None:
    """Raise ConfigError if the entry of a published issue would get another id in feeds, unless that is accepted."""
    if accept or not revisions.renamed:
        return
    path, (former, present) = next(iter(revisions.renamed.items()))
    more = f" (and {len(revisions.renamed) - 1} more)" if len(revisions.renamed) > 1 else ""
    change = f'has the feed_id "{present}" now' if present else "has no feed_id any more"
    raise ConfigError(
        f'{path}{more} {change}, but was published as "{former}": feed readers would show every subscriber the issue '
        "again",
        f"write `feed_id: {former}` into its front matter, or go on with publish --accept-new-id",
    )


def describe_moves(revisions: Revisions) -> str:
    """Return a warning about pages that moved since they were published; "" if none did."""
    if not revisions.moved:
        return ""
    path, (former, present) = next(iter(revisions.moved.items()))
    count = len(revisions.moved)
    pages = f"the page of {path}" if count == 1 else f"{count} pages, such as that of {path},"
    return (
        f"{pages} moved from {former} to {present}: links to the old address lead nowhere, "
        "unless its front matter has the old `slug:`, or the old path in `aliases:`"
    )
