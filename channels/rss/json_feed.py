"""JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import json
from collections.abc import Iterable

from publisher.channels.rss.feed import Feed, FeedItem

_ITEMS_PREFIX = b',"items":[\n'


def dump_entry(item: FeedItem) -> bytes:
    """Return the entry as one line of UTF-8 JSON that ends in a newline."""
    return _dump_json(item) + b"\n"


def render_json_feed(feed: Feed, entries_json: Iterable[bytes]) -> bytes:
    """Return the feed as UTF-8 JSON, with the lines of `dump_entry` inserted unchanged."""
    head: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.description,
        "home_page_url": feed.home_url,
        "feed_url": feed.url,
        "language": feed.language,
        "authors": [{"name": feed.author}],
    }
    if feed.hub:
        head["hubs"] = [{"type": "WebSub", "url": feed.hub}]
    entries = b",\n".join(entry.rstrip(b"\n") for entry in entries_json)
    return _dump_json(head).removesuffix(b"}") + _ITEMS_PREFIX + entries + b"\n]}\n"


def _dump_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
