"""Renders RSS 2.0 and Atom 1.0 with feedgen; no other module imports feedgen.

What feedgen 1.0.0 does by default, and how this module handles it:
- It sets the current time on a feed and its entries: both dates are always set.
- It uses the last link as the link of an RSS channel: the home page is added last.
- It does not write hub and archive links into RSS: an extension does.
- It omits authors without an email address from RSS: an extension writes dc:creator.
- It writes the summary into the RSS description unless that is set: the description is set first.
- It writes an enclosure into Atom as another page of the entry: an extension writes them.
- It raises on characters that are invalid in XML: texts are cleaned before.
- It sets the locale of the process while it formats a date: only one thread may use it at a time.
"""

from __future__ import annotations

import datetime as dt
import json
from abc import abstractmethod
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

from publisher.channels.rss.feed import Feed, FeedItem

if TYPE_CHECKING:
    from lxml.etree import _Element

_MAX_IN_TREE = 20
"""So many entries are a tree at once: a live feed is one, and its head is written once."""

_GENERATOR = "newsletter-publisher"
_ATOM = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_LANGUAGE_ATTRIBUTE = "{http://www.w3.org/XML/1998/namespace}lang"
_HISTORY = "http://purl.org/syndication/history/1.0"


class _XmlDocument:
    """A document to which entries are added, newest first, at least one; `finish` returns it in UTF-8.

    Some entries at a time are serialized as those of a document, and cut out of it: a year of entries is never a tree.
    """

    _media_type: ClassVar[str]
    _start: ClassVar[bytes]
    _end: ClassVar[bytes]

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._generator = _build_feed_generator(feed, self._media_type)
        self._updated: list[dt.datetime] = []
        self._waiting = 0
        self._frame = b"", b""
        self._entries: list[bytes] = []

    def add(self, line: bytes) -> None:
        """Add an entry: its line of `json_feed.dump_entry`."""
        item: FeedItem = json.loads(line)
        self._updated.append(_modified_at(item))
        _add_feed_entry(self._generator, item)
        self._waiting += 1
        if self._waiting == _MAX_IN_TREE:
            self._cut_entries()

    def finish(self) -> bytes:
        """Return the document."""
        if self._waiting:
            self._cut_entries()
        style = f'<?xml-stylesheet type="text/css" href="{self._feed.style}"?>'
        head = f'<?xml version="1.0" encoding="UTF-8"?>\n{style}\n'.encode()
        return b"".join((head, self._frame[0], *self._entries, self._frame[1]))

    def _cut_entries(self) -> None:
        self._generator.updated(max(self._updated))
        document = self._serialize()
        start, end = document.index(self._start), document.rindex(self._end) + len(self._end)
        self._entries.append(document[start:end])
        self._frame = document[:start], document[end:]
        self._generator.entry([], replace=True)
        self._waiting = 0

    @abstractmethod
    def _serialize(self) -> bytes:
        """Return a document with the entries that wait, without its XML declaration."""


class RssDocument(_XmlDocument):
    """A feed as RSS 2.0."""

    _media_type = "application/rss+xml"
    _start, _end = b"    <item>\n", b"    </item>\n"

    def _serialize(self) -> bytes:
        return bytes(self._generator.rss_str(pretty=True, xml_declaration=False))


class AtomDocument(_XmlDocument):
    """A feed as Atom 1.0."""

    _media_type = "application/atom+xml"
    _start, _end = b"  <entry>\n", b"  </entry>\n"

    def _serialize(self) -> bytes:
        return bytes(self._generator.atom_str(pretty=True, xml_declaration=False))


def _build_feed_generator(feed: Feed, media_type: str) -> Any:
    from feedgen.feed import FeedGenerator

    generator = FeedGenerator()
    generator.register_extension("more", lambda: _FeedExtension(feed), _EntryExtension)
    generator.id(feed.id)
    generator.title(feed.title)
    generator.subtitle(feed.description)
    generator.language(feed.language)
    generator.author({"name": feed.author})
    if feed.rights:
        generator.rights(feed.rights)
    generator.generator(_GENERATOR)
    generator.link(href=feed.url, rel="self", type=media_type)
    generator.link(href=feed.home_url, rel="alternate", type="text/html")
    return generator


def _add_feed_entry(generator: Any, item: FeedItem) -> None:
    entry = generator.add_entry(order="append")
    entry.id(item["id"])
    entry.title(item["title"])
    entry.link(href=item["url"], rel="alternate")
    # feed readers treat an RSS description as HTML, an Atom summary as text; this order sets both correctly
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
    """A feedgen extension for the links and RFC 5005 flags that feedgen does not write in every format."""

    def __init__(self, feed: Feed) -> None:
        self._language = feed.language
        self._links = {"hub": feed.hub, "current": feed.current, "prev-archive": feed.previous}
        self._flags = {"archive": bool(feed.current), "complete": feed.complete}

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DUBLIN_CORE, "fh": _HISTORY}

    def extend_rss(self, rss: _Element) -> None:
        rss.set(_LANGUAGE_ATTRIBUTE, self._language)  # the style sheet speaks to people in this language
        self._append_elements(rss[0], f"{{{_ATOM}}}link")

    def extend_atom(self, feed: _Element) -> None:
        # without a namespace: feedgen writes that of Atom elements as an attribute
        self._append_elements(feed, "link")

    def _append_elements(self, parent: _Element, link: str) -> None:
        from lxml.etree import SubElement

        for rel, url in self._links.items():
            if url:
                SubElement(parent, link, rel=rel, href=url)
        for flag, is_set in self._flags.items():
            if is_set:
                SubElement(parent, f"{{{_HISTORY}}}{flag}")


class _EntryExtension:
    """A feedgen extension: dc:creator in RSS, the links to source and recording in Atom, the WeChat article in both."""

    item: FeedItem

    def extend_rss(self, entry: _Element) -> None:
        from lxml.etree import SubElement

        for author in self.item["authors"]:
            SubElement(entry, f"{{{_DUBLIN_CORE}}}creator").text = author["name"]
        for attachment in self.item.get("attachments", ()):  # at most one, as RSS has it
            # 0 where it is not known: https://www.rssboard.org/rss-profile#element-channel-item-enclosure
            length = str(attachment.get("size_in_bytes", 0))
            SubElement(entry, "enclosure", url=attachment["url"], length=length, type=attachment["mime_type"])
        self._append_article_link(entry, f"{{{_ATOM}}}link")

    def extend_atom(self, entry: _Element) -> None:
        from lxml.etree import SubElement

        if via := self.item.get("external_url"):
            SubElement(entry, "link", rel="via", href=via)
        for attachment in self.item.get("attachments", ()):
            link = SubElement(entry, "link", rel="enclosure", href=attachment["url"], type=attachment["mime_type"])
            if "size_in_bytes" in attachment:
                link.set("length", str(attachment["size_in_bytes"]))
        self._append_article_link(entry, "link")

    def _append_article_link(self, entry: _Element, link: str) -> None:
        from lxml.etree import SubElement

        if article := self.item.get("_wechat"):
            SubElement(entry, link, rel="related", href=article["url"])
