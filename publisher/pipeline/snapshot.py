"""The archive as its sources make it now, only looked at: nothing is written, noted or sent."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from publisher.archive.index import Index
from publisher.archive.records import Edition, Record, choose, edition, names
from publisher.build.builder import digests
from publisher.build.process_pool import Crew
from publisher.build.renderer import Desk, Job
from publisher.build.sources import Shelf, entries, read, sources
from publisher.calendar.held_back import kept_back
from publisher.channel import Entry, Rendering
from publisher.errors import PublisherError
from publisher.run import Run


@dataclass(frozen=True)
class View:
    """The issues that are due, newest first: what is known of their files, what channels are told of them,
    and a digest for each of what its renderings are made from. `sources` has every file by its path, and
    `bodies` by channel and path the digest of what was rendered for the archive before."""

    edition: Edition
    entries: Sequence[Entry]
    digests: Sequence[str]
    sources: Mapping[str, Record]
    bodies: Mapping[str, Mapping[str, str]]
    desk: Desk
    addresses: Mapping[str, str]

    @property
    def records(self) -> tuple[Record, ...]:
        """The issues."""
        return self.edition.issues

    def choose(self, wanted: str) -> int | None:
        """The position of an issue by date, id, path or file name; of the newest for "" and "latest".

        None when none is due. Raises IssueError and ConfigError, as `publish` does.
        """
        chosen = choose(wanted, self.sources, self.edition)
        return chosen and self.records.index(chosen)

    def render(self, position: int, channels: Sequence[str]) -> dict[str, Rendering | PublisherError]:
        """What these channels make of an issue, or why they cannot."""
        near = (None, *self.entries, None)
        job = Job(
            self.records[position].path,
            None,
            self.entries[position],
            near[position + 2],
            near[position],
            channels,
            self.addresses,
        )
        return dict(self.desk.render(job)[1])


def look(run: Run, unready: str = "") -> View:
    """The view of a run, which must be a dry one. An issue called `unready` is seen as if it were due.

    Raises ConfigError when no file is an issue, StorageError when one cannot be listed.
    """
    desk = Desk.of(run.config, run.theme)
    seen = time.time_ns()
    with closing(Index(run.home)) as index, Crew(desk) as crew, Shelf() as shelf:
        read(run, index, crew, shelf, sources(run.config), seen)
        records, today = _as_if_due(index.records, unready, run.now.date())
        current = edition(records.values(), today)
        known = entries(run, current)
        bodies = {
            name: {path: body.digest for path, body in kept.items()} for name, kept in index.bodies.items()
        }
    digest = _digests(current.issues, known, kept_back(run, records, None))
    return View(current, known, digest, records, bodies, desk, run.addresses(known))


def _digests(records: Sequence[Record], entries: Sequence[Entry], hidden: Collection[str]) -> list[str]:
    """The digests of the issues, of which the others know nothing of those that are hidden."""
    shown = [one for one in zip(records, entries, strict=True) if one[0].path not in hidden]
    made = digests([record for record, _ in shown], [entry for _, entry in shown])
    known = {record.path: digest for (record, _), digest in zip(shown, made, strict=True)}
    everything = zip(records, digests(records, entries), strict=True)
    return [known.get(record.path, digest) for record, digest in everything]


def _as_if_due(
    records: Mapping[str, Record], unready: str, today: dt.date
) -> tuple[Mapping[str, Record], dt.date]:
    meant = [path for path, record in records.items() if unready and unready in names(record)]
    dates = [dt.date.fromisoformat(records[path].date) for path in meant if records[path].date]
    ready = {path: records[path]._replace(draft=False) for path in meant}
    return {**records, **ready}, max([today, *dates])
