"""Builds the feed entries of an issue and of its items, each as one line of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from publisher.channel import Context, Entry
from publisher.channels.rss import json_feed
from publisher.channels.rss.content import render_issue_content, render_item_content
from publisher.channels.rss.feed import Attachment, FeedItem, clean_line, remove_invalid_characters
from publisher.derived_texts import blocks_to_plain_text, shorten
from publisher.links import extract_host, to_ascii_url
from publisher.model import Issue, plain
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.outline import OutlineItem, build_outline

MAX_SUMMARY_LENGTH = 160
"""The maximum length of an item's summary in characters, the same as for an issue."""


class IssueLines(NamedTuple):
    """The entries of an issue as lines of JSON, each of which ends in a newline: the issue itself, its items, and its
    sections by name. Without item feeds or section feeds, these are empty."""

    issue: bytes
    items: Sequence[bytes] = ()
    sections: Mapping[str, bytes] = MappingProxyType({})

    def pack(self) -> bytes:
        """Return all lines as one body; those of sections begin with their name."""
        named = [f"{name}\t".encode() + line for name, line in self.sections.items()]
        return b"".join([self.issue, *self.items, *named])

    @classmethod
    def unpack(cls, body: bytes) -> IssueLines:
        """Return the lines of a body."""
        issue, *others = body.splitlines(keepends=True)
        named = (line.partition(b"\t") for line in others if not line.startswith(b"{"))
        items = [line for line in others if line.startswith(b"{")]
        return cls(issue, items, {name.decode(): line for name, _, line in named})


def build_issue_entry(issue: Issue, context: Context) -> bytes:
    """Return the entry with the whole issue; its tags are the titles of the sections."""
    entry, newsletter = context.require_entry(), context.newsletter
    title = clean_line(entry.title) or issue.id
    item: FeedItem = {
        # of another program: as it is, byte for byte
        "id": remove_invalid_characters(entry.feed_id) or to_ascii_url(entry.id),
        "url": to_ascii_url(entry.url),
        "title": title,
        "summary": clean_line(entry.summary) or title,
        "content_html": remove_invalid_characters(render_issue_content(issue, entry, newsletter)),
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "tags": _clean_tags(plain(section.title) for section in issue.sections),
        "authors": [{"name": author_name(newsletter)}],
        "language": newsletter.lang,
    }
    if issue.audio and issue.audio.url:
        attachment: Attachment = {"url": to_ascii_url(issue.audio.url), "mime_type": issue.audio.media_type}
        if issue.audio.length:
            attachment["size_in_bytes"] = issue.audio.length
        item["attachments"] = [attachment]
    return json_feed.dump_entry(item)


def build_item_entries(issue: Issue, context: Context) -> list[bytes]:
    """Return one entry per item, in the order of the issue.

    They have no modification date: updates are recorded per issue, not per item.
    """
    entry = context.require_entry()
    return [
        json_feed.dump_entry(_build_item_entry(item, entry, context.newsletter))
        for section in build_outline(issue, "rss").sections
        for item in section.items
    ]


def author_name(newsletter: Newsletter) -> str:
    """Return the author's name, or the newsletter's; Atom requires an author."""
    return clean_line(newsletter.author) or clean_line(newsletter.name)


def _build_item_entry(item: OutlineItem, entry: Entry, newsletter: Newsletter) -> FeedItem:
    title = clean_line(item.name) or item.id
    feed_item: FeedItem = {
        "id": to_ascii_url(f"{entry.id}#{item.id}"),
        "url": to_ascii_url(f"{entry.url}#{item.id}"),
        "title": title,
        "summary": shorten(clean_line(plain(item.summary) or blocks_to_plain_text(item.body)), MAX_SUMMARY_LENGTH)
        or title,
        "content_html": remove_invalid_characters(render_item_content(item, newsletter)),
        "date_published": entry.published.isoformat(),
        "tags": _clean_tags(item.tags),
        "authors": [{"name": author_name(newsletter)}],
        "language": newsletter.lang,
    }
    if item.url and extract_host(item.url):  # not tel: and mailto:, which are no page about the item
        feed_item["external_url"] = to_ascii_url(item.url)
    return feed_item


def _clean_tags(tags: Iterable[str]) -> list[str]:
    return [tag for tag in dict.fromkeys(map(clean_line, tags)) if tag]
