"""RSS 2.0 and Atom 1.0, written by feedgen; no other module knows that feedgen exists.

What feedgen 1.0.0 does unasked, and what is done about it here: it stamps the time of day on a feed and on
its entries (both dates are always set), puts new entries on top (order="append"), takes the last link for
the channel's own (the home page is added last), keeps hub and archive links out of RSS (an extension
writes them), drops authors without an address from RSS (dc:creator), writes the summary into description
only when it comes first, and raises on characters XML cannot carry (texts come here clean). It sets the
locale of the process while it writes a date: one thread at a time.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from types import ModuleType
from typing import TYPE_CHECKING, Any

from publisher.channels.rss.feed import Feed, FeedItem

if TYPE_CHECKING:
    from lxml.etree import _Element

_GENERATOR = "newsletter-publisher"
_ATOM = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_HISTORY = "http://purl.org/syndication/history/1.0"


def render_rss(feed: Feed, items: Sequence[FeedItem]) -> bytes:
    """The feed as RSS 2.0 in UTF-8. `items` are newest first, at least one."""
    return _serialize_feed(feed, _build_feed_generator(feed, items, "application/rss+xml").rss_str)


def render_atom(feed: Feed, items: Sequence[FeedItem]) -> bytes:
    """The feed as Atom 1.0 in UTF-8. `items` are newest first, at least one."""
    return _serialize_feed(feed, _build_feed_generator(feed, items, "application/atom+xml").atom_str)


def _serialize_feed(feed: Feed, serialize: Callable[..., bytes]) -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/css" href="{feed.style}"?>\n'
    return head.encode() + serialize(pretty=True, xml_declaration=False)


def _build_feed_generator(feed: Feed, items: Sequence[FeedItem], media_type: str) -> Any:
    made = _import_feedgen().FeedGenerator()
    made.register_extension("more", lambda: _FeedExtension(feed), _EntryExtension)
    made.id(feed.id)
    made.title(feed.title)
    made.subtitle(feed.description)
    made.language(feed.language)
    made.author({"name": feed.author})
    if feed.rights:
        made.rights(feed.rights)
    made.generator(_GENERATOR)
    made.link(href=feed.url, rel="self", type=media_type)
    made.link(href=feed.home_url, rel="alternate", type="text/html")
    for item in items:
        _add_feed_entry(made, item)
    made.updated(max(_modified_at(item) for item in items))
    return made


@cache
def _import_feedgen() -> ModuleType:
    """feedgen.feed. What would slow its import down by half a start of Python is out of its sight meanwhile:
    a parser of dates that come as text, which ours do not, and the time zones of Windows elsewhere."""
    missing: dict[str, Any] = {"dateutil.parser": ModuleType("dateutil.parser")}
    if sys.platform != "win32":
        missing["dateutil.tz.win"] = None  # dateutil does without, after a long look
    missing = {name: empty for name, empty in missing.items() if name not in sys.modules}
    sys.modules.update(missing)
    try:
        from feedgen import feed
    finally:
        for name in missing:
            del sys.modules[name]
    return feed  # type: ignore[no-any-return]  # feedgen has no types


def _add_feed_entry(generator: Any, item: FeedItem) -> None:
    entry = generator.add_entry(order="append")
    entry.id(item["id"])
    entry.title(item["title"])
    entry.link(href=item["url"], rel="alternate")
    # readers take an RSS description for HTML and an Atom summary for text; in this order each gets its own
    entry.description(escape(item["summary"], quote=False))
    entry.content(item["content_html"], type="html")
    entry.summary(item["summary"])
    entry.published(_parse_timestamp(item["date_published"]))
    entry.updated(_modified_at(item))
    for tag in item["tags"]:
        entry.category(term=tag)
    entry.more.item = item


def _parse_timestamp(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _modified_at(item: FeedItem) -> dt.datetime:
    return _parse_timestamp(item.get("date_modified", item["date_published"]))


class _FeedExtension:
    """A feedgen extension: the links and marks of a feed that feedgen does not write in every format."""

    def __init__(self, feed: Feed) -> None:
        self._links = {"hub": feed.hub, "current": feed.current, "prev-archive": feed.previous}
        self._flags = {"archive": bool(feed.current), "complete": feed.complete}

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DUBLIN_CORE, "fh": _HISTORY}

    def extend_rss(self, rss: _Element) -> None:
        self._append_elements(rss[0], f"{{{_ATOM}}}link")

    def extend_atom(self, feed: _Element) -> None:
        self._append_elements(
            feed, "link"
        )  # feedgen's Atom elements carry their namespace as an attribute only

    def _append_elements(self, parent: _Element, link: str) -> None:
        from lxml.etree import SubElement

        for rel, address in self._links.items():
            if address:
                SubElement(parent, link, rel=rel, href=address)
        for mark, given in self._flags.items():
            if given:
                SubElement(parent, f"{{{_HISTORY}}}{mark}")


class _EntryExtension:
    """A feedgen extension: the author of an RSS entry by name, where an Atom entry got its matter, and where
    either stands besides."""

    item: FeedItem

    def extend_rss(self, entry: _Element) -> None:
        from lxml.etree import SubElement

        for author in self.item["authors"]:
            SubElement(entry, f"{{{_DUBLIN_CORE}}}creator").text = author["name"]
        self._append_article_link(entry, f"{{{_ATOM}}}link")

    def extend_atom(self, entry: _Element) -> None:
        from lxml.etree import SubElement

        if via := self.item.get("external_url"):
            SubElement(entry, "link", rel="via", href=via)
        self._append_article_link(entry, "link")

    def _append_article_link(self, entry: _Element, link: str) -> None:
        from lxml.etree import SubElement

        if article := self.item.get("_wechat"):
            SubElement(entry, link, rel="related", href=article["url"])
