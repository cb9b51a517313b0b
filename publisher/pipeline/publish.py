"""Publishing: files under the lock, then the post, which the ledger alone guards."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from publisher.archive.index import Index
from publisher.archive.lock import held
from publisher.archive.records import Edition, Record, choose, edition
from publisher.archive.site import Made, Settled, Setup, Site
from publisher.archive.sources import Found, fingerprint, look
from publisher.build.builder import Delivery
from publisher.build.process_pool import Crew
from publisher.build.renderer import Desk
from publisher.build.sources import Shelf, entries, read, sources
from publisher.calendar.held_back import kept_back
from publisher.channel import AnnouncedChannel, LiveChannel
from publisher.clock import Clock
from publisher.config import Config
from publisher.errors import BusyError, ConfigError
from publisher.events import ChannelOutcome, Chosen, Outcome, Report, Request
from publisher.files import sweep
from publisher.precheck import Readings, must_be_sound
from publisher.run import Outgoing, Run, channels_for
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


class Work(NamedTuple):
    """What was done with the files, and what is left to post. `digests` cover, by channel, what the issue's
    renderings are made from; `settled` is for the channels that are done when it has arrived."""

    outcome: Outcome
    digests: Mapping[str, str] = {}
    outgoing: Sequence[Outgoing] = ()
    settled: Settled | None = None


Examine = Callable[[Run, Record, Edition, Readings], None]
"""Looks at the issue chosen, and raises PublisherError when it must not go out."""


def work(run: Run, found: list[Found], seen: int, examine: Examine | None = None) -> Work:
    """Bring the files up to date with the sources `found`, looked up at `seen` (nanoseconds), once the issue
    stood up to `examine`.

    Raises what `publish` does.
    """
    desk = Desk.of(run.config, run.theme)
    site = Site(run.out, run.home)
    with closing(Index(run.home)) as index, Crew(desk) as crew, Shelf() as shelf:
        read(run, index, crew, shelf, found, seen)
        issue = choose(run.request.issue, index.records, edition(index.records.values(), run.now.date()))
        not_yet = run.request.not_yet
        if not_yet is None:
            not_yet = kept_back(run, index.records, issue)
        current = edition(
            [record for path, record in index.records.items() if path not in not_yet], run.now.date()
        )
        if issue and examine:
            examine(run, issue, current, desk.fresh)
        if issue:
            run.report(Chosen(issue, run.request.issue in ("", "latest")))
        for text in _left_out(current):
            run.warn(text)
        if issue is None:
            return Work(Outcome(None, {}, tuple(run.warnings), current.until))
        pictures = look(
            run.config.root, sorted({one for record in current.issues for one, _, _ in record.pictures})
        )
        told = entries(run, current)
        delivery = Delivery(run, index, site, desk, current.issues, told, issue, pictures)
        outcomes = delivery.deliver(crew, shelf)
        settled = None if not_yet else _settled(index, [*found, *pictures], current)
        if not run.request.dry_run:
            for name, outcome in outcomes.items():
                site.output(name).settled = None if outcome.error else settled
            for one in delivery.outgoing:
                site.output(one.owner).settled = None
            _save(run, index, site, pictures)
        position = current.issues.index(issue)
        digests = {one.owner: delivery.digest(one.owner, position) for one in delivery.outgoing}
        return Work(Outcome(issue, outcomes, tuple(run.warnings)), digests, delivery.outgoing, settled)


def remember(run: Run, done: Work, arrived: Iterable[Outgoing]) -> None:
    """Note that those whose renderings have arrived have nothing to do until something changes."""
    site = Site(run.out, run.home)
    if site.setup and done.outcome.issue:
        for one in arrived:
            output = site.output(one.owner)
            output.settled = done.settled
            if one.owner == one.channel.name:
                output.pages = {done.outcome.issue.path: Made(done.digests[one.owner], {})}
        site.save(site.setup)


def _left_out(current: Edition) -> tuple[str, ...]:
    return tuple(f"left out: {fault.message}" for fault in current.faults.values())


def _settled(index: Index, found: list[Found], current: Edition) -> Settled | None:
    """Under which conditions the next run has nothing to do, for channels that are done."""
    if not all(record.mtime for record in index.records.values()):
        return None
    newest = current.issues[0]
    return Settled(fingerprint(found), newest.date, current.until, newest, _left_out(current))


def _save(run: Run, index: Index, site: Site, pictures: list[Found]) -> None:
    if index.dirty:
        index.save()
    names = tuple(channel.name for channel in run.config.channels)
    sources = tuple(one.path for one in pictures)
    site.save(Setup(run.config.issues, run.config.publication.timezone, names, sources))
    run.home.tell_git()
