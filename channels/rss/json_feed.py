"""JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import json
from collections.abc import Iterable

from publisher.channels.rss.feed import Feed, FeedItem

_ITEMS = b',"items":[\n'


def line(item: FeedItem) -> bytes:
    """The entry as UTF-8 JSON on one line, which ends in a newline."""
    return _dump(item) + b"\n"


def document(feed: Feed, lines: Iterable[bytes]) -> bytes:
    """The feed as UTF-8 JSON; `lines` are entries as `line` wrote them and go in unchanged."""
    head: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.description,
        "home_page_url": feed.home,
        "feed_url": feed.address,
        "language": feed.language,
        "authors": [{"name": feed.author}],
    }
    if feed.hub:
        head["hubs"] = [{"type": "WebSub", "url": feed.hub}]
    entries = b",\n".join(entry.rstrip(b"\n") for entry in lines)
    return _dump(head).removesuffix(b"}") + _ITEMS + entries + b"\n]}\n"


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
