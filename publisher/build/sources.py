"""Finds the source files and brings the index up to date with them."""

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
    """Keeps the documents read in this run, by path; each can be taken once."""

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
        """Keep a document; bytes go to a temporary file. Raises OSError if that cannot be written."""
        if isinstance(document, bytes):
            self._locations[path] = self._pack.put(document)
        elif document:
            self._issues[path] = document

    def take(self, path: str) -> Issue | bytes | None:
        """Remove and return the document of a file; None if it was not read in this run."""
        if location := self._locations.pop(path, None):
            return self._pack.get(location)
        return self._issues.pop(path, None)


def find_sources(config: Config) -> list[SourceFile]:
    """Return the issue files. Raises ConfigError if there are none, StorageError for unreadable folders."""
    files = scan(config.root, config.issues)
    if not files:
        message = f"no file matches issues = {config.issues!r} of {config.path}"
        raise ConfigError(message, "start an issue: publish new")
    return files


def update_index(
    run: RunContext,
    index: Index,
    pool: ProcessPool[IssueRenderer],
    spool: DocumentSpool,
    files: list[SourceFile],
    scanned_at: int,
) -> None:
    """Bring the index up to date with `files`, and put the documents read for that into the spool.

    `scanned_at`: when the files were found, in nanoseconds.
    """
    index.remove(index.records.keys() - {file.path for file in files})
    # a file that changed just now may change again unnoticed: with mtime 0 it is read again next time
    trusted = [file if is_mtime_reliable(file, scanned_at) else file._replace(mtime=0) for file in files]
    changed = [file for file in trusted if _needs_reading(run, index, file)]
    task = IssueRenderer.read_packed if pool.is_parallel(len(changed)) else IssueRenderer.read
    for done, (record, document) in enumerate(pool.map_unordered(task, changed, len(changed)), 1):
        index.put_record(record)
        try:
            spool.put(record.path, document)
        except OSError as error:
            raise wrap_os_error("cannot write temporary data", error) from error
        run.report(Progress("reading", done, len(changed)))


def _needs_reading(run: RunContext, index: Index, file: SourceFile) -> bool:
    """Whether a file must be read. If only its size or mtime changed, the index is updated instead."""
    record = index.records.get(file.path)
    if record is None:
        return True
    images = stat_files(run.config.root, [source for source, _, _ in record.images])
    if [image.size >= 0 for image in images] != [existed for _, _, existed in record.images]:
        return True
    if (record.size, record.mtime) == (file.size, file.mtime) and file.mtime:
        return False
    try:
        digest = hashlib.sha256(Path(run.config.root, file.path).read_bytes()).hexdigest()
    except OSError:
        return True
    if digest != record.sha256:
        return True
    index.put_record(record._replace(size=file.size, mtime=file.mtime))
    return False


def build_entries(run: RunContext, current: Edition, revisions: Revisions) -> list[Entry]:
    """Return the entry of every issue, newest first, and record corrections in `revisions`."""
    if revisions.is_damaged:
        run.warn(f"{run.home.revisions} is damaged: all issues count as never corrected")
    return [_build_archive_entry(run, record, revisions) for record in current.issues]


def _build_archive_entry(run: RunContext, record: Record, revisions: Revisions) -> Entry:
    issue = f"{run.config.newsletter.id}/{record.id}"
    date = dt.date.fromisoformat(record.date)
    published = dt.datetime.combine(date, run.config.schedule.at, run.now.tzinfo)
    return Entry(
        id=issue,
        date=date,
        title=record.title,
        summary=record.summary,
        url=record.url,
        published=published,
        updated=revisions.record_update(issue, record, published, run.now),
        items=record.items,
        revision=record.revision,
    )
