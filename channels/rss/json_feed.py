"""JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import json

from publisher.channels.rss.feed import Feed, FeedItem

_ITEMS_PREFIX = b',"items":[\n'


def dump_entry(item: FeedItem) -> bytes:
    """Return the entry as one line of UTF-8 JSON that ends in a newline."""
    return _dump_json(item) + b"\n"


class JsonDocument:
    """A feed to which entries are added, newest first; `finish` returns it as UTF-8 JSON."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._lines: list[bytes] = []

    def add(self, line: bytes) -> None:
        """Add an entry: its line of `dump_entry`, unchanged."""
        self._lines += (b",\n" if self._lines else b"", line.rstrip(b"\n"))

    def finish(self) -> bytes:
        """Return the document."""
        feed = self._feed
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
        return b"".join((_dump_json(head).removesuffix(b"}"), _ITEMS_PREFIX, *self._lines, b"\n]}\n"))


def _dump_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
