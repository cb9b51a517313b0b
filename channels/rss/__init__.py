"""The rss channel: the newest issues as RSS, Atom and JSON Feed, the older ones as archives by year.

`render` turns an issue into its feed entry, JSON on one line, which the pipeline keeps; from these lines
`render_archive` makes the documents, so that a new issue costs the same however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar

from publisher.channel import Context, Entry, MessageChannel, Part, PartGroup, Rendering, Session
from publisher.channels.rss.documents import MAX_LIVE_ISSUES, FeedDocuments, count_fitting, group_by_year
from publisher.channels.rss.entries import build_issue_entry, build_item_entries
from publisher.channels.rss.feed import FeedPaths
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.links import to_ascii_url
from publisher.model import Issue
from publisher.newsletter import Newsletter

if TYPE_CHECKING:
    from publisher.channels.rss.websub import WebSub


@dataclass(frozen=True, slots=True)
class Rss:
    """`path` is the RSS feed below the output folder; atom.xml, feed.json and archive/ lie beside it.

    `entries` is how many issues the live feeds show at most, `items` adds feeds with one entry per item,
    `hub` is the address of a WebSub hub.
    """

    name: ClassVar[str] = "rss"
    caches_entries: ClassVar[bool] = True

    path: str = "public/feed.xml"
    entries: int = MAX_LIVE_ISSUES
    items: bool = False
    hub: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.entries <= MAX_LIVE_ISSUES:
            raise ConfigError(
                f"a live feed shows 1 to {MAX_LIVE_ISSUES} issues, not {self.entries}",
                "older issues are in the archive feeds, which readers find from the live one",
            )
        self.websub  # noqa: B018 - making it checks the hub

    @property
    def websub(self) -> WebSub | None:
        """The channel that tells the hub of feeds that changed; None when no hub is set."""
        if not self.hub:
            return None
        from publisher.channels.rss.websub import WebSub

        return WebSub(to_ascii_url(self.hub))

    def feed_urls(self, newsletter: Newsletter) -> dict[str, str]:
        """The absolute addresses of the live feeds by format: rss, atom and json.

        Raises ConfigError when `path` does not lie in the folder that is served.
        """
        places = FeedPaths(self.path, newsletter)
        return {form: places.url_for(places.live_feeds[form]) for form in ("rss", "atom", "json")}

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The feed entry of the issue, and below it those of its items if they have feeds: JSON lines."""
        lines = [
            build_issue_entry(issue, context),
            *(build_item_entries(issue, context) if self.items else []),
        ]
        body = b"".join(lines)
        part = Part(f"entries/{issue.id}.jsonl", "application/jsonl", body)
        return Rendering((part,), report={"bytes": len(body), "entries": len(lines)})

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[PartGroup]:
        """The style sheet, the archives from the oldest year on, the item feeds, and last the live feeds."""

        def lines(entry: Entry) -> list[bytes]:
            return body(entry).splitlines()

        if not entries:
            return
        documents = FeedDocuments(FeedPaths(self.path, context.newsletter), self.hub, context)
        front = {entry.id: lines(entry) for entry in entries[: self.entries]}
        count = count_fitting(own for own, *_ in front.values())
        newest, older = entries[:count], group_by_year(entries[count:])
        yield documents.build_stylesheet()
        before = None
        for year, issues in older.items():
            yield documents.build_archive_feeds(year, issues, before, lines)
            before = year
        if self.items:
            yield documents.build_item_feeds(newest, lambda entry: front[entry.id])
        yield documents.build_live_feeds(newest, before, lambda entry: front[entry.id])

    def build_ping(
        self, digest: Callable[[str], str], newsletter: Newsletter
    ) -> tuple[MessageChannel, Rendering] | None:
        """What `websub` delivers about the feeds that name the hub, whose files `digest` gives as SHA-256
        (hex) by key; None when no hub is set."""
        if (websub := self.websub) is None:
            return None
        places = FeedPaths(self.path, newsletter)
        feeds = (*places.live_feeds.values(), *(places.item_feeds.values() if self.items else ()))
        return websub, websub.build_ping({places.url_for(key): digest(key) for key in feeds})

    def session(self) -> AbstractContextManager[Session]:
        """A connection that writes files below its destination."""
        return FolderSession()
