"""What a feed says of itself, and one of its entries, in no format yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from publisher.dataclass import dataclass
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

# what XML 1.0 has no way to write, and what UTF-8 has none for either: https://www.w3.org/TR/xml/#charsets
_INVALID_XML_CHARACTERS = lazy_pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class FeedAuthor(TypedDict):
    """Who wrote an entry."""

    name: str


class ArticleLink(TypedDict):
    """Where an entry stands besides."""

    url: str


class FeedItem(TypedDict):
    """An entry of a feed as JSON Feed 1.1 spells it: https://www.jsonfeed.org/version/1.1/#items

    Dates are RFC 3339 with an offset. `external_url` is what an entry about a single item points to,
    `_wechat` the article with the same text at WeChat.
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
    _wechat: NotRequired[ArticleLink]


@dataclass(frozen=True, slots=True)
class Feed:
    """The head of one feed document; addresses are absolute, except that `style` is relative.

    An archive document (RFC 5005) has `current`, the live feed it belongs to; `previous` is the next
    older archive. `complete` says that this one document holds every entry there is.
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


@dataclass(frozen=True, slots=True)
class FeedPaths:
    """Where the documents of the feeds lie, as keys below the output folder, per format.

    Raises ConfigError when `path`, the place of the live RSS feed, cannot be served with its siblings.
    """

    path: str
    newsletter: Newsletter

    def __post_init__(self) -> None:
        name = self.path.rpartition("/")[2]
        taken = {
            key.rpartition("/")[2]
            for key in (*self.item_feeds.values(), self.atom, self.json, self.stylesheet)
        }
        if not self.path.startswith(f"{self.newsletter.site}/") or ".." in self.path.split("/"):
            raise ConfigError(
                f"the feed {self.path!r} is not below {self.newsletter.site!r}, the folder that is served",
                f'write for example path = "{self.newsletter.site}/feed.xml"',
            )
        if not name.endswith(".xml") or name in taken:
            raise ConfigError(
                f"the feed cannot be called {name!r}",
                "it must be NAME.xml and not the name of another feed beside it; feed.xml is good",
            )

    @property
    def folder(self) -> str:
        """The folder of the live feeds, with a slash at its end."""
        return self.path.rpartition("/")[0] + "/"

    @property
    def atom(self) -> str:
        """The live Atom feed."""
        return f"{self.folder}atom.xml"

    @property
    def json(self) -> str:
        """The live JSON feed."""
        return f"{self.folder}feed.json"

    @property
    def stylesheet(self) -> str:
        """The style sheet of all XML feeds."""
        return f"{self.folder}{STYLESHEET}"

    @property
    def live_feeds(self) -> dict[FeedFormat, str]:
        """The feeds of the newest issues, in the order they are written."""
        return {"json": self.json, "atom": self.atom, "rss": self.path}

    @property
    def item_feeds(self) -> dict[FeedFormat, str]:
        """The feeds with one entry per item."""
        folder = self.folder
        return {
            "json": f"{folder}items.json",
            "atom": f"{folder}items.atom.xml",
            "rss": f"{folder}items.xml",
        }

    def archive_feeds(self, year: int) -> dict[FeedFormat, str]:
        """The archive feeds of a year."""
        start = f"{self.folder}archive/{year}"
        return {"atom": f"{start}.atom.xml", "rss": f"{start}.xml"}

    def url_for(self, key: str) -> str:
        """The absolute address at which a file of the site is served."""
        return to_ascii_url(self.newsletter.base + key.removeprefix(f"{self.newsletter.site}/"))


def remove_invalid_characters(text: str) -> str:
    """The text without the characters that no feed can carry; one of them would make it unreadable."""
    return _INVALID_XML_CHARACTERS.sub("", text)


def clean_line(text: str) -> str:
    """The text for a title or a name: clean, white space in single spaces."""
    return " ".join(remove_invalid_characters(text).split())
