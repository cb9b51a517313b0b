"""What the search of the site reads: a file of JSON for each year, `search/2021.json`, one line per issue.

A line is an array: date, number (as written), URL relative to the page of the search, title, and the sections. A
section is an array of title, id on the page of the issue, and its items; an item is one of title, source, and id.
`templates/search.js` reads the newest year first, and others only when it needs them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import posixpath
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from urllib.parse import quote

import msgspec

from publisher.channel import Entry, Part, PartGroup
from publisher.channels.web.issue import shorten_title
from publisher.contents import decode_contents
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter

_FOLDER = "search"


def build_search_years(
    entries: Sequence[Entry], body: Callable[[Entry], bytes], newsletter: Newsletter
) -> Iterator[PartGroup]:
    """Yield a group for each year, the oldest first. `entries` are newest first, and `body` returns the contents of an
    issue as `publisher.contents` encodes them; only issues of years that changed are asked for."""
    for year, group in groupby(reversed(entries), key=lambda entry: entry.date.year):
        issues = list(group)[::-1]
        inputs = [(entry.date, entry.url, entry.title, entry.revision) for entry in issues]
        digest = hashlib.sha256(repr((newsletter.name, newsletter.base, newsletter.site, inputs)).encode()).hexdigest()
        yield PartGroup(f"search/{year}", digest, partial(_render_year, year, issues, body, newsletter))


class SearchedIssue(NamedTuple):
    """What the page of the search shows of an issue without the script."""

    date: dt.date
    url: str
    title: str


def list_search_years(entries: Sequence[Entry]) -> tuple[tuple[int, tuple[SearchedIssue, ...]], ...]:
    """Return the years, newest first, each with its issues."""
    issues = [SearchedIssue(entry.date, entry.url, entry.title) for entry in entries]
    return tuple([(year, tuple(group)) for year, group in groupby(issues, key=lambda issue: issue.date.year)])


def _render_year(
    year: int, entries: Sequence[Entry], body: Callable[[Entry], bytes], newsletter: Newsletter
) -> Iterator[Part]:
    lines = [_encode_issue(entry, body(entry), newsletter) for entry in entries]
    yield Part(f"{newsletter.site}/{_FOLDER}/{year}.json", "application/json", b"[\n" + b",\n".join(lines) + b"\n]\n")


def _encode_issue(entry: Entry, contents: bytes, newsletter: Newsletter) -> bytes:
    number, _, sections = decode_contents(contents)
    path = posixpath.relpath(newsletter.output_path(entry.url), f"{newsletter.site}/{_FOLDER}")
    listed = [
        (section.title, section.anchor, [(item.title, item.source, item.anchor) for item in section.items])
        for section in sections
    ]
    return msgspec.json.encode((entry.date, number, quote(path), shorten_title(entry, newsletter), listed))
