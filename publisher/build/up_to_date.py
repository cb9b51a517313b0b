"""Checks quickly whether there is anything to do, before issues are read and slow modules imported; and records it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publisher.archive.cache import read_cache
from publisher.archive.home import Home
from publisher.archive.output_folder import RECORD_KEY, BuiltFiles, OutputFolder, SiteSetup, UpToDateMark
from publisher.archive.records import Record
from publisher.archive.sources import compute_fingerprint, files_exist, scan_issues, stat_images
from publisher.errors import BusyError
from publisher.events import ChannelOutcome, Outcome, Request

if TYPE_CHECKING:
    from publisher.build.builder import BuildResult
    from publisher.config import Config
    from publisher.run import RunContext
    from publisher.theme import Theme


def check_up_to_date(
    root: Path, request: Request, now: dt.datetime, load: Callable[[], tuple[Config, Theme]]
) -> Outcome | None:
    """Return the outcome of a run that would change nothing; None if there may be something to do.

    `root` is the folder of publisher.toml, `now` is aware. `load` is called if nothing but settings, templates or this
    program changed, to see whether that means anything. Raises StorageError if a folder cannot be read, and what `load`
    raises.
    """
    home, folder = Home(root), request.out or root
    body = read_cache(home.site_record_path(folder), RECORD_KEY)
    if body is None or request.issue not in ("", "latest") or home.is_ledger_lost:
        return None
    # what OutputFolder has saved; msgspec takes longer to import than all of this
    saved_setup, outputs = json.loads(body)
    setup = SiteSetup(*saved_setup)
    names = request.channels or setup.channels
    if not set(names) <= set(setup.channels):
        return None
    fingerprint = compute_fingerprint(scan_issues(root, setup.issues) + stat_images(root, setup.images))
    outcomes: dict[str, ChannelOutcome] = {}
    marks: dict[str, UpToDateMark] = {}
    for name in names:
        pages, groups, saved_mark = outputs.get(name, ({}, {}, None))
        mark = saved_mark and UpToDateMark(*saved_mark)
        written = [files for _, files in (*groups.values(), *pages.values())]
        is_current = mark and _is_valid_now(mark, fingerprint, now, setup.timezone)
        if not (is_current and all(files_exist(folder, files) for files in written)):
            return None
        marks[name] = mark
        outcomes[name] = ChannelOutcome(name, unchanged=sum(map(len, written)), note=setup.notes.get(name, ""))
    if not marks:
        return None
    has_same_settings = all(mark.settings == home.settings_digest for mark in marks.values())
    if not (has_same_settings or _accept_settings(home, request, now, marks, *load())):
        return None
    *_, mark = marks.values()
    published = max(mark.published for mark in marks.values())
    issue, warnings = Record(*_to_tuples(mark.issue)), _to_tuples(mark.warnings)
    return Outcome(issue, outcomes, warnings, mark.valid_until, published=published)


def _is_valid_now(mark: UpToDateMark, fingerprint: str, now: dt.datetime, timezone: str) -> bool:
    """Return whether the mark is valid on the newsletter's day.

    The day matters only close to the date of an issue: a mark that is valid from the day before to the day after in UTC
    is valid in every time zone, and those take long to import.
    """
    around = [(now + dt.timedelta(days=days)).astimezone(dt.UTC).date().isoformat() for days in (-1, 1)]
    if all(mark.is_valid(fingerprint, day) for day in around):
        return True
    from zoneinfo import ZoneInfo

    return mark.is_valid(fingerprint, now.astimezone(ZoneInfo(timezone)).date().isoformat())


def _accept_settings(
    home: Home, request: Request, now: dt.datetime, marks: Mapping[str, UpToDateMark], config: Config, theme: Theme
) -> bool:
    """Return whether settings that differ mean the same as when channels were marked. If so, record them."""
    from publisher.archive.cache_keys import compute_config_key
    from publisher.run import RunContext

    meaning = compute_config_key(config, theme, home)
    if any(mark.meaning != meaning for mark in marks.values()):
        return False
    run = RunContext.open(config, theme, now, dry_run=False, out=request.out)
    with closing(run), suppress(BusyError), run.lock():  # another run will record them
        site = OutputFolder(run.output_folder, home)
        for name in marks:
            if mark := site.channel_files(name).up_to_date:
                site.mark(name, mark._replace(settings=home.settings_digest))
        if site.setup:
            site.save(site.setup)
    return True


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


def _to_tuples(value: Any) -> Any:
    return tuple(map(_to_tuples, value)) if isinstance(value, list) else value
