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
from publisher.channel import Context, Entry, Group, Part
from publisher.channels.rss import json_feed, xml_feeds
from publisher.channels.rss.entries import author
from publisher.channels.rss.feed import MEDIA_TYPES, STYLE, Feed, FeedItem, Format, Places, one_line
from publisher.channels.rss.packing import with_compressed
from publisher.dataclass import dataclass
from publisher.links import ascii_url, license_link
from publisher.words import words

Lines = Callable[[Entry], Sequence[bytes]]
"""Gives the lines of an issue: its entry, and below it those of its items, if they were made."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Makes the groups. Nothing is read or made before a group's parts are asked for."""

    places: Places
    hub: str
    context: Context

    def style(self) -> Group:
        """The style sheet of the XML feeds, for people who open one in a browser."""
        body = self.context.templates.text(STYLE).encode()
        part = Part(self.places.style, "text/css", body)
        return Group("style", _digest(part), lambda: (part,))

    def archive(self, year: int, entries: Sequence[Entry], before: int | None, lines: Lines) -> Group:
        """The archive of a year; `before` is the next older year that has one.

        It names no newer archive, and not the hub, so that it is still when it is complete.
        """
        places = self.places
        keys = places.archive(year)
        heads = {
            form: replace(
                self._head(keys[form]),
                style=f"../{STYLE}",
                current=places.address(places.live[form]),
                previous=self._archive_address(before, form),
            )
            for form in keys
        }
        return _group(f"archive/{year}", keys, heads, entries, lambda: [lines(entry)[0] for entry in entries])

    def live(self, entries: Sequence[Entry], before: int | None, lines: Lines) -> Group:
        """The feeds of the newest issues, with the articles that are known of them; `before` is the year of
        the newest archive."""
        keys = self.places.live
        heads = {
            form: replace(
                self._head(keys[form]),
                hub=ascii_url(self.hub),
                previous="" if form == "json" else self._archive_address(before, form),
                complete=before is None,
            )
            for form in keys
        }
        articles = self.context.addresses

        def newest() -> list[bytes]:
            return [_with_article(lines(entry)[0], articles.get(entry.url, "")) for entry in entries]

        return _group("live", keys, heads, entries, newest, articles)

    def items(self, entries: Sequence[Entry], lines: Lines) -> Group:
        """The feeds with an entry for each item of the newest issues, as many items as fit."""
        publication = self.context.publication
        title = f"{publication.name} · {words(publication.lang)['by_item']}"
        keys = self.places.items
        heads = {
            form: replace(
                self._head(keys[form]),
                id=f"{publication.id}#items",
                title=one_line(title),
                hub=ascii_url(self.hub),
            )
            for form in keys
        }

        def newest() -> list[bytes]:
            found = list(chain.from_iterable(lines(entry)[1:] for entry in entries))
            return found[: fitting(found)]

        return _group("items", keys, heads, entries, newest)

    def _head(self, key: str) -> Feed:
        publication = self.context.publication
        return Feed(
            id=publication.id,
            title=one_line(publication.name),
            description=one_line(publication.tagline) or one_line(publication.name),
            language=publication.lang,
            author=author(publication),
            rights=" ".join(license_link(publication.license)) if publication.license else "",
            home=ascii_url(publication.base),
            address=self.places.address(key),
            style=STYLE,
        )

    def _archive_address(self, year: int | None, form: Format) -> str:
        return "" if year is None else self.places.address(self.places.archive(year)[form])


def _group(
    key: str,
    keys: Mapping[Format, str],
    heads: Mapping[Format, Feed],
    entries: Iterable[Entry],
    lines: Callable[[], Sequence[bytes]],
    articles: Mapping[str, str] = MappingProxyType({}),
) -> Group:
    facts = [
        (
            *(e.id, e.revision, e.title, e.summary, e.url, e.published.isoformat(), e.updated.isoformat()),
            articles.get(e.url),
        )
        for e in entries
    ]
    return Group(key, _digest(heads, facts), lambda: with_compressed(_files(keys, heads, lines())))


def _with_article(line: bytes, article: str) -> bytes:
    """The line of an entry that stands at WeChat too."""
    if not article:
        return line
    item: FeedItem = json.loads(line)
    item["_wechat"] = {"url": ascii_url(article)}
    return json_feed.line(item)


def _files(
    keys: Mapping[Format, str], heads: Mapping[Format, Feed], lines: Sequence[bytes]
) -> Iterator[Part]:
    if not lines:
        return
    items = [json.loads(line) for line in lines]
    for form, head in heads.items():
        match form:
            case "json":
                body = json_feed.document(head, lines)
            case "atom":
                body = xml_feeds.atom(head, items)
            case "rss":
                body = xml_feeds.rss(head, items)
        yield Part(keys[form], MEDIA_TYPES[form], body)


def _digest(*made_from: object) -> str:
    """Over all a group is made from, this program's version among it: another may make it otherwise."""
    return hashlib.sha256(repr((__version__, made_from)).encode("utf-8", "surrogatepass")).hexdigest()


LIMIT = 20
"""The most issues a live feed shows: what readers of feeds expect to fetch each time."""

BUDGET = 500_000
"""The most bytes of a live feed before compression; readers were seen to refuse 516 KB."""

# what an entry takes in XML beside its texts: tags, dates, the id and the address
_FRAME = 900


def fitting(lines: Iterable[bytes]) -> int:
    """How many entries, from the first on, fit into BUDGET in any format; one in any case. `lines` are
    entries as JSON."""
    return max(1, sum(1 for _ in takewhile(lambda total: total <= BUDGET, accumulate(map(_weight, lines)))))


def years(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    """The entries by calendar year, oldest year first; within a year in the order given."""
    found: dict[int, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.date.year, []).append(entry)
    return dict(sorted(found.items()))


def _weight(line: bytes) -> int:
    """What an entry takes at most in any format: its JSON, with the mark-up in it escaped for XML."""
    return len(line) + 3 * (line.count(b"<") + line.count(b">")) + 4 * line.count(b"&") + _FRAME
