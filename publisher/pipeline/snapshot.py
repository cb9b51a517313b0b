"""The archive as its sources make it now, only looked at: nothing is written, noted or sent."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from publisher.archive.index import Index
from publisher.archive.records import Edition, Record, build_edition, choose_issue, issue_names
from publisher.build.builder import compute_digests
from publisher.build.process_pool import ProcessPool
from publisher.build.renderer import IssueRenderer, RenderJob
from publisher.build.sources import DocumentSpool, build_entries, find_sources, update_index
from publisher.calendar.held_back import find_held_back
from publisher.channel import Entry, Rendering
from publisher.errors import PublisherError
from publisher.run import RunContext


@dataclass(frozen=True)
class Snapshot:
    """The issues that are due, newest first: what is known of their files, what channels are told of them,
    and a digest for each of what its renderings are made from. `sources` has every file by its path, and
    `bodies` by channel and path the digest of what was rendered for the archive before."""

    edition: Edition
    entries: Sequence[Entry]
    digests: Sequence[str]
    sources: Mapping[str, Record]
    cached_digests: Mapping[str, Mapping[str, str]]
    renderer: IssueRenderer
    article_urls: Mapping[str, str]

    @property
    def records(self) -> tuple[Record, ...]:
        """The issues."""
        return self.edition.issues

    def choose(self, wanted: str) -> int | None:
        """The position of an issue by date, id, path or file name; of the newest for "" and "latest".

        None when none is due. Raises IssueError and ConfigError, as `publish` does.
        """
        chosen = choose_issue(wanted, self.sources, self.edition)
        return chosen and self.records.index(chosen)

    def render(self, position: int, channels: Sequence[str]) -> dict[str, Rendering | PublisherError]:
        """What these channels make of an issue, or why they cannot."""
        near = (None, *self.entries, None)
        job = RenderJob(
            self.records[position].path,
            None,
            self.entries[position],
            near[position + 2],
            near[position],
            channels,
            self.article_urls,
        )
        return dict(self.renderer.render(job)[1])


def take_snapshot(run: RunContext, unready: str = "") -> Snapshot:
    """The view of a run, which must be a dry one. An issue called `unready` is seen as if it were due.

    Raises ConfigError when no file is an issue, StorageError when one cannot be listed.
    """
    desk = IssueRenderer.for_config(run.config, run.theme)
    seen = time.time_ns()
    with closing(Index(run.home)) as index, ProcessPool(desk) as crew, DocumentSpool() as shelf:
        update_index(run, index, crew, shelf, find_sources(run.config), seen)
        records, today = _include_unready(index.records, unready, run.now.date())
        current = build_edition(records.values(), today)
        known = build_entries(run, current)
        bodies = {
            name: {path: body.digest for path, body in kept.items()} for name, kept in index.bodies.items()
        }
    digest = _compute_visible_digests(current.issues, known, find_held_back(run, records, None))
    return Snapshot(current, known, digest, records, bodies, desk, run.article_urls(known))


def _compute_visible_digests(
    records: Sequence[Record], entries: Sequence[Entry], hidden: Collection[str]
) -> list[str]:
    """The digests of the issues, of which the others know nothing of those that are hidden."""
    shown = [one for one in zip(records, entries, strict=True) if one[0].path not in hidden]
    made = compute_digests([record for record, _ in shown], [entry for _, entry in shown])
    known = {record.path: digest for (record, _), digest in zip(shown, made, strict=True)}
    everything = zip(records, compute_digests(records, entries), strict=True)
    return [known.get(record.path, digest) for record, digest in everything]


def _include_unready(
    records: Mapping[str, Record], unready: str, today: dt.date
) -> tuple[Mapping[str, Record], dt.date]:
    meant = [path for path, record in records.items() if unready and unready in issue_names(record)]
    dates = [dt.date.fromisoformat(records[path].date) for path in meant if records[path].date]
    ready = {path: records[path]._replace(draft=False) for path in meant}
    return {**records, **ready}, max([today, *dates])
