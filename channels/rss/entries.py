"""An issue as entries of a feed, each one line of JSON: one for the issue, one for each of its items."""

from __future__ import annotations

from collections.abc import Iterable

from publisher.channel import Context, Entry
from publisher.channels.rss import json_feed
from publisher.channels.rss.content import issue_html, item_html, item_title
from publisher.channels.rss.feed import FeedItem, clean, one_line
from publisher.links import ascii_url, is_safe
from publisher.model import Issue, Item, Publication, plain
from publisher.transforms import shorten, text_of

_SUMMARY = 160
"""The most characters of an item's summary, the same as an issue's."""


def issue_line(issue: Issue, context: Context) -> bytes:
    """The entry that shows the whole issue. Its tags are the sections."""
    entry, publication = _entry(context), context.publication
    title = one_line(entry.title) or issue.id
    made: FeedItem = {
        "id": ascii_url(entry.id),
        "url": ascii_url(entry.url),
        "title": title,
        "summary": one_line(entry.summary) or title,
        "content_html": clean(issue_html(issue, entry, publication)),
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "tags": _distinct(plain(section.title) for section in issue.sections),
        "authors": [{"name": author(publication)}],
        "language": publication.lang,
    }
    return json_feed.line(made)


def item_lines(issue: Issue, context: Context) -> list[bytes]:
    """One entry per item, in the order of the issue.

    None has a date of change: a correction is one of the issue, and nobody wrote down of which item.
    """
    entry = _entry(context)
    return [json_feed.line(_of_item(item, entry, context.publication)) for item in issue.items]


def author(publication: Publication) -> str:
    """The name that stands for the publication's author; Atom does not do without one."""
    return one_line(publication.author) or one_line(publication.name)


def _of_item(item: Item, entry: Entry, publication: Publication) -> FeedItem:
    title = item_title(item)
    made: FeedItem = {
        "id": ascii_url(f"{entry.id}#{item.id}"),
        "url": ascii_url(f"{entry.url}#{item.id}"),
        "title": title,
        "summary": shorten(one_line(plain(item.summary) or text_of(item.body)), _SUMMARY) or title,
        "content_html": clean(item_html(item, publication)),
        "date_published": entry.published.isoformat(),
        "tags": _distinct(item.tags),
        "authors": [{"name": author(publication)}],
        "language": publication.lang,
    }
    if item.url and is_safe(item.url):
        made["external_url"] = ascii_url(item.url)
    return made


def _distinct(tags: Iterable[str]) -> list[str]:
    return [tag for tag in dict.fromkeys(map(one_line, tags)) if tag]


def _entry(context: Context) -> Entry:
    if context.entry is None:
        raise ValueError("a feed entry needs to know the issue's id, address and dates")
    return context.entry
