"""Checks quickly whether there is anything to do, before issues are read and slow modules imported; and records it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from publisher.archive.cache import read_cache
from publisher.archive.home import Home
from publisher.archive.output_folder import (
    RECORD_KEY,
    BuiltFiles,
    OutputFolder,
    SiteSetup,
    UpToDateMark,
    parse_mark,
    to_tuples,
)
from publisher.archive.sources import (
    compute_contents_fingerprint,
    compute_fingerprint,
    compute_sizes_fingerprint,
    files_exist,
    is_mtime_reliable,
    scan_issues,
    stat_images,
)
from publisher.errors import BusyError
from publisher.events import ChannelOutcome, Outcome, Request
from publisher.file_kinds import ISSUE
from publisher.local_files import FileAccess, Refusal

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    from publisher.build.builder import BuildResult
    from publisher.run import RunContext


def check_up_to_date(root: Path, request: Request, now: dt.datetime) -> Outcome | None:
    """Return the outcome of a run that would change nothing; None if there may be something to do.

    `root` is the folder of publisher.toml, `now` is aware. Issues that only have new times, and settings, templates and
    a version of this program that mean the same, are recorded as such. Raises StorageError if a folder cannot be read.
    """
    home, folder = Home(root), request.out or root
    body = read_cache(home.site_record_path(folder), RECORD_KEY)
    if body is None or request.issue not in ("", "latest") or home.is_ledger_lost:
        return None
    saved_setup, outputs = json.loads(body)  # what OutputFolder has saved
    setup = SiteSetup(*to_tuples(saved_setup))
    names = request.channels or setup.channels
    if not set(names) <= set(setup.channels):
        return None
    sources = _SourcesNow(root, setup)
    outcomes: dict[str, ChannelOutcome] = {}
    marks: dict[str, UpToDateMark] = {}
    for name in names:
        pages, groups, saved_mark = outputs.get(name, ({}, {}, None))
        mark = parse_mark(saved_mark)
        if not (mark and sources.may_equal(mark) and _is_valid_now(mark, now, setup.timezone)):
            return None
        written = [files for _, files in (*groups.values(), *pages.values())]
        if not all(files_exist(folder, files) for files in written):
            return None
        marks[name] = mark
        outcomes[name] = ChannelOutcome(name, unchanged=sum(map(len, written)), note=setup.notes.get(name, ""))
    if not (marks and sources.equal(marks.values()) and _have_same_meaning(home, setup, marks.values())):
        return None
    current = {
        name: mark._replace(fingerprint=sources.fingerprint, settings=home.settings_digest)
        for name, mark in marks.items()
    }
    if current != marks and sources.are_still:
        with suppress(BusyError), home.hold_lock(folder / setup.site):  # another run will record them
            _replace_marks(OutputFolder(folder, home), marks, current)
    *_, mark = marks.values()
    published = max(mark.published for mark in marks.values())
    return Outcome(mark.issue, outcomes, mark.warnings, mark.valid_until, published=published)


class _SourcesNow:
    """The issues and their images as they are now. Raises StorageError if a folder cannot be read."""

    def __init__(self, root: Path, setup: SiteSetup) -> None:
        self._files = FileAccess(root)
        self._scanned_at = time.time_ns()
        self._issues = scan_issues(root, setup.issues)
        self._images = stat_images(root, setup.images)
        self.fingerprint = compute_fingerprint(self._issues + self._images)

    @property
    def are_still(self) -> bool:
        """Whether later changes will show in the times of the files."""
        return all(is_mtime_reliable(file, self._scanned_at) for file in self._issues)

    @cached_property
    def _sizes(self) -> str:
        return compute_sizes_fingerprint(self._issues, self._images)

    @cached_property
    def _contents(self) -> str:
        return compute_contents_fingerprint(self._hash_file(file.path) for file in self._issues)

    def _hash_file(self, path: str) -> str:
        body = self._files.read(path, ISSUE)
        return "" if isinstance(body, Refusal) else hashlib.sha256(body).hexdigest()

    def may_equal(self, mark: UpToDateMark) -> bool:
        """Return whether the files have the sizes that they had when a channel was marked."""
        return self.fingerprint == mark.fingerprint or self._sizes == mark.sizes

    def equal(self, marks: Collection[UpToDateMark]) -> bool:
        """Return whether the files are what they were. They are only read if some have new times, and the newest issue
        before all others, because that is the one that people edit."""
        return all(
            self.fingerprint == mark.fingerprint
            or (self._hash_file(mark.issue.path) == mark.issue.sha256 and self._contents == mark.contents)
            for mark in marks
        )


def _have_same_meaning(home: Home, setup: SiteSetup, marks: Collection[UpToDateMark]) -> bool:
    """Return whether the settings are what they were, or say the same."""
    if all(mark.settings == home.settings_digest for mark in marks):
        return True
    meaning = home.compute_settings_meaning(setup.channels)
    return bool(meaning) and all(mark.meaning == meaning for mark in marks)


def _replace_marks(site: OutputFolder, former: Mapping[str, UpToDateMark], current: Mapping[str, UpToDateMark]) -> None:
    """Record marks, unless another run has recorded others in the meantime."""
    if site.setup and all(site.channel_files(name).up_to_date == mark for name, mark in former.items()):
        for name, mark in current.items():
            site.mark(name, mark)
        site.save(site.setup)


def _is_valid_now(mark: UpToDateMark, now: dt.datetime, timezone: str) -> bool:
    """Return whether the mark is valid on the newsletter's day.

    The day matters only close to the date of an issue: a mark that is valid from the day before to the day after in UTC
    is valid in every time zone, and those take long to import.
    """
    around = [(now + dt.timedelta(days=days)).astimezone(dt.UTC).date().isoformat() for days in (-1, 1)]
    if all(map(mark.is_valid, around)):
        return True
    from zoneinfo import ZoneInfo

    return mark.is_valid(now.astimezone(ZoneInfo(timezone)).date().isoformat())


def mark_up_to_date(run: RunContext, result: BuildResult, delivered: Mapping[str, ChannelOutcome]) -> None:
    """Record that channels are up to date until something changes, once their message is delivered."""
    site = OutputFolder(run.output_folder, run.home)
    if site.setup and result.outcome.issue and not run.dry_run:
        for message in result.messages:
            outcome = delivered[message.channel.name]
            if not (outcome.error or outcome.held_reason or outcome.queued):
                site.mark(message.source_channel, result.mark, changed=outcome.has_changes)
                if message.source_channel == message.channel.name:
                    digest = result.digests[message.source_channel]
                    pages = site.channel_files(message.source_channel).pages
                    pages.clear()
                    pages[result.outcome.issue.path] = BuiltFiles(digest, {})
        site.save(site.setup)
