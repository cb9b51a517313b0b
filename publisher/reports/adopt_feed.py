"""Gives issues the ids that they have in a feed of another program, so that no reader shows them again."""

from __future__ import annotations

import datetime as dt
import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from publisher.archive.feed_ids import load_feed_ids, save_feed_ids
from publisher.archive.records import Record
from publisher.calendar.calendar import read_records
from publisher.channels.rss.old_feed import OldEntry, fetch_feed, parse_feed
from publisher.errors import ConfigError
from publisher.files import wrap_os_error
from publisher.links import to_ascii_url
from publisher.named_tuple import NamedTuple
from publisher.run import RunContext


class AdoptedFeed(NamedTuple):
    """How many issues keep the ids of entries, and how many others got ids made in the same way, from their URLs.

    `missing` are the titles or ids of the entries that belong to no issue, and `new` the number of issues that have
    neither, which readers will show as new.
    """

    kept: int
    derived: int
    missing: tuple[str, ...]
    new: int


def adopt_feeds(run: RunContext, sources: Sequence[str]) -> AdoptedFeed:
    """Record the ids of the entries of feeds, which are files or URLs. Raises ConfigError if one is no feed, or has
    no entry that is an issue of the newsletter; StorageError."""
    records = [record for record in read_records(run).values() if not (record.draft or record.fault)]
    entries = [entry for source in sources for entry in parse_feed(_read_source(source), source)]
    ids = match_entries(entries, records, run.now.tzinfo)
    if not ids:
        raise ConfigError(
            f"no entry of {', '.join(sources)} is an issue of this newsletter",
            "an issue is found by its URL, slug, title or date: give the feed that your subscribers have",
        )
    newest = max(record.date for record in records if record.id in ids)
    others = [record for record in records if record.id not in ids and not record.feed_id and record.date <= newest]
    derived = derive_ids(ids, records, others)
    save_feed_ids(run.home, load_feed_ids(run.home) | derived | ids)
    known = set(ids.values())
    missing = tuple(entry.title or entry.id for entry in entries if entry.id not in known)
    return AdoptedFeed(len(ids), len(derived), missing, len(others) - len(derived))


def match_entries(entries: Iterable[OldEntry], records: Iterable[Record], zone: dt.tzinfo | None) -> dict[str, str]:
    """Return by the id of each issue the id of its entry. What is not certain is not matched.

    An entry is the issue with the same path in its URL, else with the slug at the end of that, else with the same
    title, else with the same date, if no other entry or issue has it too.
    """
    open_entries = list({entry.id: entry for entry in entries}.values())
    open_records = list(records)
    ids: dict[str, str] = {}
    for name_entry, names_of in _build_ways(zone):
        by_name: defaultdict[Hashable, list[Record]] = defaultdict(list)
        for record in open_records:
            for name in {*names_of(record)} - {"", None}:
                by_name[name].append(record)
        named: defaultdict[Hashable, list[OldEntry]] = defaultdict(list)
        for entry in open_entries:
            named[name_entry(entry)].append(entry)
        for name, same in named.items():
            if len(same) == 1 and len(found := by_name.get(name, [])) == 1 and found[0].id not in ids:
                ids[found[0].id] = same[0].id
        taken = set(ids.values())
        open_entries = [entry for entry in open_entries if entry.id not in taken]
        open_records = [record for record in open_records if record.id not in ids]
    return ids


def _build_ways(
    zone: dt.tzinfo | None,
) -> tuple[tuple[Callable[[OldEntry], Hashable], Callable[[Record], Iterable[Hashable]]], ...]:
    """Return the ways in which entry and issue have a name in common: that of an entry, those of an issue."""

    def find_date(entry: OldEntry) -> str:
        day = entry.published
        return (day.astimezone(zone) if day.tzinfo else day).date().isoformat() if day else ""

    return (
        (lambda entry: _normalize_path(entry.url), lambda record: map(_normalize_path, (record.url, *record.aliases))),
        (lambda entry: posixpath.basename(_normalize_path(entry.url)), lambda record: (record.slug.casefold(),)),
        (lambda entry: _normalize_title(entry.title), lambda record: (_normalize_title(record.title),)),
        (find_date, lambda record: (record.date,)),
    )


def _normalize_path(url: str) -> str:
    """Return the path of a URL as far as servers tell pages apart by it; hosts change when a newsletter moves."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    path = unicodedata.normalize("NFC", unquote(parts.path)).casefold().removesuffix("index.html")
    return "" if parts.query else path.removesuffix(".html").rstrip("/")


def _normalize_title(title: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())


def derive_ids(ids: Mapping[str, str], records: Iterable[Record], others: Iterable[Record]) -> dict[str, str]:
    """Return ids for issues that are too old for the feed, if those of all issues in it are made from URLs alike.

    Readers that were subscribed long ago still know the old ones.
    """
    known = [record for record in records if record.id in ids]
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, ids.values()) if parts.netloc}
    for origin in origins if len(origins) == 1 else ():
        for suffix in ("", "/", ".html", "index.html"):
            made = {record.id: _make_id(record.url, origin, suffix) for record in known}
            if made == ids:
                return {record.id: _make_id(record.url, origin, suffix) for record in others}
    return {}


def _make_id(url: str, origin: str, suffix: str) -> str:
    return origin + urlsplit(to_ascii_url(url)).path.removesuffix(suffix)


def _read_source(source: str) -> bytes:
    if source.startswith(("http://", "https://")):
        return fetch_feed(source)
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise wrap_os_error(f"cannot read {source}", error) from error
