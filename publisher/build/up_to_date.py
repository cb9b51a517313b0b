"""Checks quickly whether there is anything to do, before issues are read and slow modules imported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from publisher.archive.home import Home
from publisher.archive.output_folder import OutputFolder
from publisher.archive.sources import compute_fingerprint, scan, stat_files
from publisher.events import ChannelOutcome, Outcome, Request


def check_up_to_date(root: Path, request: Request, now: dt.datetime) -> Outcome | None:
    """Return the outcome of a run that would change nothing; None if there may be something to do.

    `root` is the folder of publisher.toml, `now` is aware. Raises StorageError if a folder cannot be read.
    """
    if request.issue not in ("", "latest"):
        return None
    site = OutputFolder(request.out or root, Home(root))
    names: Sequence[str] = request.channels or (site.setup.channels if site.setup else ())
    if site.setup is None or not set(names) <= set(site.setup.channels):
        return None
    sources = compute_fingerprint(scan(root, site.setup.issues) + stat_files(root, site.setup.images))
    today = _get_local_date(now, site.setup.timezone)
    outcomes: dict[str, ChannelOutcome] = {}
    mark = None
    for name in names:
        output = site.channel_files(name)
        mark = output.up_to_date
        if not (mark and mark.is_valid(sources, today) and site.is_complete(output)):
            return None
        outcomes[name] = ChannelOutcome(name, unchanged=sum(1 for _ in output.files))
    return mark and Outcome(mark.issue, outcomes, mark.warnings)


def _get_local_date(now: dt.datetime, timezone: str) -> str:
    from zoneinfo import ZoneInfo

    return now.astimezone(ZoneInfo(timezone)).date().isoformat()
