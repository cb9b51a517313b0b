"""Prepares the pages over all issues: which years stand on the index, and which on pages of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby

from publisher.channel import Entry
from publisher.localized import format_day
from publisher.named_tuple import NamedTuple

_MAX_ENTRIES = 400
"""With more issues, the years beyond the newest ones have pages of their own."""

_MAX_KEPT_ENTRIES = 150
_MAX_GROUP = 60
"""So many issues stand below each other before they are folded: a phone shows about ten."""


class IndexEntry(NamedTuple):
    """An issue in a list: only what is shown of it, so that other changes do not render the list again."""

    date: dt.date
    url: str
    title: str
    excerpt: str


class NewestEntry(NamedTuple):
    """What the index shows of the newest issue. `lead` is its summary, "" if that only names its items."""

    date: dt.date
    url: str
    title: str
    lead: str
    items: int
    minutes: int
    highlights: tuple[str, ...]


class Year(NamedTuple):
    """The issues of a year, newest first. `groups` are those below each other, with a label if they are folded.

    `url` is that of the page of the year if it has one, else "".
    """

    number: int
    size: int
    url: str
    groups: tuple[tuple[str, tuple[IndexEntry, ...]], ...]


def build_newest(entry: Entry) -> NewestEntry:
    """Return what the index shows of the newest issue."""
    names_items = any(title.rstrip("…") in entry.summary for title in entry.highlights[:2])
    lead = "" if names_items else entry.summary
    return NewestEntry(entry.date, entry.url, entry.title, lead, entry.items, entry.minutes, entry.highlights)


def build_years(entries: Sequence[Entry], base: str, lang: str) -> Iterator[Year]:
    """Yield the years, newest first, of issues that are newest first; `base` is the URL of the index."""
    kept = 0
    for number, group in groupby(entries, key=lambda entry: entry.date.year):
        rows = [IndexEntry(entry.date, entry.url, entry.title, entry.excerpt) for entry in group]
        is_kept = len(entries) <= _MAX_ENTRIES or not kept or kept + len(rows) <= _MAX_KEPT_ENTRIES
        kept += len(rows) if is_kept else _MAX_KEPT_ENTRIES
        url = "" if is_kept else f"{base}archive/{number}.html"
        yield Year(number, len(rows), url, tuple(_fold(rows, lang)))


def _fold(rows: Sequence[IndexEntry], lang: str) -> Iterator[tuple[str, tuple[IndexEntry, ...]]]:
    """Yield the issues in groups of a bearable length, each with its first and last day as the label."""
    if len(rows) <= _MAX_GROUP:
        yield "", tuple(rows)
        return
    for start in range(0, len(rows), _MAX_GROUP):
        group = rows[start : start + _MAX_GROUP]
        yield f"{format_day(group[-1].date, lang)} – {format_day(group[0].date, lang)}", tuple(group)
