"""Publishing, under the lock."""

from __future__ import annotations

import datetime as dt
import time

from publisher.archive.lock import held
from publisher.archive.sources import scan
from publisher.config import Config
from publisher.errors import ConfigError
from publisher.files import sweep
from publisher.pipeline.events import Outcome, Report, Request
from publisher.pipeline.run import Run, channels_for
from publisher.pipeline.work import work
from publisher.theme import Theme


def publish(config: Config, theme: Theme, request: Request, now: dt.datetime, report: Report) -> Outcome:
    """Bring the channels asked for up to date. `now` is aware.

    A channel that fails is told in the outcome and stops no other; an issue that is broken is left out and
    told by a warning. Raises, before anything is delivered, ConfigError for a channel or an issue that is
    not there, IssueError when the very issue to publish is broken, BusyError when another process publishes
    here; and StorageError when a folder cannot be read or what is remembered cannot be written.
    """
    run = Run(config, theme, request, channels_for(config, request.channels), now, report)
    if request.dry_run:
        return _publish(run)
    with held(run.home.lock) as died:
        if died:
            sweep(run.out / config.publication.site)
            sweep(run.home.folder)
        return _publish(run)


def _publish(run: Run) -> Outcome:
    seen = time.time_ns()
    found = scan(run.config.root, run.config.issues)
    if not found:
        what = f"no file matches issues = {run.config.issues!r} of {run.config.path}"
        raise ConfigError(what, "begin one: publish new")
    return work(run, found, seen)
