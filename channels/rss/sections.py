"""The feeds of sections: which sections have one, its name, and the entries. Pure.

A section of two issues has one, and any section of the first issue, so that a feed once published stays, also
when its section is no longer written. Its name is made from its title alone: it is the same whatever other
sections there are, and in whatever order.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain

from publisher.channel import Context, Entry
from publisher.channels.rss import json_feed
from publisher.channels.rss.content import render_sections_content
from publisher.channels.rss.entries import MAX_SUMMARY_LENGTH, author_name
from publisher.channels.rss.feed import SECTIONS, FeedItem, clean_line, remove_invalid_characters
from publisher.derived_texts import blocks_to_plain_text, shorten
from publisher.links import to_ascii_url
from publisher.model import Issue, plain
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.outline import OutlineItem, OutlineSection, build_outline, group_main_sections
from publisher.patterns import lazy_pattern

# what titles are written with and without: "News & Blogs:" and "news/blogs" are one section
_SEPARATORS = lazy_pattern(r"[\s_\-‐-―/\\&|.,:;!?·、，。：；！？（）()【】「」《》\"'“”‘’]+")
_UNSAFE = lazy_pattern(r"[^\w-]+")
_MAX_NAME_BYTES = 150
"""Names of files have at most 255 bytes, of which URLs show three characters for each."""

_DIGEST_LENGTH = 8

_MAX_TITLE_LENGTH = 80
"""The maximum length of the title of an entry in characters."""


class FeedSection(NamedTuple):
    """A section with a feed: its name in URLs, its title in the newest issue that has it, and those issues."""

    name: str
    title: str
    entries: Sequence[Entry]


def name_section(title: str) -> str:
    """Return the name of a section in URLs and files: letters and digits of any script, and hyphens.

    Titles that differ in more than case and punctuation have different names: where a character has no place in
    a name, such as the plus signs of C++, a digest of the title follows.
    """
    text = _SEPARATORS.sub("-", unicodedata.normalize("NFKC", clean_line(title)).casefold()).strip("-")
    name = _UNSAFE.sub("", text).strip("-")
    encoded = name.encode()
    if name and name == text and len(encoded) <= _MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    short = encoded[:_MAX_NAME_BYTES].decode("utf-8", "ignore").strip("-")
    return "-".join(filter(None, (short or "section", digest)))


def collect_sections(entries: Sequence[Entry]) -> list[FeedSection]:
    """Return the sections that have a feed, in the order of the newest issue; `entries` are from the newest on."""
    issues: dict[str, list[Entry]] = {}
    titles: dict[str, str] = {}
    for entry in entries:
        for name, title in _find_names(entry.sections):
            issues.setdefault(name, []).append(entry)
            titles.setdefault(name, title)
    first = {name for name, _ in _find_names(entries[-1].sections)} if entries else set()
    return [FeedSection(name, titles[name], found) for name, found in issues.items() if len(found) > 1 or name in first]


def _find_names(titles: Iterable[str]) -> list[tuple[str, str]]:
    """Return the name and the title of each section, of those with the same name only the first."""
    names: dict[str, str] = {}
    for title in titles:
        if clean := clean_line(title):
            names.setdefault(name_section(clean), clean)
    return [*names.items()]


def build_section_entries(issue: Issue, context: Context) -> dict[str, bytes]:
    """Return one entry for each main section by the name of its feed; sections of the same name are one entry."""
    entry = context.require_entry()
    by_name: dict[str, list[list[OutlineSection]]] = {}
    layout = build_outline(issue, "rss")
    for group in group_main_sections(layout):
        if title := clean_line(plain(group[0].title)):
            by_name.setdefault(name_section(title), []).append(group)
    return {
        name: json_feed.dump_entry(
            _build_section_entry(name, groups, entry, context.newsletter, is_numbered=layout.counts_items)
        )
        for name, groups in by_name.items()
    }


def _build_section_entry(
    name: str, groups: Sequence[Sequence[OutlineSection]], entry: Entry, newsletter: Newsletter, *, is_numbered: bool
) -> FeedItem:
    """Return the entry of a section, named after its first items. It has no modification date, like that of an item."""
    sections = list(chain.from_iterable(groups))
    title = clean_line(plain(sections[0].title))
    names = list(filter(None, (clean_line(item.name) for section in sections for item in section.items)))
    texts = [node for section in sections for node in section.content if not isinstance(node, OutlineItem)]
    separator = " · "
    return {
        "id": to_ascii_url(f"{entry.id}#{SECTIONS}/{name}"),
        "url": to_ascii_url(f"{entry.url}#{sections[0].anchor}"),
        "title": _join_fitting(names, separator, _MAX_TITLE_LENGTH) or f"{title} ({entry.date.isoformat()})",
        "summary": _join_fitting(names, separator, MAX_SUMMARY_LENGTH)
        or shorten(clean_line(blocks_to_plain_text(tuple(texts))), MAX_SUMMARY_LENGTH)
        or title,
        "content_html": remove_invalid_characters(
            render_sections_content(sections, newsletter, is_numbered=is_numbered)
        ),
        "date_published": entry.published.isoformat(),
        "tags": [title],
        "authors": [{"name": author_name(newsletter)}],
        "language": newsletter.lang,
    }


def _join_fitting(names: Sequence[str], separator: str, limit: int) -> str:
    """Return as many names as `limit` characters have room for; the first is shortened if need be."""
    text = shorten(names[0], limit) if names else ""
    for name in names[1:]:
        if len(text) + len(separator) + len(name) > limit:
            break
        text += separator + name
    return text
