"""Builds the feed documents, in groups that change together.

The live feeds have the newest issues; the archive of a year (RFC 5005, section 4) has the other issues of
that year. Each issue is in exactly one of them, so an archive no longer changes once the live feeds have no
issue of its year.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, takewhile
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from publisher.channel import Context, Entry, Part, PartGroup
from publisher.channels.rss import json_feed
from publisher.channels.rss.compress import add_compressed
from publisher.channels.rss.entries import IssueLines, author_name
from publisher.channels.rss.feed import (
    MAX_LIVE_BYTES,
    MEDIA_TYPES,
    SECTIONS,
    STYLESHEET,
    Feed,
    FeedFormat,
    FeedItem,
    FeedPaths,
    clean_line,
)
from publisher.channels.rss.json_feed import JsonDocument
from publisher.channels.rss.sections import FeedSection
from publisher.channels.rss.xml_feeds import AtomDocument, RssDocument
from publisher.labels import get_labels
from publisher.links import build_license_link, to_ascii_url
from publisher.patterns import lazy_pattern

LineReader = Callable[[Entry], IssueLines]
"""Returns the entries of an issue as lines of JSON."""


class FeedDocuments(Struct, frozen=True):
    """Builds the groups. Lines are read and documents rendered when the parts of a group are requested."""

    paths: FeedPaths
    hub: str
    context: Context

    def build_stylesheet(self) -> PartGroup:
        """Build the style sheet of the XML feeds, for people who open one in a browser."""
        values = {"--brand": read_brand_color(self.context.templates.text("style.css"))}
        if self.context.subscribe_url:
            values["--subscribe"] = f'"\\a {to_ascii_url(self.context.subscribe_url)}"'
        css = self.context.templates.text(STYLESHEET) + "".join(
            f":root {{ {name}: {value}; }}\n" for name, value in values.items() if value
        )
        part = Part(self.paths.stylesheet, "text/css", css.encode())
        return PartGroup("style", _compute_group_digest(part), lambda: (part,))

    def build_archive_feeds(
        self, year: int, entries: Sequence[Entry], previous_year: int | None, read_lines: LineReader
    ) -> PartGroup:
        """Build the archive of a year; `previous_year` is the next older year that has one.

        It has no link to a newer archive or to the hub, so that it does not change once it is complete.
        """
        paths = self.paths
        keys = paths.archive_feeds(year)
        feeds = {
            feed_format: replace(
                self._build_feed(keys[feed_format]),
                style=f"../{STYLESHEET}",
                current=paths.url_for(paths.live_feeds[feed_format]),
                previous=self._archive_url(previous_year, feed_format),
            )
            for feed_format in keys
        }
        return _build_feed_group(
            f"archive/{year}", keys, feeds, entries, lambda: (read_lines(entry).issue for entry in entries)
        )

    def build_live_feeds(self, entries: Sequence[Entry], archive_year: int | None, read_lines: LineReader) -> PartGroup:
        """Build the feeds of the newest issues, with links to their WeChat articles.

        `archive_year` is the year of the newest archive.
        """
        keys = self.paths.live_feeds
        feeds = {
            feed_format: replace(
                self._build_feed(keys[feed_format]),
                hub=to_ascii_url(self.hub),
                previous="" if feed_format == "json" else self._archive_url(archive_year, feed_format),
                complete=archive_year is None,
            )
            for feed_format in keys
        }
        article_urls = self.context.article_urls

        def read_issue_lines() -> list[bytes]:
            return [_add_article_link(read_lines(entry).issue, article_urls.get(entry.url, "")) for entry in entries]

        return _build_feed_group("live", keys, feeds, entries, read_issue_lines, article_urls)

    def build_item_feeds(self, entries: Sequence[Entry], read_lines: LineReader) -> PartGroup:
        """Build the feeds with one entry per item of the newest issues, as many items as fit."""
        newsletter = self.context.newsletter
        title = f"{newsletter.name} · {get_labels(newsletter.lang)['by_item']}"
        keys = self.paths.item_feeds
        feeds = {
            feed_format: replace(
                self._build_feed(keys[feed_format]),
                id=f"{newsletter.id}#items",
                title=clean_line(title),
                hub=to_ascii_url(self.hub),
            )
            for feed_format in keys
        }

        def read_item_lines() -> list[bytes]:
            lines = list(chain.from_iterable(read_lines(entry).items for entry in entries))
            return lines[: count_fitting(lines)]

        return _build_feed_group("items", keys, feeds, entries, read_item_lines)

    def build_section_feeds(self, section: FeedSection, limit: int, read_lines: LineReader) -> PartGroup:
        """Build the feeds of a section, with its newest entries: at most `limit`, and as many as fit."""
        newsletter, entries = self.context.newsletter, section.entries[:limit]
        keys = self.paths.section_feeds(section.name)
        title = clean_line(f"{newsletter.name} · {section.title}")
        feeds = {
            feed_format: replace(
                self._build_feed(keys[feed_format]),
                id=to_ascii_url(f"{newsletter.id}#{SECTIONS}/{section.name}"),
                title=title,
                style=f"../{STYLESHEET}",
                hub=to_ascii_url(self.hub),
            )
            for feed_format in keys
        }

        def read_section_lines() -> list[bytes]:
            found = (read_lines(entry).sections.get(section.name) for entry in entries)
            lines = [line for line in found if line]
            return lines[: count_fitting(lines)]

        return _build_feed_group(f"{SECTIONS}/{section.name}", keys, feeds, entries, read_section_lines)

    def _build_feed(self, key: str) -> Feed:
        newsletter = self.context.newsletter
        return Feed(
            id=newsletter.id,
            title=clean_line(newsletter.name),
            description=clean_line(newsletter.tagline) or clean_line(newsletter.name),
            language=newsletter.lang,
            author=author_name(newsletter),
            rights=" ".join(build_license_link(newsletter.license)) if newsletter.license else "",
            home_url=to_ascii_url(newsletter.base),
            url=self.paths.url_for(key),
            style=STYLESHEET,
        )

    def _archive_url(self, year: int | None, feed_format: FeedFormat) -> str:
        return "" if year is None else self.paths.url_for(self.paths.archive_feeds(year)[feed_format])


def _build_feed_group(
    key: str,
    keys: Mapping[FeedFormat, str],
    feeds: Mapping[FeedFormat, Feed],
    entries: Iterable[Entry],
    read_lines: Callable[[], Iterable[bytes]],
    article_urls: Mapping[str, str] = MappingProxyType({}),
) -> PartGroup:
    facts = [_describe_entry(entry, article_urls) for entry in entries]
    return PartGroup(
        key,
        _compute_group_digest(feeds, "\n".join(facts)),
        lambda: add_compressed(_render_feed_files(keys, feeds, read_lines)),
    )


def _describe_entry(entry: Entry, article_urls: Mapping[str, str]) -> str:
    """Return all that a feed depends on of an entry, besides the settings, which say at what time of its day an issue
    is published. The title and the summary are of its revision."""
    correction = "" if entry.updated == entry.published else entry.updated.isoformat()
    return (
        f"{entry.id}\0{entry.feed_id}\0{entry.revision}\0{entry.url}\0{entry.date.toordinal()}\0"
        f"{correction}\0{article_urls.get(entry.url, '')}"
    )


def _add_article_link(line: bytes, article_url: str) -> bytes:
    """Return the JSON line of an entry with the URL of its WeChat article, if it has one."""
    if not article_url:
        return line
    item: FeedItem = json.loads(line)
    item["_wechat"] = {"url": to_ascii_url(article_url)}
    return json_feed.dump_entry(item)


_DOCUMENTS: Mapping[FeedFormat, Callable[[Feed], JsonDocument | AtomDocument | RssDocument]] = {
    "json": JsonDocument,
    "atom": AtomDocument,
    "rss": RssDocument,
}


def _render_feed_files(
    keys: Mapping[FeedFormat, str], feeds: Mapping[FeedFormat, Feed], read_lines: Callable[[], Iterable[bytes]]
) -> Iterator[Part]:
    """Yield the feeds of a group, nothing if it has no entries. One after the other, with the entries read for each: a
    year of issues is not in memory in all formats, and one format is compressed while the next is rendered."""
    for feed_format, feed in feeds.items():
        if body := _render_feed(_DOCUMENTS[feed_format](feed), read_lines()):
            yield Part(keys[feed_format], MEDIA_TYPES[feed_format], body)


def _render_feed(document: JsonDocument | AtomDocument | RssDocument, lines: Iterable[bytes]) -> bytes:
    """Return the document with the entries of these lines, b"" if there are none."""
    is_empty = True
    for line in lines:
        document.add(line)
        is_empty = False
    return b"" if is_empty else document.finish()


def _compute_group_digest(*inputs: object) -> str:
    """Return a digest of the inputs of a group. Long ones are strings, because their repr takes long."""
    texts = [one if isinstance(one, str) else repr(one) for one in inputs]
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


_BRAND = lazy_pattern(r"--brand:([^;{}]*+)")

# bytes that an entry takes in XML besides its texts: tags, dates, the id and the URL
_ENTRY_OVERHEAD = 900


def count_fitting(lines: Iterable[bytes]) -> int:
    """Return how many entries, from the first on, fit into MAX_LIVE_BYTES in any format; at least 1.

    `lines` are entries as JSON.
    """
    return max(
        1, sum(1 for _ in takewhile(lambda total: total <= MAX_LIVE_BYTES, accumulate(map(_estimate_size, lines))))
    )


def group_by_year(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    """Group entries by calendar year, oldest year first; within a year in the given order."""
    by_year: dict[int, list[Entry]] = {}
    for entry in entries:
        by_year.setdefault(entry.date.year, []).append(entry)
    return dict(sorted(by_year.items()))


def read_brand_color(css: str) -> str:
    """Return the colour of the site as its style sheet has it, in any form that CSS knows; "" if it has none."""
    match = _BRAND.search(css)
    return match[1].strip() if match else ""


def _estimate_size(line: bytes) -> int:
    """Return an upper bound for the bytes of an entry in any format: JSON, or XML with escaped markup."""
    return len(line) + 3 * (line.count(b"<") + line.count(b">")) + 4 * line.count(b"&") + _ENTRY_OVERHEAD
