"""Publishing: a look at what moved, and, if anything did, the work."""

from __future__ import annotations

import datetime as dt
import time

from publisher.archive.lock import held
from publisher.archive.site import Site
from publisher.archive.sources import Found, fingerprint, scan
from publisher.config import Config
from publisher.errors import ConfigError
from publisher.files import sweep
from publisher.pipeline.events import ChannelOutcome, Chosen, Outcome, Report, Request
from publisher.pipeline.run import Run
from publisher.theme import Theme


def publish(config: Config, theme: Theme, request: Request, now: dt.datetime, report: Report) -> Outcome:
    """Bring the channels asked for up to date. `now` is aware.

    A channel that fails is told in the outcome and stops no other; an issue that is broken is left out and
    told by a warning. Raises, before anything is delivered, ConfigError for a channel or an issue that is
    not there, IssueError when the very issue to publish is broken, BusyError when another process publishes
    here; and StorageError when a folder cannot be read or what is remembered cannot be written.
    """
    run = Run(config, theme, request, now, report)
    if request.dry_run:
        return _publish(run)
    with held(run.home / "lock") as died:
        if died:
            sweep(run.out / config.publication.site)
            sweep(run.home)
        return _publish(run)


def _publish(run: Run) -> Outcome:
    seen = time.time_ns()
    found = scan(run.config.root, run.config.issues)
    if not found:
        raise ConfigError(
            f"no file matches issues = {run.config.issues!r} of {run.config.path}", "begin one: publish new"
        )
    site = Site.load(run.out, run.config.root, run.cache, run.key)
    if nothing := _nothing_to_do(run, site, found):
        return nothing
    from publisher.pipeline.work import work  # slow to import

    return work(run, site, found, seen)


def _nothing_to_do(run: Run, site: Site, found: list[Found]) -> Outcome | None:
    """The outcome, without a look into any file, when nothing moved since a run that left nothing to do."""
    if run.request.issue not in ("", "latest"):
        return None
    sources, today = fingerprint(found), run.now.date().isoformat()
    outcomes: dict[str, ChannelOutcome] = {}
    settled = None
    for channel in run.channels:
        output = site.output(channel.name)
        settled = output.settled
        if not (settled and settled.holds(sources, today) and site.is_whole(output)):
            return None
        outcomes[channel.name] = ChannelOutcome(channel.name, unchanged=sum(1 for _ in output.files))
    if not settled:
        return None
    run.report(Chosen(settled.issue, newest=True))
    for warning in settled.warnings:
        run.warn(warning)
    for outcome in outcomes.values():
        run.report(outcome)
    return Outcome(settled.issue, outcomes, tuple(run.warnings))
