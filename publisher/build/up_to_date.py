"""Checks quickly whether there is anything to do, before issues are read and slow modules imported; and records it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publisher.archive.cache import read_cache
from publisher.archive.home import Home
from publisher.archive.output_folder import BuiltFiles, OutputFolder, SiteSetup, UpToDateMark
from publisher.archive.records import Record
from publisher.archive.sources import compute_fingerprint, files_exist, scan_issues, stat_images
from publisher.events import ChannelOutcome, Outcome, Request

if TYPE_CHECKING:
    from publisher.build.builder import BuildResult
    from publisher.run import RunContext


def check_up_to_date(root: Path, request: Request, now: dt.datetime) -> Outcome | None:
    """Return the outcome of a run that would change nothing; None if there may be something to do.

    `root` is the folder of publisher.toml, `now` is aware. Raises StorageError if a folder cannot be read.
    """
    home, folder = Home(root), request.out or root
    body = read_cache(home.site_record_path(folder), home.cache_key)
    if body is None or request.issue not in ("", "latest") or home.is_ledger_lost:
        return None
    # what OutputFolder has saved; msgspec takes longer to import than all of this
    saved_setup, outputs = json.loads(body)
    setup = SiteSetup(*saved_setup)
    names = request.channels or setup.channels
    if not set(names) <= set(setup.channels):
        return None
    from zoneinfo import ZoneInfo

    fingerprint = compute_fingerprint(scan_issues(root, setup.issues) + stat_images(root, setup.images))
    today = now.astimezone(ZoneInfo(setup.timezone)).date().isoformat()
    outcomes: dict[str, ChannelOutcome] = {}
    mark, published = None, ""
    for name in names:
        pages, groups, saved_mark = outputs.get(name, ({}, {}, None))
        mark = saved_mark and UpToDateMark(*saved_mark)
        written = [files for _, files in (*groups.values(), *pages.values())]
        is_current = mark and mark.is_valid(fingerprint, today)
        if not (is_current and all(files_exist(folder, files) for files in written)):
            return None
        published = max(published, mark.published if mark else "")
        outcomes[name] = ChannelOutcome(name, unchanged=sum(map(len, written)), note=setup.notes.get(name, ""))
    if mark is None:
        return None
    issue, warnings = Record(*_to_tuples(mark.issue)), _to_tuples(mark.warnings)
    return Outcome(issue, outcomes, warnings, mark.valid_until, published=published)


def mark_up_to_date(run: RunContext, result: BuildResult, delivered: Mapping[str, ChannelOutcome]) -> None:
    """Record that channels are up to date until something changes, once their message is delivered."""
    site = OutputFolder(run.output_folder, run.home)
    if site.setup and result.outcome.issue and not run.dry_run:
        for message in result.messages:
            outcome = delivered[message.channel.name]
            if not (outcome.error or outcome.held_reason):
                site.mark(message.source_channel, result.mark, changed=outcome.has_changes)
                if message.source_channel == message.channel.name:
                    digest = result.digests[message.source_channel]
                    pages = site.channel_files(message.source_channel).pages
                    pages.clear()
                    pages[result.outcome.issue.path] = BuiltFiles(digest, {})
        site.save(site.setup)


def _to_tuples(value: Any) -> Any:
    return tuple(map(_to_tuples, value)) if isinstance(value, list) else value
