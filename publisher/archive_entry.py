"""What the archive knows about an issue, for the channels that list, link or show it."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct


class Entry(Struct, frozen=True):
    """The archive's data about one issue.

    `title` is the display title, `summary` plain text, `url` the absolute URL of its page. `published` never
    changes, `updated` changes with the content; both are aware, in whole seconds. `revision` is a hash of the
    content: entries of equal revision have equal pages and feed items. `aliases` are the absolute URLs of pages
    that lead to the issue's. `feed_id` is the id of its feed entry if that is not `id`, "" otherwise. `sections` are
    the titles of its main sections.
    `minutes` is its reading time, 0 if unknown; `highlights` are the titles of its first items, none if it is prose.
    """

    id: str
    date: dt.date
    title: str
    summary: str
    url: str
    published: dt.datetime
    updated: dt.datetime
    items: int = 0
    revision: str = ""
    aliases: tuple[str, ...] = ()
    feed_id: str = ""
    minutes: int = 0
    highlights: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()

    @property
    def excerpt(self) -> str:
        """What the issue is about, for one or two lines below its title: the highlights, or else the summary."""
        return " · ".join(self.highlights) or self.summary


class CardImage(Struct, frozen=True):
    """The image that a page shows where it is shared: its absolute URL, its size in pixels, and what it says."""

    url: str
    width: int
    height: int
    alt: str
