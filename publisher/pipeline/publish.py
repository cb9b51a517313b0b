"""Publishing: files under the lock, then the post, which the ledger alone guards."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from threading import Event
from typing import TYPE_CHECKING

from publisher.archive.lock import held
from publisher.build.sources import sources
from publisher.channel import AnnouncedChannel, LiveChannel
from publisher.clock import Clock
from publisher.config import Config
from publisher.errors import BusyError, ConfigError
from publisher.events import ChannelOutcome, Outcome, Report, Request
from publisher.files import sweep
from publisher.pipeline.run_build import Examine, Work, remember, work
from publisher.precheck import must_be_sound
from publisher.run import Run, channels_for
from publisher.theme import Theme

if TYPE_CHECKING:
    from publisher.delivery.dispatcher import Letter


def publish(
    config: Config,
    theme: Theme,
    request: Request,
    now: dt.datetime,
    report: Report,
    clock: Clock | None = None,
    stop: Event | None = None,
) -> Outcome:
    """Bring the channels asked for up to date. `now` is aware, and what the run takes for its time;
    `clock` is for what takes long, `stop` ends it after the deliveries under way.

    A channel that fails is told in the outcome and stops no other; an issue that is broken is left out and
    told by a warning. Raises, before anything is delivered, ConfigError for a channel or an issue that is
    not there, IssueError when the very issue to publish is broken or has errors, BusyError when another
    process publishes here; and StorageError when a folder cannot be read or the ledger or what is remembered
    cannot be written.
    """
    channels = channels_for(config, request.channels)
    if request.retry:  # a file is simply written again
        channels = tuple(one for one in channels if isinstance(one, LiveChannel | AnnouncedChannel))
        if not channels:
            raise ConfigError("there is nothing to retry: these channels only write files", "publish")
    clock, stop = clock or Clock.running(now), stop or Event()
    examine = None if request.unchecked else must_be_sound
    with closing(Run(config, theme, request, channels, now, report, clock, stop)) as run:
        if request.dry_run:
            return _foresee(run, work_on_sources(run, examine))
        with held(run.home.lock) as died:
            if died:
                sweep(run.out / config.publication.site)
                sweep(run.home.folder)
            done = work_on_sources(run, examine)
        return _post(run, done) if done.outgoing or request.retry else done.outcome


def work_on_sources(run: Run, examine: Examine | None = None) -> Work:
    """Look up the sources, and bring the files up to date; in a dry run, only report what would change."""
    seen = time.time_ns()
    return work(run, sources(run.config), seen, examine)


def _post(run: Run, done: Work) -> Outcome:
    """Post what the live channels made."""
    from publisher.delivery.dispatcher import letters, post

    outcomes = post(run, letters(run, done.outgoing, run.ledger))
    finished = {name for name, outcome in outcomes.items() if not (outcome.error or outcome.held)}
    with suppress(BusyError), held(run.home.lock):  # who is at work there now will look for itself
        remember(run, done, [one for one in done.outgoing if one.channel.name in finished])
    notices = [one for letter in _notices(run, done) for one in post(run, [letter]).values()]
    return _with(run, done, [*outcomes.values()], notices)


def _foresee(run: Run, done: Work) -> Outcome:
    """What `_post` would do."""
    if not (done.outgoing or run.request.retry):
        return done.outcome
    from publisher.delivery.dispatcher import foreseen, letters

    ledger = run.ledger if run.has_ledger else None
    outcomes = [*foreseen(run, letters(run, done.outgoing, ledger))]
    notices = [*foreseen(run, [*_notices(run, done)])]
    for outcome in (*outcomes, *notices):
        run.report(outcome)
    return _with(run, done, outcomes, notices)


def _notices(run: Run, done: Work) -> Iterator[Letter]:
    """The notices about the issue that are to be retried."""
    if run.request.retry and done.outcome.issue:
        from publisher.pipeline.notice import unfinished

        yield from unfinished(run, f"{run.config.publication.id}/{done.outcome.issue.id}")


def _with(
    run: Run, done: Work, posted: Sequence[ChannelOutcome], notices: Sequence[ChannelOutcome]
) -> Outcome:
    channels = {**done.outcome.channels, **{one.name: one for one in posted}}
    for one in notices:
        channels[one.name] = channels[one.name].with_notice(one)
    return done.outcome._replace(channels=channels, warnings=tuple(run.warnings))
