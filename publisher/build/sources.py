"""What the sources are now: the index brought up to date with the files."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from types import TracebackType
from typing import Self

from publisher.archive.index import Index
from publisher.archive.pack import Pack, PackLocation
from publisher.archive.records import Edition, Record
from publisher.archive.revisions import Revisions
from publisher.archive.sources import SourceFile, is_mtime_reliable, scan, stat_files
from publisher.build.process_pool import ProcessPool
from publisher.build.renderer import IssueRenderer
from publisher.channel import Entry
from publisher.config import Config
from publisher.errors import ConfigError
from publisher.events import Progress
from publisher.files import wrap_os_error
from publisher.model import Issue
from publisher.run import RunContext


class DocumentSpool:
    """Documents by the path of their file, each taken at most once."""

    def __init__(self) -> None:
        self._issues: dict[str, Issue] = {}
        self._locations: dict[str, PackLocation] = {}
        self._pack = Pack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pack.close()

    def put(self, path: str, document: Issue | bytes | None) -> None:
        """Keep a document; packed ones lie in a file. Raises OSError when there is no room for it."""
        if isinstance(document, bytes):
            self._locations[path] = self._pack.put(document)
        elif document:
            self._issues[path] = document

    def take(self, path: str) -> Issue | bytes | None:
        """The document of a file, and away with it; None when it was not read in this run."""
        if place := self._locations.pop(path, None):
            return self._pack.get(place)
        return self._issues.pop(path, None)


def find_sources(config: Config) -> list[SourceFile]:
    """The files that are issues. Raises ConfigError when there is none, StorageError."""
    found = scan(config.root, config.issues)
    if not found:
        what = f"no file matches issues = {config.issues!r} of {config.path}"
        raise ConfigError(what, "begin one: publish new")
    return found


def update_index(
    run: RunContext,
    index: Index,
    pool: ProcessPool[IssueRenderer],
    spool: DocumentSpool,
    files: list[SourceFile],
    scanned_at: int,
) -> None:
    """Bring the index up to date with the files `found`, and put the documents read for it on the shelf."""
    index.remove(index.records.keys() - {one.path for one in files})
    # a file that changed in this very moment may change again unnoticed: time 0 has it looked at next time
    trusted = [one if is_mtime_reliable(one, scanned_at) else one._replace(mtime=0) for one in files]
    changed = [one for one in trusted if _needs_reading(run, index, one)]
    task = IssueRenderer.read_packed if pool.is_parallel(len(changed)) else IssueRenderer.read
    for done, (record, document) in enumerate(pool.map_unordered(task, changed, len(changed)), 1):
        index.put_record(record)
        try:
            spool.put(record.path, document)
        except OSError as error:
            raise wrap_os_error("cannot keep what was read", error) from error
        run.report(Progress("reading", done, len(changed)))


def _needs_reading(run: RunContext, index: Index, found: SourceFile) -> bool:
    """Whether the file's content is unknown; a file that only looks changed is noted as it looks now."""
    record = index.records.get(found.path)
    if record is None:
        return True
    pictures = stat_files(run.config.root, [source for source, _, _ in record.images])
    if [one.size >= 0 for one in pictures] != [there for _, _, there in record.images]:
        return True
    if (record.size, record.mtime) == (found.size, found.mtime) and found.mtime:
        return False
    try:
        digest = hashlib.sha256(Path(run.config.root, found.path).read_bytes()).hexdigest()
    except OSError:
        return True
    if digest != record.sha256:
        return True
    index.put_record(record._replace(size=found.size, mtime=found.mtime))
    return False


def build_entries(run: RunContext, current: Edition) -> list[Entry]:
    """What channels are told of every issue, newest first. Times of correction are on disk before any
    channel tells them."""
    revisions = Revisions(run.home.revisions)
    if revisions.is_damaged:
        run.warn(f"{run.home.revisions} is damaged: every issue counts as never corrected")
    entries = [_build_archive_entry(run, record, revisions) for record in current.issues]
    if not run.request.dry_run:
        revisions.save()
    return entries


def _build_archive_entry(run: RunContext, record: Record, revisions: Revisions) -> Entry:
    name = f"{run.config.newsletter.id}/{record.id}"
    date = dt.date.fromisoformat(record.date)
    published = dt.datetime.combine(date, run.config.schedule.at, run.now.tzinfo)
    return Entry(
        id=name,
        date=date,
        title=record.title,
        summary=record.summary,
        url=record.url,
        published=published,
        updated=revisions.record_update(name, record, published, run.now),
        items=record.items,
        revision=record.revision,
    )
