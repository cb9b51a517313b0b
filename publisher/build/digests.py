"""Digests of all that the rendering of an issue is made from: it is rendered again only if its digest changes."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from functools import cache, cached_property

from publisher.archive.cache_keys import compute_inputs_key, compute_rendering_key
from publisher.archive.records import Record
from publisher.build.jobs import JobBuilder
from publisher.channel import ArchiveChannel, CardImage, Channel, Context, Entry
from publisher.run import RunContext


class RenderingDigests:
    """The digests of all issues, by their position, for each channel of a run.

    `context` is what all issues have in common, and `jobs` what their renderings depend on besides.
    """

    def __init__(self, run: RunContext, context: Context, records: Sequence[Record], jobs: JobBuilder) -> None:
        self._issues = compute_digests(records, jobs.entries)
        self._config, self._theme = config, theme = run.config, run.theme
        self._keys = {one.name: compute_rendering_key(config, one, theme, context) for one in run.channels}
        self._entries = jobs.entries
        self._cards = jobs.cards
        self._articles = str(sorted(jobs.article_urls.items())) if jobs.article_urls else ""

    @cached_property
    def _labels(self) -> list[str]:
        return ["", *map(_digest_label, self._entries), ""]

    def of_issue(self, position: int) -> str:
        """Return the digest of what is the same for all channels."""
        return self._issues[position]

    def of_inputs(self, channel: Channel) -> str:
        """Return the digest of all that a channel makes its files from."""
        issues = [*self._issues, self._articles]
        return compute_inputs_key(self._config, self._keys[channel.name], self._theme, issues)

    def of_rendering(self, channel: Channel, position: int) -> str:
        """Return the digest of all inputs of a rendering, which begins with that of the issue.

        Article URLs are not included for archive channels: each new URL would outdate all their renderings.
        """
        key, can, others = self._keys[channel.name], channel.capabilities, ""
        if can.names_cards:
            others += _describe_card(self._cards.find_image(self._entries[position].id))
        if can.links_neighbours:
            others += f"{self._labels[position + 2]}\n{self._labels[position]}"
        if not isinstance(channel, ArchiveChannel):
            others += self._articles
        return f"{self._issues[position]}-{_shorten_digest(key + others) if others else key}"

    def of_group(self, channel: Channel, digest: str) -> str:
        """Return the digest of a group of the archive: its own, and how the channel renders."""
        return f"{digest}-{self._keys[channel.name]}"


@cache
def _describe_card(card: CardImage | None) -> str:
    """Return the card as text. Cached: it is the same for all but the newest issues."""
    return str(card)


def _shorten_digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def compute_digests(records: Sequence[Record], entries: Sequence[Entry]) -> list[str]:
    """Return a digest for each issue of the inputs of its renderings that are not the same for all issues.

    These are its file, which of its images are published, what its revision says besides, and the time of its last
    correction; but not its neighbours, which only some channels show.
    """
    return [
        hashlib.blake2b(
            f"{record.sha256}\n{record.images and _list_images(record)}\n"
            f"{'' if entry.revision == record.revision else entry.revision}\n"
            f"{_find_correction(entry)}\n{entry.feed_id}".encode("utf-8", "surrogatepass"),
            digest_size=16,
        ).hexdigest()
        for record, entry in zip(records, entries, strict=True)
    ]


def _digest_label(entry: Entry) -> str:
    """Return a digest of what the pages of the issues before and after it show of an issue."""
    return _shorten_digest(f"{entry.id}\0{entry.title}\0{entry.url}\0{entry.date}\0{entry.excerpt}")


def _find_correction(entry: Entry) -> dt.datetime | None:
    """Return when an issue was last corrected; when it was published follows from its date and the settings."""
    return None if entry.updated == entry.published else entry.updated


def _list_images(record: Record) -> list[tuple[str, str, bool]]:
    return [(image.source, image.target, image.is_published) for image in record.images]
