"""Publishing: files under the lock, then the post, which the ledger alone guards."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from publisher.archive.index import Index
from publisher.archive.lock import acquire_lock
from publisher.archive.records import Edition, Record, build_edition, choose_issue
from publisher.archive.site import BuiltFiles, OutputFolder, SiteSetup, UpToDateMark
from publisher.archive.sources import SourceFile, compute_fingerprint, stat_files
from publisher.build.builder import SiteBuilder
from publisher.build.process_pool import ProcessPool
from publisher.build.renderer import IssueRenderer
from publisher.build.sources import DocumentSpool, build_entries, find_sources, update_index
from publisher.calendar.held_back import find_held_back
from publisher.channel import MessageChannel, PingChannel
from publisher.clock import Clock
from publisher.config import Config
from publisher.errors import BusyError, ConfigError
from publisher.events import ChannelOutcome, EventHandler, IssueChosen, Outcome, Request
from publisher.files import remove_temporary_files
from publisher.precheck import ParsedTexts, require_no_errors
from publisher.run import OutgoingMessage, RunContext, select_channels
from publisher.theme import Theme

if TYPE_CHECKING:
    from publisher.delivery.dispatcher import DeliveryPlan


def publish(
    config: Config,
    theme: Theme,
    request: Request,
    now: dt.datetime,
    report: EventHandler,
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
    channels = select_channels(config, request.channels)
    if request.retry:  # a file is simply written again
        channels = tuple(one for one in channels if isinstance(one, MessageChannel | PingChannel))
        if not channels:
            raise ConfigError("there is nothing to retry: these channels only write files", "publish")
    clock, stop = clock or Clock.running(now), stop or Event()
    examine = None if request.skip_checks else require_no_errors
    with closing(RunContext(config, theme, request, channels, now, report, clock, stop)) as run:
        if request.dry_run:
            return _preview_delivery(run, build_from_sources(run, examine))
        with acquire_lock(run.home.lock) as died:
            if died:
                remove_temporary_files(run.output_folder / config.newsletter.site)
                remove_temporary_files(run.home.folder)
            done = build_from_sources(run, examine)
        return _deliver_built(run, done) if done.outgoing or request.retry else done.outcome


def build_from_sources(run: RunContext, validate: IssueValidator | None = None) -> BuildResult:
    """Look up the sources, and bring the files up to date; in a dry run, only report what would change."""
    seen = time.time_ns()
    return build(run, find_sources(run.config), seen, validate)


def _deliver_built(run: RunContext, done: BuildResult) -> Outcome:
    """Post what the live channels made."""
    from publisher.delivery.dispatcher import deliver_all, plan_all

    outcomes = deliver_all(run, plan_all(run, done.outgoing, run.ledger))
    finished = {name for name, outcome in outcomes.items() if not (outcome.error or outcome.held_reason)}
    with suppress(BusyError), acquire_lock(run.home.lock):  # who is at work there now will look for itself
        mark_up_to_date(run, done, [one for one in done.outgoing if one.channel.name in finished])
    notices = [
        one for letter in _plan_notice_retries(run, done) for one in deliver_all(run, [letter]).values()
    ]
    return _merge_outcomes(run, done, [*outcomes.values()], notices)


def _preview_delivery(run: RunContext, done: BuildResult) -> Outcome:
    """What `_post` would do."""
    if not (done.outgoing or run.request.retry):
        return done.outcome
    from publisher.delivery.dispatcher import plan_all, simulate_deliveries

    ledger = run.ledger if run.has_ledger else None
    outcomes = [*simulate_deliveries(run, plan_all(run, done.outgoing, ledger))]
    notices = [*simulate_deliveries(run, [*_plan_notice_retries(run, done)])]
    for outcome in (*outcomes, *notices):
        run.report(outcome)
    return _merge_outcomes(run, done, outcomes, notices)


def _plan_notice_retries(run: RunContext, done: BuildResult) -> Iterator[DeliveryPlan]:
    """The notices about the issue that are to be retried."""
    if run.request.retry and done.outcome.issue:
        from publisher.pipeline.notice import find_unfinished_notices

        yield from find_unfinished_notices(run, f"{run.config.newsletter.id}/{done.outcome.issue.id}")


def _merge_outcomes(
    run: RunContext, done: BuildResult, posted: Sequence[ChannelOutcome], notices: Sequence[ChannelOutcome]
) -> Outcome:
    channels = {**done.outcome.channels, **{one.name: one for one in posted}}
    for one in notices:
        channels[one.name] = channels[one.name].with_notice(one)
    return done.outcome._replace(channels=channels, warnings=tuple(run.warnings))


class BuildResult(NamedTuple):
    """What was done with the files, and what is left to post. `digests` cover, by channel, what the issue's
    renderings are made from; `settled` is for the channels that are done when it has arrived."""

    outcome: Outcome
    digests: Mapping[str, str] = {}
    outgoing: Sequence[OutgoingMessage] = ()
    settled: UpToDateMark | None = None


IssueValidator = Callable[[RunContext, Record, Edition, ParsedTexts], None]
"""Looks at the issue chosen, and raises PublisherError when it must not go out."""


def build(
    run: RunContext, files: list[SourceFile], scanned_at: int, validate: IssueValidator | None = None
) -> BuildResult:
    """Bring the files up to date with the sources `found`, looked up at `seen` (nanoseconds), once the issue
    stood up to `examine`.

    Raises what `publish` does.
    """
    desk = IssueRenderer.for_config(run.config, run.theme)
    site = OutputFolder(run.output_folder, run.home)
    with closing(Index(run.home)) as index, ProcessPool(desk) as crew, DocumentSpool() as shelf:
        update_index(run, index, crew, shelf, files, scanned_at)
        issue = choose_issue(
            run.request.issue, index.records, build_edition(index.records.values(), run.now.date())
        )
        not_yet = run.request.held_back
        if not_yet is None:
            not_yet = find_held_back(run, index.records, issue)
        current = build_edition(
            [record for path, record in index.records.items() if path not in not_yet], run.now.date()
        )
        if issue and validate:
            validate(run, issue, current, desk.recent)
        if issue:
            run.report(IssueChosen(issue, run.request.issue in ("", "latest")))
        for text in _format_skipped(current):
            run.warn(text)
        if issue is None:
            return BuildResult(Outcome(None, {}, tuple(run.warnings), current.next_date))
        pictures = stat_files(
            run.config.root, sorted({one for record in current.issues for one, _, _ in record.images})
        )
        told = build_entries(run, current)
        delivery = SiteBuilder(run, index, site, desk, current.issues, told, issue, pictures)
        outcomes = delivery.build(crew, shelf)
        settled = None if not_yet else _build_up_to_date_mark(index, [*files, *pictures], current)
        if not run.request.dry_run:
            for name, outcome in outcomes.items():
                site.channel_files(name).up_to_date = None if outcome.error else settled
            for one in delivery.outgoing:
                site.channel_files(one.source_channel).up_to_date = None
            _save_state(run, index, site, pictures)
        position = current.issues.index(issue)
        digests = {
            one.source_channel: delivery.rendering_digest(one.source_channel, position)
            for one in delivery.outgoing
        }
        return BuildResult(Outcome(issue, outcomes, tuple(run.warnings)), digests, delivery.outgoing, settled)


def mark_up_to_date(run: RunContext, result: BuildResult, arrived: Iterable[OutgoingMessage]) -> None:
    """Note that those whose renderings have arrived have nothing to do until something changes."""
    site = OutputFolder(run.output_folder, run.home)
    if site.setup and result.outcome.issue:
        for one in arrived:
            output = site.channel_files(one.source_channel)
            output.up_to_date = result.settled
            if one.source_channel == one.channel.name:
                output.pages = {result.outcome.issue.path: BuiltFiles(result.digests[one.source_channel], {})}
        site.save(site.setup)


def _format_skipped(current: Edition) -> tuple[str, ...]:
    return tuple(f"left out: {fault.message}" for fault in current.faults.values())


def _build_up_to_date_mark(index: Index, found: list[SourceFile], current: Edition) -> UpToDateMark | None:
    """Under which conditions the next run has nothing to do, for channels that are done."""
    if not all(record.mtime for record in index.records.values()):
        return None
    newest = current.issues[0]
    return UpToDateMark(
        compute_fingerprint(found), newest.date, current.next_date, newest, _format_skipped(current)
    )


def _save_state(run: RunContext, index: Index, site: OutputFolder, images: list[SourceFile]) -> None:
    if index.dirty:
        index.save()
    names = tuple(channel.name for channel in run.config.channels)
    sources = tuple(one.path for one in images)
    site.save(SiteSetup(run.config.issues, run.config.newsletter.timezone, names, sources))
    run.home.write_gitignore()
