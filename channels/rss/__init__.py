"""The rss channel: the newest issues as RSS, Atom and JSON Feed, the older ones as archives by year.

`render` turns an issue into its feed entry, JSON on one line, which the pipeline keeps; from these lines
`render_archive` makes the documents, so that a new issue costs the same however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar

from publisher.channel import Context, Entry, Group, LiveChannel, Part, Rendering, Session
from publisher.channels.rss.documents import LIMIT, Documents, fitting, years
from publisher.channels.rss.entries import issue_line, item_lines
from publisher.channels.rss.feed import Places
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.links import ascii_url
from publisher.model import Issue, Publication

if TYPE_CHECKING:
    from publisher.channels.rss.websub import WebSub


@dataclass(frozen=True, slots=True)
class Rss:
    """`path` is the RSS feed below the output folder; atom.xml, feed.json and archive/ lie beside it.

    `entries` is how many issues the live feeds show at most, `items` adds feeds with one entry per item,
    `hub` is the address of a WebSub hub.
    """

    name: ClassVar[str] = "rss"
    keeps: ClassVar[bool] = True

    path: str = "public/feed.xml"
    entries: int = LIMIT
    items: bool = False
    hub: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.entries <= LIMIT:
            raise ConfigError(
                f"a live feed shows 1 to {LIMIT} issues, not {self.entries}",
                "older issues are in the archive feeds, which readers find from the live one",
            )
        self.websub  # noqa: B018 - making it checks the hub

    @property
    def websub(self) -> WebSub | None:
        """The channel that tells the hub of feeds that changed; None when no hub is set."""
        if not self.hub:
            return None
        from publisher.channels.rss.websub import WebSub

        return WebSub(ascii_url(self.hub))

    def addresses(self, publication: Publication) -> dict[str, str]:
        """The absolute addresses of the live feeds by format: rss, atom and json.

        Raises ConfigError when `path` does not lie in the folder that is served.
        """
        places = Places(self.path, publication)
        return {form: places.address(places.live[form]) for form in ("rss", "atom", "json")}

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The feed entry of the issue, and below it those of its items if they have feeds: JSON lines."""
        lines = [issue_line(issue, context), *(item_lines(issue, context) if self.items else [])]
        body = b"".join(lines)
        part = Part(f"entries/{issue.id}.jsonl", "application/jsonl", body)
        return Rendering((part,), report={"bytes": len(body), "entries": len(lines)})

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[Group]:
        """The style sheet, the archives from the oldest year on, the item feeds, and last the live feeds."""

        def lines(entry: Entry) -> list[bytes]:
            return body(entry).splitlines()

        if not entries:
            return
        documents = Documents(Places(self.path, context.publication), self.hub, context)
        front = {entry.id: lines(entry) for entry in entries[: self.entries]}
        count = fitting(own for own, *_ in front.values())
        newest, older = entries[:count], years(entries[count:])
        yield documents.style()
        before = None
        for year, issues in older.items():
            yield documents.archive(year, issues, before, lines)
            before = year
        if self.items:
            yield documents.items(newest, lambda entry: front[entry.id])
        yield documents.live(newest, before, lambda entry: front[entry.id])

    def announcement(
        self, digest: Callable[[str], str], publication: Publication
    ) -> tuple[LiveChannel, Rendering] | None:
        """What `websub` delivers about the feeds that name the hub, whose files `digest` gives as SHA-256
        (hex) by key; None when no hub is set."""
        if (websub := self.websub) is None:
            return None
        places = Places(self.path, publication)
        feeds = (*places.live.values(), *(places.items.values() if self.items else ()))
        return websub, websub.announcement({places.address(key): digest(key) for key in feeds})

    def session(self) -> AbstractContextManager[Session]:
        """A connection that writes files below its destination."""
        return FolderSession()
