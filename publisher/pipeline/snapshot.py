"""A read-only view of the newsletter as its source files are now. Nothing is written, recorded or sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from publisher.archive.naming import choose_issue, find_issue
from publisher.archive.records import Edition, Record, build_edition
from publisher.archive.revisions import Revisions
from publisher.build.digests import compute_digests
from publisher.build.issue_links import IssueLinks
from publisher.build.renderer import IssueRenderer, RenderJob
from publisher.build.sources import Sources, build_entries, find_published_ahead
from publisher.channel import Entry, Rendering
from publisher.errors import PublisherError
from publisher.run import RunContext


class Snapshot(Struct, frozen=True):
    """The due issues, newest first: records, entries, and for each a digest of all inputs of its renderings.

    `sources` has the record of every file by path. `find_cached_digest` returns, for a channel and a path, the digest
    of the rendering that is cached for the archive, or "". `unready` is the path of the issue treated as due, if any.
    """

    edition: Edition
    entries: Sequence[Entry]
    digests: Sequence[str]
    sources: Mapping[str, Record]
    find_cached_digest: Callable[[str, str], str]
    renderer: IssueRenderer
    article_urls: Mapping[str, str]
    unready: str = ""

    @property
    def records(self) -> tuple[Record, ...]:
        """The records of the due issues, newest first."""
        return self.edition.issues

    def choose(self, wanted: str) -> int | None:
        """Return the position of the issue that is treated as due, else of the one named, as `choose_issue` does.

        None if no issue is due. Raises IssueError and ConfigError, as `publish` does.
        """
        chosen = choose_issue(self.unready or wanted, self.sources, self.edition)
        return chosen and self.records.index(chosen)

    def render(self, position: int, channels: Sequence[str]) -> dict[str, Rendering | PublisherError]:
        """Render an issue for these channels; by channel, the rendering or the error."""
        around = (None, *self.entries, None)
        links = IssueLinks(self.renderer.config.newsletter, {one.path: one.url for one in self.records})
        job = RenderJob(
            self.records[position].path,
            None,
            self.entries[position],
            around[position + 2],
            around[position],
            channels,
            self.article_urls,
            links.resolve(self.records[position]),
        )
        return dict(self.renderer.render(job)[1])


def take_snapshot(run: RunContext, unready: str = "") -> Snapshot:
    """Take a snapshot in a run, which must be a dry run. The issue named `unready` is treated as due.

    Raises ConfigError if there is no issue file, StorageError if a folder cannot be read.
    """
    with Sources(run) as sources:
        path = find_issue(unready, sources.records, run.now.date()).path if unready else ""
        records, today = _include_unready(sources.records, path, run.now.date())
        published, redated = find_published_ahead(run, records.values())
        current = build_edition(records.values(), today, published=published, redated=redated)
        entries = build_entries(run, current, Revisions(run.home.revisions))
        cached = sources.index.find_digest
    digests = compute_digests(current.issues, entries)
    return Snapshot(current, entries, digests, records, cached, sources.renderer, run.article_urls(entries), path)


def _include_unready(records: Mapping[str, Record], path: str, today: dt.date) -> tuple[Mapping[str, Record], dt.date]:
    if not path:
        return records, today
    ready = records[path]._replace(draft=False)
    return {**records, path: ready}, max([today, *([dt.date.fromisoformat(ready.date)] if ready.date else [])])
