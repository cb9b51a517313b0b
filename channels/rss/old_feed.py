"""Reads the feed that another program wrote, for the ids of its entries: RSS, Atom or JSON Feed.

Feed readers know an entry by its id alone (RSS 2.0 `guid`, RFC 4287 section 4.2.6, JSON Feed 1.1 `id`), so an issue
must keep the one it had. No other module reads feeds.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from publisher import __version__
from publisher.errors import ConfigError
from publisher.named_tuple import NamedTuple

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_FEED_BYTES = 32 << 20
_TIMEOUT = 30.0
"""Seconds to wait for the connection, and then for each read."""

_FEEDBURNER = "{http://rssnamespace.org/feedburner/ext/1.0}origLink"
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_SAVE_IT = "save the feed to a file and give that"


class OldEntry(NamedTuple):
    """An entry of the feed, as it is there: its id, the URL of its page, its title, and when it was published."""

    id: str
    url: str
    title: str
    published: dt.datetime | None


def fetch_feed(url: str) -> bytes:
    """Return the bytes at an http or https URL. Raises ConfigError if they cannot be had."""
    import httpx

    body = bytearray()
    headers = {"User-Agent": f"newsletter-publisher/{__version__}", "Accept": "*/*"}
    try:
        with httpx.stream("GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True) as response:
            if response.status_code != 200:
                raise ConfigError(f"{url} answered {response.status_code} {response.reason_phrase}", _SAVE_IT)
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_FEED_BYTES:
                    raise ConfigError(f"{url} is longer than {MAX_FEED_BYTES >> 20} MB", "that is no feed")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConfigError(f"{url} cannot be read: {str(error) or type(error).__name__}", _SAVE_IT) from error
    return bytes(body)


def parse_feed(body: bytes, name: str) -> list[OldEntry]:
    """Return the entries of a feed, in its order. Raises ConfigError, with `name`, if it is not a feed."""
    is_json = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
    entries = _parse_json(body, name) if is_json else _parse_xml(body, name)
    return [entry for entry in entries if entry.id]


def _parse_json(body: bytes, name: str) -> list[OldEntry]:
    try:
        feed = json.loads(body)
        items = [item for item in feed["items"] if isinstance(item, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ConfigError(f"{name} is not a JSON Feed", "give the RSS, Atom or JSON feed of the newsletter") from None
    return [
        OldEntry(
            str(item.get("id") or item.get("url") or ""),
            str(item.get("url") or ""),
            str(item.get("title") or ""),
            _parse_entry_date(item.get("date_published")),
        )
        for item in items
    ]


def _parse_xml(body: bytes, name: str) -> Iterator[OldEntry]:
    from lxml import etree

    # nothing but this document is read, and its entities are not expanded
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body.lstrip(), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = str(error.msg).rpartition(", line ")[0] or error.msg
        raise ConfigError(f"{name}:{line}:{column}: not valid XML: {reason}", "correct it, or give a copy") from None
    kind = _local_name(root)
    if kind not in ("rss", "RDF", "feed"):
        raise ConfigError(f"{name} is not a feed, but <{kind}>", "give the RSS, Atom or JSON feed of the newsletter")
    entries = (element for element in root.iter() if _local_name(element) in ("item", "entry"))
    return map(_read_atom_entry if kind == "feed" else _read_rss_item, entries)


def _read_rss_item(item: _Element) -> OldEntry:
    link = _find_child_text(item, _FEEDBURNER) or _find_child_text(item, "link")
    guid = _find_child_text(item, "guid") or str(item.get(_RDF_ABOUT) or "").strip()
    # without a guid, readers take the link
    return OldEntry(
        guid or link,
        link or guid,
        _find_child_text(item, "title"),
        _parse_entry_date(_find_child_text(item, "pubDate", "date")),
    )


def _read_atom_entry(entry: _Element) -> OldEntry:
    links = [child for child in entry if _local_name(child) == "link"]
    pages = [str(link.get("href") or "") for link in links if link.get("rel", "alternate") == "alternate"]
    published = _find_child_text(entry, "published", "issued", "updated", "modified")
    link = _find_child_text(entry, _FEEDBURNER) or next(iter(pages), "").strip()
    return OldEntry(_find_child_text(entry, "id"), link, _find_child_text(entry, "title"), _parse_entry_date(published))


def _find_child_text(parent: _Element, *names: str) -> str:
    """Return the text of the first child with one of the names, in the order of the names."""
    for name in names:
        for child in parent:
            if child.tag == name or _local_name(child) == name:
                return "".join(map(str, child.itertext(with_tail=False))).strip()
    return ""


def _local_name(element: _Element) -> str:
    """Return the name without its namespace; "" for a comment or an instruction, which have none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _parse_entry_date(text: object) -> dt.datetime | None:
    """Return a date as RSS, or as Atom and JSON Feed write it; None if it is neither."""
    for parse in (dt.datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(str(text))
        except (ValueError, TypeError, IndexError):
            continue
    return None
