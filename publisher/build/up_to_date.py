"""Checks quickly whether there is anything to do, before issues are read and slow modules imported; and records it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from publisher.archive.home import Home
from publisher.archive.output_folder import (
    BuiltFiles,
    FolderRecord,
    OutputFolder,
    ReadSource,
    SiteSetup,
    UpToDateMark,
    encode_line,
    load_record,
)
from publisher.archive.sources import (
    SourceFile,
    compute_fingerprint,
    files_exist,
    is_mtime_reliable,
    scan_issues,
    stat_files,
    stat_images,
)
from publisher.errors import BusyError
from publisher.events import ChannelOutcome, Outcome, Request
from publisher.file_kinds import ISSUE
from publisher.local_files import MISSING, FileAccess, Refusal
from publisher.named_tuple import NamedTuple

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
    record = load_record(home.site_record_path(folder))
    if record is None or request.issue not in ("", "latest") or home.is_ledger_lost:
        return None
    setup = record.setup
    names = request.channels or setup.channels
    marks = {name: record.marks[name] for name in names if name in record.marks}
    if not (marks and set(names) == marks.keys() <= {*setup.channels}):
        return None
    sources = _find_same_sources(root, record, marks.values())
    if sources is None or not all(_is_valid_now(mark, now, setup.timezone) for mark in marks.values()):
        return None
    if not _have_same_meaning(home, setup, marks.values()):
        return None
    outcomes = {}
    for name in names:
        sizes = record.load_sizes(name)
        if not files_exist(folder, sizes):
            return None
        outcomes[name] = ChannelOutcome(name, unchanged=len(sizes), note=setup.notes.get(name, ""))
    current = {
        name: mark._replace(
            fingerprint=sources.fingerprint,
            settings=home.settings_digest,
            issue=mark.issue._replace(mtime=sources.newest[mark.issue.path]),
        )
        for name, mark in marks.items()
    }
    if current != marks and sources.has_reliable_times:
        with suppress(BusyError), home.hold_lock(folder / setup.site):  # another run will record them
            _replace_marks(OutputFolder(folder, home), marks, current, sources)
    *_, mark = marks.values()
    published = max(mark.published for mark in marks.values())
    return Outcome(mark.issue, outcomes, mark.warnings, mark.valid_until, published=published)


class _SameSources(NamedTuple):
    """The issues of the last run, as they are now. `newest` has the times of those in the marks, by path. `recorded` is
    the line about all in the record, if that has other times. `has_reliable_times`: any later change of an issue
    will show in its time."""

    fingerprint: str
    newest: Mapping[str, int]
    recorded: bytes | None = None
    has_reliable_times: bool = True


def _find_same_sources(root: Path, record: FolderRecord, marks: Collection[UpToDateMark]) -> _SameSources | None:
    """Return the issues if they and their images are what they were when channels were marked. Only files with new
    times are read. Raises StorageError if a folder cannot be read."""
    access, scanned_at = FileAccess(root), time.time_ns()
    marked = {mark.issue.path: ReadSource(*mark.issue[:4]) for mark in marks}
    files = stat_files(root, marked)
    if not all(_has_same_bytes(access, marked[file.path], file) for file in files):  # the newest are edited most
        return None
    newest = {file.path: file.mtime for file in files}
    issues, images = scan_issues(root, record.setup.issues), stat_images(root, record.setup.images)
    fingerprint = compute_fingerprint(issues + images)
    if all(mark.fingerprint == fingerprint for mark in marks):
        return _SameSources(fingerprint, newest)
    sources = record.load_sources()
    former = compute_fingerprint([*(SourceFile(*source[:3]) for source in sources), *images])
    if any(mark.fingerprint != former for mark in marks) or len(sources) != len(issues):
        return None
    if not all(_has_same_bytes(access, source, file) for source, file in zip(sources, issues, strict=True)):
        return None
    line = encode_line([(*file, source.sha256) for file, source in zip(issues, sources, strict=True)])
    return _SameSources(fingerprint, newest, line, all(is_mtime_reliable(file, scanned_at) for file in issues))


def _has_same_bytes(access: FileAccess, source: ReadSource, file: SourceFile) -> bool:
    """Return whether a file is what was read of it."""
    if source[:3] == file:
        return True
    from hashlib import sha256  # here, because it is slow to import: see publisher.blake2

    body = access.read(file.path, ISSUE) if source[:2] == file[:2] else MISSING
    return not isinstance(body, Refusal) and sha256(body).hexdigest() == source.sha256


def _have_same_meaning(home: Home, setup: SiteSetup, marks: Collection[UpToDateMark]) -> bool:
    """Return whether the settings are what they were, or say the same."""
    if all(mark.settings == home.settings_digest for mark in marks):
        return True
    meaning = home.compute_settings_meaning(setup.channels)
    return bool(meaning) and all(mark.meaning == meaning for mark in marks)


def _replace_marks(
    site: OutputFolder, former: Mapping[str, UpToDateMark], current: Mapping[str, UpToDateMark], sources: _SameSources
) -> None:
    """Record marks and the times of issues, unless another run has recorded others in the meantime."""
    if site.setup and all(site.marks.get(name) == mark for name, mark in former.items()):
        site.sources = sources.recorded or site.sources
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
                site.mark(message.source_channel, result.marks.get(message.source_channel), changed=outcome.has_changes)
                if message.source_channel == message.channel.name:
                    digest = result.digests[message.source_channel]
                    pages = site.channel_files(message.source_channel).pages
                    pages.clear()
                    pages[result.outcome.issue.path] = BuiltFiles(digest, {})
        site.save(site.setup)
