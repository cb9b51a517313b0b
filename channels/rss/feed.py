"""The data of a feed and its entries, independent of the format, and the paths of the feeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from msgspec import Struct

from publisher.errors import ConfigError
from publisher.links import to_ascii_url
from publisher.newsletter import Newsletter
from publisher.patterns import lazy_pattern

FeedFormat = Literal["json", "atom", "rss"]

MEDIA_TYPES: Mapping[FeedFormat, str] = {
    "json": "application/feed+json",
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
}

STYLESHEET = "feed.css"
SECTIONS = "sections"
"""The folder of the section feeds, which is also in the ids of their entries."""

USUAL_LIVE_ISSUES, MAX_LIVE_ISSUES = 20, 100
"""The number of issues in a live feed: about what feed readers expect to fetch each time, and the maximum."""

MAX_LIVE_BYTES = 500_000
"""The maximum size of a live feed before compression, in bytes; some feed readers refused 516 KB."""

# not allowed in XML 1.0 (https://www.w3.org/TR/xml/#charsets); surrogates not in UTF-8 either
_INVALID_XML_CHARACTERS = lazy_pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class FeedAuthor(TypedDict):
    """The author of an entry."""

    name: str


class ArticleLink(TypedDict):
    """The article of an issue at WeChat."""

    url: str


class Attachment(TypedDict):
    """A recording, with its length in bytes if that is known."""

    url: str
    mime_type: str
    size_in_bytes: NotRequired[int]


class FeedItem(TypedDict):
    """An entry of a feed with the keys of JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/#items

    Dates are in RFC 3339 with an offset. `external_url` is the link of an item, `_wechat` the article with
    the same text at WeChat.
    """

    id: str
    url: str
    title: str
    summary: str
    content_html: str
    date_published: str
    date_modified: NotRequired[str]
    external_url: NotRequired[str]
    tags: list[str]
    authors: list[FeedAuthor]
    language: str
    attachments: NotRequired[list[Attachment]]
    _wechat: NotRequired[ArticleLink]


class Feed(Struct, frozen=True):
    """The head of a feed document; URLs are absolute, except `style`.

    An archive document (RFC 5005) has `current`, the URL of its live feed; `previous` is the next older
    archive. `complete`: the document has all entries, so there are no archives.
    """

    id: str
    title: str
    description: str
    language: str
    author: str
    rights: str
    home_url: str
    url: str
    style: str
    hub: str = ""
    current: str = ""
    previous: str = ""
    complete: bool = False


class FeedPaths(Struct, frozen=True):
    """The files of the feeds by format, as keys below the output folder. `path` is the live RSS feed.

    Raises ConfigError when `path` is outside the folder of the site or has the name of another feed.
    """

    path: str
    newsletter: Newsletter

    def __post_init__(self) -> None:
        name = self.path.rpartition("/")[2]
        taken_names = {
            key.rpartition("/")[2] for key in (*self.item_feeds.values(), self.atom, self.json, self.stylesheet)
        }
        if not self.path.startswith(f"{self.newsletter.site}/") or ".." in self.path.split("/"):
            raise ConfigError(
                f'path must be below {self.newsletter.site}, the folder of the site, not "{self.path}"',
                f'for example path = "{self.newsletter.site}/feed.xml"',
            )
        if not name.endswith(".xml") or name in taken_names:
            raise ConfigError(
                f'path must not end in "{name}"',
                "use a name that ends in .xml and that no other feed has, for example feed.xml",
            )

    @property
    def folder(self) -> str:
        """The folder of the live feeds, with a trailing slash."""
        return self.path.rpartition("/")[0] + "/"

    @property
    def atom(self) -> str:
        """The live Atom feed."""
        return f"{self.folder}atom.xml"

    @property
    def json(self) -> str:
        """The live JSON Feed."""
        return f"{self.folder}feed.json"

    @property
    def stylesheet(self) -> str:
        """The style sheet of all XML feeds."""
        return f"{self.folder}{STYLESHEET}"

    @property
    def live_feeds(self) -> dict[FeedFormat, str]:
        """The feeds of the newest issues, in the order in which they are written."""
        return {"json": self.json, "atom": self.atom, "rss": self.path}

    @property
    def item_feeds(self) -> dict[FeedFormat, str]:
        """The feeds with one entry per item."""
        folder = self.folder
        return {"json": f"{folder}items.json", "atom": f"{folder}items.atom.xml", "rss": f"{folder}items.xml"}

    def section_feeds(self, name: str) -> dict[FeedFormat, str]:
        """Return the feeds of a section, given its name in URLs."""
        stem = f"{self.folder}{SECTIONS}/{name}"
        return {"json": f"{stem}.json", "atom": f"{stem}.atom.xml", "rss": f"{stem}.xml"}

    def archive_feeds(self, year: int) -> dict[FeedFormat, str]:
        """Return the archive feeds of a year."""
        stem = f"{self.folder}archive/{year}"
        return {"atom": f"{stem}.atom.xml", "rss": f"{stem}.xml"}

    def url_for(self, key: str) -> str:
        """Return the absolute URL of a file of the site."""
        return to_ascii_url(self.newsletter.base + key.removeprefix(f"{self.newsletter.site}/"))


def remove_invalid_characters(text: str) -> str:
    """Return the text without characters that are not allowed in XML and would make a feed unreadable."""
    if text.replace("\n", "").isprintable():  # nearly always, and the pattern need not be compiled
        return text
    return _INVALID_XML_CHARACTERS.sub("", text)


def clean_line(text: str) -> str:
    """Return the text on one line, without invalid characters, with single spaces."""
    return " ".join(remove_invalid_characters(text).split())
