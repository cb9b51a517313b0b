"""The rss channel: the newest issues as RSS, Atom and JSON Feed, the older ones as archives by year.

`render` turns an issue into its feed entry, one line of JSON, which the pipeline caches. `render_archive`
builds the documents from these lines, so the cost of a new issue does not grow with the number of issues.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from publisher.channel import ArchiveChannel, Capabilities, Context, Entry, MessageChannel, Part, PartGroup, Rendering
from publisher.channels.rss.feed import MAX_LIVE_BYTES, MAX_LIVE_ISSUES, SECTIONS, USUAL_LIVE_ISSUES, FeedPaths
from publisher.errors import ConfigError
from publisher.folder_session import FolderSession
from publisher.links import to_ascii_url
from publisher.model import Issue
from publisher.newsletter import Newsletter

if TYPE_CHECKING:
    from publisher.channels.rss.websub import WebSub


class Rss(ArchiveChannel, frozen=True):
    """RSS 2.0, Atom and JSON Feed with the full text, and yearly archives back to the first issue."""

    name: ClassVar[str] = "rss"
    capabilities: ClassVar[Capabilities] = Capabilities(caches_entries=True, templates=(), can_ping=True)

    path: Annotated[
        str, Meta(description="the RSS file; `atom.xml` and `feed.json` are written to the same folder")
    ] = "public/feed.xml"
    entries: Annotated[
        int,
        Meta(
            description=f"number of issues in the feeds, at most {MAX_LIVE_ISSUES}, and as many as fit into "
            f"{MAX_LIVE_BYTES // 1000} kB",
            extra_json_schema={"minimum": 1, "maximum": MAX_LIVE_ISSUES},
        ),
    ] = USUAL_LIVE_ISSUES
    items: Annotated[bool, Meta(description="also write feeds with one entry per item")] = False
    sections: Annotated[
        bool, Meta(description="also write feeds of single sections, of those that two issues or the first one have")
    ] = False
    hub: Annotated[
        str,
        Meta(
            description="URL of a WebSub hub, which tells feed readers at once that a feed has changed",
            examples=["https://pubsubhubbub.appspot.com/"],
            extra_json_schema={"pattern": r"^(https?://\S+)?$"},
        ),
    ] = ""

    def __post_init__(self) -> None:
        if not 1 <= self.entries <= MAX_LIVE_ISSUES:
            raise ConfigError(
                f"entries must be 1 to {MAX_LIVE_ISSUES} issues, not {self.entries}",
                "older issues are in the archive feeds, which the live feed links to",
            )
        self.websub  # noqa: B018 - its constructor validates the hub

    @property
    def websub(self) -> WebSub | None:
        """The channel that notifies the hub of changed feeds; None when no hub is set."""
        if not self.hub:
            return None
        from publisher.channels.rss.websub import WebSub

        return WebSub(to_ascii_url(self.hub))

    def feed_urls(self, newsletter: Newsletter) -> dict[str, str]:
        """Return the absolute URLs of the live feeds by format: rss, atom and json.

        Raises ConfigError when `path` is not in the folder of the site.
        """
        paths = FeedPaths(self.path, newsletter)
        return {feed_format: paths.url_for(paths.live_feeds[feed_format]) for feed_format in ("rss", "atom", "json")}

    def section_feed_urls(self, entries: Sequence[Entry], newsletter: Newsletter) -> dict[str, str]:
        """Return the URLs of the RSS feeds of sections by title; none without `sections`."""
        if not self.sections:
            return {}
        from publisher.channels.rss.sections import collect_sections

        paths, found = FeedPaths(self.path, newsletter), collect_sections(entries)
        return {section.title: paths.url_for(paths.section_feeds(section.name)["rss"]) for section in found}

    def render(self, issue: Issue, context: Context) -> Rendering:
        """Render the feed entry of the issue, and those of its items and sections if they have feeds, as JSON lines."""
        # slow to import, and not needed by commands that render no feed
        from publisher.channels.rss.entries import IssueLines, build_issue_entry, build_item_entries
        from publisher.channels.rss.sections import build_section_entries

        lines = IssueLines(
            build_issue_entry(issue, context),
            build_item_entries(issue, context) if self.items else (),
            build_section_entries(issue, context) if self.sections else {},
        )
        part = Part(f"entries/{issue.id}.jsonl", "application/jsonl", lines.pack())
        count = 1 + len(lines.items) + len(lines.sections)
        return Rendering((part,), report={"bytes": len(part.body), "entries": count})

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[PartGroup]:
        """Yield the style sheet, the archives from the oldest year on, the feeds of items and sections, and the live
        feeds."""
        from publisher.channels.rss.documents import FeedDocuments, count_fitting, group_by_year
        from publisher.channels.rss.entries import IssueLines
        from publisher.channels.rss.sections import collect_sections

        def read_lines(entry: Entry) -> IssueLines:
            return live_lines.get(entry.id) or IssueLines.unpack(body(entry))

        if not entries:
            return
        documents = FeedDocuments(FeedPaths(self.path, context.newsletter), self.hub, context)
        live_lines = {entry.id: IssueLines.unpack(body(entry)) for entry in entries[: self.entries]}
        count = count_fitting(lines.issue for lines in live_lines.values())
        newest, older = entries[:count], group_by_year(entries[count:])
        yield documents.build_stylesheet()
        previous_year = None
        for year, issues in older.items():
            yield documents.build_archive_feeds(year, issues, previous_year, read_lines)
            previous_year = year
        if self.items:
            yield documents.build_item_feeds(newest, read_lines)
        for section in collect_sections(entries) if self.sections else ():
            yield documents.build_section_feeds(section, self.entries, read_lines)
        live = documents.build_live_feeds(newest, previous_year, read_lines)
        yield live if count == len(live_lines) else replace(live, warning=self._describe_cut(count, len(live_lines)))

    def _describe_cut(self, count: int, wanted: int) -> str:
        return (
            f"the feeds have the newest {count} issues, not {wanted}: more would be over {MAX_LIVE_BYTES // 1000} kB, "
            f"which some feed readers refuse; the others are in the archive feeds · set entries = {count}"
        )

    def build_ping(
        self, digest: Callable[[str], str], newsletter: Newsletter, keys: Collection[str] = ()
    ) -> tuple[MessageChannel, Rendering] | None:
        """Return the `websub` channel and the pings for the feeds with a hub; None when no hub is set.

        `digest` returns the SHA-256 (hex) of the file of a feed, by its key; `keys` are those of all files.
        """
        if (websub := self.websub) is None:
            return None
        from publisher.channels.rss.websub import Topic

        paths = FeedPaths(self.path, newsletter)
        folder = paths.folder + SECTIONS
        of_sections = [key for key in sorted(keys) if key.startswith(f"{folder}/") and key.endswith((".xml", ".json"))]
        feeds = (*paths.live_feeds.values(), *(paths.item_feeds.values() if self.items else ()), *of_sections)
        topics = [Topic(key.removeprefix(paths.folder), paths.url_for(key), digest(key)) for key in feeds]
        return websub, websub.render_pings(topics)

    def session(self) -> FolderSession:
        """Return a session that writes files."""
        return FolderSession()
