"""What stands where: the newest issues, channel by channel, and all that is not settled. Only looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from enum import Enum
from typing import NamedTuple

from publisher.archive.site import Site
from publisher.channel import ArchiveChannel, Channel, LiveChannel, Rendering
from publisher.clock import Clock
from publisher.config import Config
from publisher.delivery.plan import survey
from publisher.errors import PublisherError
from publisher.events import Report, Request
from publisher.files import differs
from publisher.ledger import Counts, Key, Ledger, Standing, State
from publisher.ledger.calendar import Insistence, insistences
from publisher.ledger.queries import Missed, issues_with, missed, standings
from publisher.pipeline.snapshot import View, look
from publisher.run import Run, channels_for
from publisher.theme import Theme

_NEWEST = 10


class Condition(Enum):
    """How an issue stands on a channel. CHANGED is what `publish` would bring up to date, HELD what it would
    leave as it is; FILES lie there, and nobody noted when."""

    NONE = "not published"
    FILES = "files"
    PUBLISHED = "published"
    CHANGED = "changed"
    HELD = "held"
    WAITING = "waiting"
    FAILED = "failed"
    UNKNOWN = "unknown"
    BUSY = "busy"
    BROKEN = "broken"


class Row(NamedTuple):
    """An issue on a channel. `issue` is its id, empty for what is told of the whole newsletter; `title` is
    empty when its file is not there any more.

    `when` it was published, or until when it waits; aware. `detail` says why it failed, is unknown, held or
    broken, or who is busy with it. `missed` are the deliveries that did not arrive, if the issue was asked
    for. `newest` is of the issue that would be published, `updates` of a channel that can change what it
    sent. With `notice` it is one about the issue. `insisted` is when a person last had it published with
    errors.
    """

    issue: str
    title: str
    channel: str
    destination: str
    condition: Condition
    detail: str = ""
    counts: Counts = Counts()
    when: dt.datetime | None = None
    url: str = ""
    newest: bool = False
    updates: bool = False
    missed: tuple[Missed, ...] = ()
    notice: bool = False
    insisted: Insistence | None = None

    def noted(self, standing: Standing | None, now: dt.datetime) -> Row:
        """The row with what the ledger has about it."""
        if standing is None:
            return self
        row = self._replace(counts=standing.counts, when=standing.published, url=standing.url)
        match self.condition:
            case Condition.WAITING:
                later = standing.next_at and standing.next_at > now
                reason = next(iter(standing.reasons), "")
                return row._replace(when=standing.next_at if later else None, detail=reason)
            case Condition.FAILED | Condition.UNKNOWN:
                return row._replace(detail=next(iter(standing.reasons), ""))
            case Condition.BUSY:
                return row._replace(detail=standing.owner)
            case _:
                return row


def overview(config: Config, theme: Theme, issue: str, now: dt.datetime, report: Report) -> list[Row]:
    """The rows for the newest issues, or for the one named, issue by issue, newest first.

    Raises IssueError and ConfigError for an issue that is not there or not due, StorageError.
    """
    request, channels = Request(issue, dry_run=True), channels_for(config, ())
    with closing(Run(config, theme, request, channels, now, report, Clock.running(now))) as run:
        return [*_Overview(run, look(run)).rows()]


class _Overview:
    def __init__(self, run: Run, view: View) -> None:
        self._run = run
        self._view = view
        self._site = Site(run.out, run.home)
        self._now = run.clock.time()
        self._ledger: Ledger | None = run.ledger if run.has_ledger else None
        self._insistences = insistences(self._ledger) if self._ledger else {}

    def rows(self) -> Iterator[Row]:
        if self._run.request.issue:
            position = self._view.choose(self._run.request.issue)
            chosen = [] if position is None else [position]
            open_ones: list[str] = []
        else:
            chosen = [*range(min(_NEWEST, len(self._view.records)))]
            open_ones = self._open_issues()
        shown = [self._view.entries[position].id for position in chosen]
        older = [issue for issue in reversed(open_ones) if issue not in shown]
        known: dict[str, list[Standing]] = {}
        for standing in standings(self._ledger, [*shown, *older]) if self._ledger else ():
            known.setdefault(standing.key.issue, []).append(standing)
        for position, issue in zip(chosen, shown, strict=True):
            yield from self._issue(position, {one.key: one for one in known.get(issue, [])})
        for issue in older:
            for standing in known[issue]:
                yield from self._beside(standing, "")

    def _open_issues(self) -> list[str]:
        states = (State.FAILED, State.UNKNOWN, State.SENDING)
        newsletter = self._run.config.publication.id
        return issues_with(self._ledger, newsletter, *states) if self._ledger else []

    def _issue(self, position: int, known: dict[Key, Standing]) -> Iterator[Row]:
        record, entry = self._view.records[position], self._view.entries[position]
        plain = [one for one in self._run.channels if not isinstance(one, ArchiveChannel)]
        made = self._view.render(position, [channel.name for channel in plain])
        insisted = next(reversed(self._insistences.get(entry.id, ())), None)
        for channel in self._run.channels:
            live = isinstance(channel, LiveChannel) and bool(channel.destination)
            place = getattr(channel, "destination", "") if live else self._run.config.publication.site
            standing = known.pop(Key(entry.id, channel.name, place), None)
            rendering = made.get(channel.name)
            if isinstance(rendering, PublisherError):
                condition, detail = Condition.BROKEN, rendering.message
            elif isinstance(channel, LiveChannel) and live and rendering:
                condition, detail = self._live(channel, rendering, standing)
            elif rendering:
                condition, detail = self._files(rendering, standing), ""
            else:
                condition, detail = self._archive(channel, position, standing), ""
            row = Row(record.id, record.title, channel.name, place if live else "", condition, detail)
            updates = getattr(channel, "updates", False)
            row = row._replace(newest=position == 0, updates=updates, insisted=insisted)
            yield self._told(row, standing)
        for standing in known.values():
            yield from self._beside(standing, record.title)

    def _beside(self, standing: Standing, title: str) -> Iterator[Row]:
        """A notice about the issue; or what is on no channel that is on now, told when it is open, or when
        the issue was asked for."""
        key, condition = standing.key, self._open(standing)
        notice = key.followed is not None
        if notice and standing.counts.planned:
            condition = condition or Condition.WAITING
        if condition or ((notice or self._run.request.issue) and standing.published):
            publication = self._run.config.publication
            of_all = key.issue == publication.id  # such as that the feeds changed
            name, title = ("", publication.name) if of_all else (key.issue.rpartition("/")[2], title)
            row = Row(name, title, key.channel, key.destination, condition or Condition.PUBLISHED)
            yield self._told(row._replace(notice=notice), standing)

    def _told(self, row: Row, standing: Standing | None) -> Row:
        """The row with what the ledger has about it."""
        if standing and self._ledger and self._run.request.issue:
            row = row._replace(missed=tuple(missed(self._ledger, standing.key)))
        return row.noted(standing, self._now)

    def _live(
        self, channel: LiveChannel, rendering: Rendering, standing: Standing | None
    ) -> tuple[Condition, str]:
        if standing is None:
            return Condition.NONE, ""
        if found := self._open(standing):
            return found, ""
        if standing.is_adopted:
            return Condition.PUBLISHED, ""
        todo = survey(channel, rendering, standing)
        if todo.held:
            return Condition.HELD, todo.held
        if standing.counts.planned or not standing.done:
            return Condition.WAITING, ""
        return (Condition.CHANGED if todo.new or todo.changed or todo.surplus else Condition.PUBLISHED), ""

    def _open(self, standing: Standing) -> Condition | None:
        """What has to be settled, or whether somebody is at it; None when there is nothing of that."""
        counts = standing.counts
        if standing.owner and standing.until and standing.until > self._now:
            return Condition.BUSY
        if counts.unknown or counts.sending:
            return Condition.UNKNOWN
        return Condition.FAILED if counts.failed else None

    def _archive(self, channel: Channel, position: int, standing: Standing | None) -> Condition:
        """What the ledger knows of a page or entry; without a word there, what is remembered of the files."""
        digest, path = self._view.digests[position], self._view.records[position].path
        if standing:
            current = standing.done and standing.digest == digest
            return Condition.PUBLISHED if current else Condition.CHANGED
        page = self._site.output(channel.name).pages.get(path)
        body = self._view.bodies.get(channel.name, {}).get(path)
        return Condition.FILES if digest in (page and page.digest, body) else Condition.NONE

    def _files(self, rendering: Rendering, standing: Standing | None) -> Condition:
        parts = (*rendering.parts, *rendering.previews)
        if not any((self._run.out / part.key).exists() for part in parts):
            return Condition.PUBLISHED if standing and standing.is_adopted else Condition.NONE
        changed = any(differs(self._run.out / part.key, part.body) for part in parts)
        return Condition.CHANGED if changed else Condition.FILES
