"""The feed documents of a publication, in groups that change together.

Which entries the live feeds show, and which archive holds the rest (RFC 5005, section 4).

Together they hold every issue exactly once: the live feed the newest few, the archive of a year what is
left of that year. So an archive is still while its year's issues have all left the live feed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, chain, takewhile
from types import MappingProxyType

from publisher import __version__
from publisher.channel import Context, Entry, Part, PartGroup
from publisher.channels.rss import json_feed, xml_feeds
from publisher.channels.rss.entries import author_name
from publisher.channels.rss.feed import (
    MEDIA_TYPES,
    STYLESHEET,
    Feed,
    FeedFormat,
    FeedItem,
    FeedPaths,
    clean_line,
)
from publisher.channels.rss.packing import add_compressed
from publisher.dataclass import dataclass
from publisher.links import build_license_link, to_ascii_url
from publisher.words import get_labels

LineReader = Callable[[Entry], Sequence[bytes]]
"""Gives the lines of an issue: its entry, and below it those of its items, if they were made."""


@dataclass(frozen=True, slots=True)
class FeedDocuments:
    """Makes the groups. Nothing is read or made before a group's parts are asked for."""

    paths: FeedPaths
    hub: str
    context: Context

    def build_stylesheet(self) -> PartGroup:
        """The style sheet of the XML feeds, for people who open one in a browser."""
        body = self.context.templates.text(STYLESHEET).encode()
        part = Part(self.paths.stylesheet, "text/css", body)
        return PartGroup("style", _compute_group_digest(part), lambda: (part,))

    def build_archive_feeds(
        self, year: int, entries: Sequence[Entry], previous_year: int | None, read_lines: LineReader
    ) -> PartGroup:
        """The archive of a year; `before` is the next older year that has one.

        It names no newer archive, and not the hub, so that it is still when it is complete.
        """
        places = self.paths
        keys = places.archive_feeds(year)
        heads = {
            form: replace(
                self._build_feed(keys[form]),
                style=f"../{STYLESHEET}",
                current=places.url_for(places.live_feeds[form]),
                previous=self._archive_url(previous_year, form),
            )
            for form in keys
        }
        return _build_feed_group(
            f"archive/{year}", keys, heads, entries, lambda: [read_lines(entry)[0] for entry in entries]
        )

    def build_live_feeds(
        self, entries: Sequence[Entry], archive_year: int | None, read_lines: LineReader
    ) -> PartGroup:
        """The feeds of the newest issues, with the articles that are known of them; `before` is the year of
        the newest archive."""
        keys = self.paths.live_feeds
        heads = {
            form: replace(
                self._build_feed(keys[form]),
                hub=to_ascii_url(self.hub),
                previous="" if form == "json" else self._archive_url(archive_year, form),
                complete=archive_year is None,
            )
            for form in keys
        }
        articles = self.context.article_urls

        def newest() -> list[bytes]:
            return [_add_article_link(read_lines(entry)[0], articles.get(entry.url, "")) for entry in entries]

        return _build_feed_group("live", keys, heads, entries, newest, articles)

    def build_item_feeds(self, entries: Sequence[Entry], read_lines: LineReader) -> PartGroup:
        """The feeds with an entry for each item of the newest issues, as many items as fit."""
        newsletter = self.context.newsletter
        title = f"{newsletter.name} · {get_labels(newsletter.lang)['by_item']}"
        keys = self.paths.item_feeds
        heads = {
            form: replace(
                self._build_feed(keys[form]),
                id=f"{newsletter.id}#items",
                title=clean_line(title),
                hub=to_ascii_url(self.hub),
            )
            for form in keys
        }

        def newest() -> list[bytes]:
            found = list(chain.from_iterable(read_lines(entry)[1:] for entry in entries))
            return found[: count_fitting(found)]

        return _build_feed_group("items", keys, heads, entries, newest)

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

    def _archive_url(self, year: int | None, form: FeedFormat) -> str:
        return "" if year is None else self.paths.url_for(self.paths.archive_feeds(year)[form])


def _build_feed_group(
    key: str,
    keys: Mapping[FeedFormat, str],
    feeds: Mapping[FeedFormat, Feed],
    entries: Iterable[Entry],
    read_lines: Callable[[], Sequence[bytes]],
    article_urls: Mapping[str, str] = MappingProxyType({}),
) -> PartGroup:
    facts = [
        (
            *(e.id, e.revision, e.title, e.summary, e.url, e.published.isoformat(), e.updated.isoformat()),
            article_urls.get(e.url),
        )
        for e in entries
    ]
    return PartGroup(
        key,
        _compute_group_digest(feeds, facts),
        lambda: add_compressed(_render_feed_files(keys, feeds, read_lines())),
    )


def _add_article_link(line: bytes, article_url: str) -> bytes:
    """The line of an entry that stands at WeChat too."""
    if not article_url:
        return line
    item: FeedItem = json.loads(line)
    item["_wechat"] = {"url": to_ascii_url(article_url)}
    return json_feed.dump_entry(item)


def _render_feed_files(
    keys: Mapping[FeedFormat, str], feeds: Mapping[FeedFormat, Feed], lines: Sequence[bytes]
) -> Iterator[Part]:
    if not lines:
        return
    items = [json.loads(line) for line in lines]
    for form, head in feeds.items():
        match form:
            case "json":
                body = json_feed.render_json_feed(head, lines)
            case "atom":
                body = xml_feeds.render_atom(head, items)
            case "rss":
                body = xml_feeds.render_rss(head, items)
        yield Part(keys[form], MEDIA_TYPES[form], body)


def _compute_group_digest(*made_from: object) -> str:
    """Over all a group is made from, this program's version among it: another may make it otherwise."""
    return hashlib.sha256(repr((__version__, made_from)).encode("utf-8", "surrogatepass")).hexdigest()


MAX_LIVE_ISSUES = 20
"""The most issues a live feed shows: what readers of feeds expect to fetch each time."""

MAX_LIVE_BYTES = 500_000
"""The most bytes of a live feed before compression; readers were seen to refuse 516 KB."""

# what an entry takes in XML beside its texts: tags, dates, the id and the address
_ENTRY_OVERHEAD = 900


def count_fitting(lines: Iterable[bytes]) -> int:
    """How many entries, from the first on, fit into BUDGET in any format; one in any case. `lines` are
    entries as JSON."""
    return max(
        1,
        sum(
            1
            for _ in takewhile(lambda total: total <= MAX_LIVE_BYTES, accumulate(map(_estimate_size, lines)))
        ),
    )


def group_by_year(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    """The entries by calendar year, oldest year first; within a year in the order given."""
    found: dict[int, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.date.year, []).append(entry)
    return dict(sorted(found.items()))


def _estimate_size(line: bytes) -> int:
    """What an entry takes at most in any format: its JSON, with the mark-up in it escaped for XML."""
    return len(line) + 3 * (line.count(b"<") + line.count(b">")) + 4 * line.count(b"&") + _ENTRY_OVERHEAD
