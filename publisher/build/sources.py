"""Finds the issue files, and reads those that have changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from types import TracebackType
from typing import Self

import msgspec
from msgspec.structs import replace

from publisher.archive.cache_keys import compute_reading_key
from publisher.archive.feed_ids import find_feed_ids
from publisher.archive.index import CONTENTS, DOCUMENT, Index
from publisher.archive.pack import Pack, PackLocation
from publisher.archive.records import Edition, Record, build_edition
from publisher.archive.revisions import Revisions
from publisher.archive.sources import SourceFile, mark_unreliable, scan_issues, stat_images
from publisher.build.issue_links import IssueLinks
from publisher.build.process_pool import ProcessPool
from publisher.build.renderer import IssueRenderer
from publisher.channel import ArchiveChannel, CardImage, Context, Entry
from publisher.config import Config
from publisher.derived_texts import find_fresh_sentences, shorten, simplify_sentence
from publisher.errors import ConfigError
from publisher.events import Progress
from publisher.file_kinds import ISSUE
from publisher.files import wrap_os_error
from publisher.local_files import Refusal
from publisher.model import Issue
from publisher.page_urls import SUBSCRIBE_PAGE
from publisher.run import RunContext

_COMPARED_ISSUES = 10
"""With so many issues before and after it the opening of an issue is compared."""

_MIN_FRESH_LENGTH, _MAX_SUMMARY_LENGTH = 30, 160
"""Lengths of summaries in characters."""


class DocumentSpool:
    """Keeps the documents read in this run, by path; each can be taken once."""

    def __init__(self) -> None:
        self._issues: dict[str, Issue] = {}
        self._locations: dict[str, PackLocation] = {}
        self._pack = Pack()

    def close(self) -> None:
        """Close the temporary file."""
        self._pack.close()

    def put(self, path: str, document: Issue | bytes | None) -> None:
        """Keep a document; bytes go to a temporary file. Raises StorageError if that cannot be written."""
        if isinstance(document, bytes):
            try:
                self._locations[path] = self._pack.put(document)
            except OSError as error:
                raise wrap_os_error("cannot write to the temporary folder", error) from error
        elif document:
            self._issues[path] = document

    def take(self, path: str) -> Issue | bytes | None:
        """Remove and return the document of a file; None if it was not read in this run."""
        if location := self._locations.pop(path, None):
            return self._pack.get(location)
        return self._issues.pop(path, None)


class Sources:
    """The issue files as they are now, and what it takes to read and render them. A context manager.

    `files` are the issue files; `records` has what is known of each, by path. `index`, `pool`, `spool` and
    `renderer` serve to render the issues. `settings` are the digest of the settings at the start, and of what they say:
    those that change while issues are read and rendered are for the next run.
    """

    def __init__(self, run: RunContext) -> None:
        """Read the files that have changed. Raises ConfigError if there are no issue files, StorageError if a
        folder cannot be read."""
        channels = [channel.name for channel in run.config.channels]
        self.settings = run.home.settings_digest, run.home.compute_settings_meaning(channels)
        scanned_at = time.time_ns()
        self.files = _find_sources(run.config)
        self.renderer = IssueRenderer.for_config(run.config, run.theme)
        self._run = run
        with ExitStack() as stack:
            self.index = stack.enter_context(closing(Index(run.home, compute_reading_key(run.config))))
            self.pool = stack.enter_context(ProcessPool(self.renderer))
            self.spool = stack.enter_context(closing(DocumentSpool()))
            self._update_index(run, scanned_at)
            self._stack = stack.pop_all()
        self._due_early: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def records(self) -> dict[str, Record]:
        """The records of all files, by path."""
        return self.index.records

    def load_contents(self, record: Record) -> bytes:
        """Return the contents of a file as `publisher.contents` encodes them, b"" if it cannot be parsed.

        It is read again if they are not remembered.
        """
        body = self.index.load_body(CONTENTS, record.path, record.sha256)
        if body is None:
            body = self.renderer.read_listed(SourceFile(record.path, record.size, record.mtime)).contents
            self.index.store_body(CONTENTS, record.path, record.sha256, body)
        return body

    def take_document(self, record: Record) -> Issue | bytes | None:
        """Return the document of a file, read in this run or kept by an earlier one; None if it has to be read."""
        read = self.spool.take(record.path)
        return read or self.index.load_body(DOCUMENT, record.path, _compute_document_digest(record))

    def keep_document(self, record: Record) -> None:
        """Keep the document of the issue to publish, if it was read in this run, instead of that of another issue.

        So a channel with other settings renders it again without the parser, whose import takes as long as bare Python
        needs to start.
        """
        digest = _compute_document_digest(record)
        document = self.spool.take(record.path)
        self.spool.put(record.path, document)
        if document is None or digest == self.index.find_digest(DOCUMENT, record.path):
            return
        with suppress(UnicodeEncodeError):  # as in `read_packed`
            body = document if isinstance(document, bytes) else msgspec.msgpack.encode(document)
            self.index.store_body(DOCUMENT, record.path, digest, body)
            self.index.keep_only(DOCUMENT, record.path)

    def build_edition(self, held_back: Collection[str] = ()) -> Edition:
        """Return the issues that are due today or published, without the files that are held back."""
        published, redated = find_published_ahead(self._run, self.records.values())
        published, today = published | self._due_early, self._run.now.date()
        return build_edition(self.records.values(), today, held_back, published=published, redated=redated)

    def treat_as_due(self, path: str) -> None:
        """Count a draft, or an issue dated in the future, as due from now on, for a dry run, which saves nothing."""
        self.index.put_record(self.records[path]._replace(draft=False))
        self._due_early.add(path)

    def build_archive_context(
        self, entries: Sequence[Entry], article_urls: Mapping[str, str], card: CardImage | None
    ) -> Context:
        """Return what the archive of these issues may depend on besides them. `card` is that of the newsletter."""
        config = self._run.config
        found = [channel.section_feed_urls(entries, config.newsletter) for channel in config.channels]
        section_feeds = {title: url for urls in found for title, url in urls.items()}
        subscribe_url = f"{config.newsletter.base}{SUBSCRIBE_PAGE}" if "web" in self.renderer.channels else ""
        return replace(
            self.renderer.context,
            article_urls=article_urls,
            section_feeds=section_feeds,
            subscribe_url=subscribe_url,
            card=card,
        )

    def _update_index(self, run: RunContext, scanned_at: int) -> None:
        """Bring the index up to date with the files, and put the documents read for that into the spool."""
        self.index.remove(self.records.keys() - {file.path for file in self.files})
        changed = find_changed(self.renderer, self.index, mark_unreliable(self.files, scanned_at))
        task = IssueRenderer.read_packed if self.pool.is_parallel(len(changed)) else IssueRenderer.read_listed
        for done, (record, document, contents) in enumerate(self.pool.map_unordered(task, changed, len(changed)), 1):
            self.index.put_record(record)
            self.index.store_body(CONTENTS, record.path, record.sha256, contents)
            self.spool.put(record.path, document)
            run.report(Progress("reading", done, len(changed)))
        self.pool.close()  # those who render are forked from a process that has loaded what that takes


def _compute_document_digest(record: Record) -> str:
    """Return a digest of what the document is made of: the file, and those that it shows or links to."""
    return hashlib.sha256(f"{record.sha256}{record.images}".encode("utf-8", "surrogatepass")).hexdigest()


def _find_sources(config: Config) -> list[SourceFile]:
    files = scan_issues(config.root, config.issues)
    if not files:
        raise build_no_issues_error(config)
    return files


def build_no_issues_error(config: Config) -> ConfigError:
    """Return the error for a newsletter whose setting `issues` matches no file."""
    patterns = ", ".join(f'"{pattern}"' for pattern in config.issues)
    hint = "correct `issues`, or start an issue: publish new"
    return ConfigError(f"no file matches issues = {patterns} of {config.path}", hint)


def find_changed(renderer: IssueRenderer, index: Index, files: Iterable[SourceFile]) -> list[SourceFile]:
    """Return the files that must be read. If only the size or mtime of one changed, the index is updated instead."""
    known = [(file, index.records.get(file.path)) for file in files]
    named = {image.source for _, record in known if record and record.images for image in record.images}
    images = {image.path: image for image in stat_images(renderer.config.root, sorted(named))}
    return [
        file
        for file, record in known
        if record is None
        or (record.images and any(images[one.source][1:] != (one.size, one.changed) for one in record.images))
        or not ((record[:3] == file and file.mtime) or _has_only_new_times(renderer, index, file, record))
    ]


def _has_only_new_times(renderer: IssueRenderer, index: Index, file: SourceFile, record: Record) -> bool:
    """Return whether a file with another size or time is what was read; then the index gets those."""
    found = renderer.files.read(file.path, ISSUE)
    if isinstance(found, Refusal) or hashlib.sha256(found).hexdigest() != record.sha256:
        return False
    index.put_record(record._replace(size=file.size, mtime=file.mtime))
    return True


def find_published_ahead(run: RunContext, records: Iterable[Record]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the paths of issues that are dated after today, but published: first, those that were due when they
    were published, so the clock is behind; second, those in the archive whose date was changed since.

    Raises StorageError.
    """
    today = run.now.date().isoformat()
    ahead = [record for record in records if record.date > today]
    if not (ahead and run.has_ledger):
        return frozenset(), frozenset()
    from publisher.ledger.calendar import find_publication_times

    archives = {channel.name for channel in run.config.channels if isinstance(channel, ArchiveChannel)}
    times = find_publication_times(run.ledger, [f"{run.config.newsletter.id}/{record.id}" for record in ahead])
    published, redated = set(), set()
    for record in ahead:
        by_channel = times.get(f"{run.config.newsletter.id}/{record.id}", {})
        if any(time.astimezone(run.zone).date().isoformat() >= record.date for time in by_channel.values()):
            published.add(record.path)
        elif by_channel.keys() & archives:
            redated.add(record.path)
    return frozenset(published), frozenset(redated)


def build_entries(run: RunContext, edition: Edition, revisions: Revisions) -> list[Entry]:
    """Return the entry of every issue, newest first, and record corrections in `revisions`."""
    if revisions.is_damaged:
        run.warn(f"{run.home.revisions} is damaged: all issues count as never corrected")
    links = IssueLinks(run.config.newsletter, {record.path: record.url for record in edition.issues})
    feed_ids = find_feed_ids(run.home, edition.issues)
    at, zone, prefix = run.config.schedule.at, run.now.tzinfo, f"{run.config.newsletter.id}/"
    entries = []
    for record, summary in zip(edition.issues, choose_summaries(edition.issues), strict=True):
        issue, feed_id, date = prefix + record.id, feed_ids.get(record.id, ""), dt.date.fromisoformat(record.date)
        published = dt.datetime.combine(date, at, zone)
        entry = Entry(
            id=issue,
            date=date,
            title=record.title,
            summary=summary,
            url=record.url,
            published=published,
            updated=revisions.record_update(issue, record, published, run.now, feed_id),
            items=record.items,
            revision=_compute_revision(record, summary, links),
            aliases=record.aliases,
            feed_id=feed_id,
            minutes=record.minutes,
            highlights=record.highlights,
            sections=record.sections,
        )
        entries.append(entry)
    return entries


def choose_summaries(records: Sequence[Record]) -> list[str]:
    """Return for each issue, of all from the newest on, a summary that says what is new in it.

    What stands in the opening of another issue near it is left out, and if hardly anything remains, the titles of
    its items are taken. Only the nearest issues count, so that a new one changes nothing that was said of older ones.
    """
    keys = [record.opening and frozenset(map(simplify_sentence, record.opening)) for record in records]
    summaries = []
    for position, record in enumerate(records):
        if not record.opening:
            summaries.append(record.summary)
            continue
        start = max(position - _COMPARED_ISSUES, 0)
        around = frozenset().union(*keys[start:position], *keys[position + 1 : position + 1 + _COMPARED_ISSUES])
        fresh = find_fresh_sentences(record.opening, around)
        text = " ".join(fresh)
        if len(fresh) == len(record.opening):
            summaries.append(record.summary)
        elif len(text) >= _MIN_FRESH_LENGTH or not record.titles:
            summaries.append(shorten(text, _MAX_SUMMARY_LENGTH) or record.summary)
        else:
            summaries.append(record.titles)
    return summaries


def _compute_revision(record: Record, summary: str, links: IssueLinks) -> str:
    """Return the revision of the content; one that changes with what other issues add to it, too: the URLs of those
    that are linked, and a summary that leaves out what they have as well."""
    if summary == record.summary and not record.links:
        return record.revision
    targets = sorted(links.resolve(record).items())
    return hashlib.sha256(f"{record.revision}{targets}{summary}".encode("utf-8", "surrogatepass")).hexdigest()
