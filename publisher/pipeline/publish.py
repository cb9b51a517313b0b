"""Publishes an issue: writes files under the lock, then sends messages, guarded by the ledger alone."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from publisher.archive.index import Index
from publisher.archive.lock import acquire_lock
from publisher.archive.output_folder import BuiltFiles, OutputFolder, SiteSetup, UpToDateMark
from publisher.archive.records import Edition, Record, build_edition, choose_issue
from publisher.archive.revisions import Revisions
from publisher.archive.sources import SourceFile, compute_fingerprint, stat_files
from publisher.build.builder import SiteBuilder
from publisher.build.process_pool import ProcessPool
from publisher.build.renderer import IssueRenderer
from publisher.build.sources import DocumentSpool, build_entries, find_sources, update_index
from publisher.calendar.held_back import find_held_back
from publisher.channel import MessageChannel, PingChannel, Rendering
from publisher.checker import ParsedTexts, require_no_errors
from publisher.clock import Clock
from publisher.config import Config
from publisher.errors import BusyError, ConfigError, PublisherError
from publisher.events import ChannelOutcome, EventHandler, IssueChosen, Outcome, Request
from publisher.files import remove_temporary_files
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
    """Bring the requested channels up to date.

    `now` is the time of the run (aware); `clock` is used for waiting and for timestamps during the run.
    `stop` ends the run after the deliveries in progress.

    A channel that fails is reported in the outcome and does not stop the others; an issue that cannot be
    parsed is left out with a warning. Raises, before anything is delivered, ConfigError for a channel or an
    issue that does not exist, IssueError if the issue to publish cannot be parsed or has errors, BusyError if
    another process is publishing this newsletter; and StorageError if a folder cannot be read, or the ledger
    or the saved state cannot be written.
    """
    channels = select_channels(config, request.channels)
    if request.retry:  # files need no retry
        channels = tuple(channel for channel in channels if isinstance(channel, MessageChannel | PingChannel))
        if not channels:
            raise ConfigError("nothing to retry: these channels only write files", "publish")
    clock, stop = clock or Clock.running(now), stop or Event()
    validate = None if request.skip_checks else require_no_errors
    with closing(RunContext(config, theme, request, channels, now, report, clock, stop)) as run:
        if request.dry_run:
            return _preview_delivery(run, build_from_sources(run, validate))
        with acquire_lock(run.home.lock) as was_interrupted:
            if was_interrupted:
                remove_temporary_files(run.output_folder / config.newsletter.site)
                remove_temporary_files(run.home.folder)
            built = build_from_sources(run, validate)
        return _deliver_built(run, built) if built.outgoing or request.retry else built.outcome


def build_from_sources(run: RunContext, validate: IssueValidator | None = None) -> BuildResult:
    """Find the source files and bring the output up to date; in a dry run, only report what would change."""
    scanned_at = time.time_ns()
    return build(run, find_sources(run.config), scanned_at, validate)


def _deliver_built(run: RunContext, built: BuildResult) -> Outcome:
    """Send the messages."""
    from publisher.delivery.dispatcher import deliver_all, plan_all

    outcomes = deliver_all(run, plan_all(run, built.outgoing, run.ledger))
    finished = {name for name, outcome in outcomes.items() if not (outcome.error or outcome.held_reason)}
    with (
        suppress(BusyError),
        acquire_lock(run.home.lock),
    ):  # then another run is in progress, and will check by itself
        mark_up_to_date(
            run, built, [message for message in built.outgoing if message.channel.name in finished]
        )
    notices = [
        outcome for plan in _plan_notice_retries(run, built) for outcome in deliver_all(run, [plan]).values()
    ]
    return _merge_outcomes(run, built, [*outcomes.values()], notices)


def _preview_delivery(run: RunContext, built: BuildResult) -> Outcome:
    """Report what `_deliver_built` would do."""
    if not (built.outgoing or run.request.retry):
        return built.outcome
    from publisher.delivery.dispatcher import plan_all, simulate_deliveries

    ledger = run.ledger if run.has_ledger else None
    outcomes = [*simulate_deliveries(run, plan_all(run, built.outgoing, ledger))]
    notices = [*simulate_deliveries(run, [*_plan_notice_retries(run, built)])]
    for outcome in (*outcomes, *notices):
        run.report(outcome)
    return _merge_outcomes(run, built, outcomes, notices)


def _plan_notice_retries(run: RunContext, built: BuildResult) -> Iterator[DeliveryPlan]:
    """Yield the unfinished notices about the issue, if this is a retry."""
    if run.request.retry and built.outcome.issue:
        from publisher.pipeline.notice import find_unfinished_notices

        yield from find_unfinished_notices(run, f"{run.config.newsletter.id}/{built.outcome.issue.id}")


def _merge_outcomes(
    run: RunContext, built: BuildResult, outcomes: Sequence[ChannelOutcome], notices: Sequence[ChannelOutcome]
) -> Outcome:
    channels = {**built.outcome.channels, **{outcome.name: outcome for outcome in outcomes}}
    for notice in notices:
        channels[notice.name] = channels[notice.name].with_notice(notice)
    return built.outcome._replace(channels=channels, warnings=tuple(run.warnings))


class BuildResult(NamedTuple):
    """The outcome for the files, and the messages to send.

    `digests`: by channel, a digest of all inputs of the issue's rendering. `settled`: the mark for channels
    that are up to date once their messages are delivered.
    """

    outcome: Outcome
    digests: Mapping[str, str] = {}
    outgoing: Sequence[OutgoingMessage] = ()
    settled: UpToDateMark | None = None


IssueValidator = Callable[
    [RunContext, Record, Edition, ParsedTexts, Mapping[str, Rendering | PublisherError]], None
]
"""Checks the chosen issue and its renderings, and raises PublisherError if it must not be published."""


def build(
    run: RunContext, files: list[SourceFile], scanned_at: int, validate: IssueValidator | None = None
) -> BuildResult:
    """Bring the output up to date with the source `files`, which were found at `scanned_at` (nanoseconds).

    `validate` checks the issue first. Raises what `publish` does.
    """
    renderer = IssueRenderer.for_config(run.config, run.theme)
    site = OutputFolder(run.output_folder, run.home)
    with closing(Index(run.home)) as index, ProcessPool(renderer) as pool, DocumentSpool() as spool:
        update_index(run, index, pool, spool, files, scanned_at)
        issue = choose_issue(
            run.request.issue, index.records, build_edition(index.records.values(), run.now.date())
        )
        held_back = run.request.held_back
        if held_back is None:
            held_back = find_held_back(run, index.records, issue)
        current = build_edition(
            [record for path, record in index.records.items() if path not in held_back], run.now.date()
        )
        if issue is None:
            for warning in _format_skipped(current):
                run.warn(warning)
            return BuildResult(Outcome(None, {}, tuple(run.warnings), current.next_date))
        images = stat_files(
            run.config.root, sorted({source for record in current.issues for source, _, _ in record.images})
        )
        revisions = Revisions(run.home.revisions)
        entries = build_entries(run, current, revisions)
        builder = SiteBuilder(run, index, site, renderer, current.issues, entries, issue, images)
        if validate:
            validate(run, issue, current, renderer.recent, builder.render_limited(spool))
        run.report(IssueChosen(issue, run.request.issue in ("", "latest")))
        for warning in _format_skipped(current):
            run.warn(warning)
        if not run.request.dry_run:
            revisions.save()  # times of correction are saved before any channel publishes them
        outcomes = builder.build(pool, spool)
        settled = None if held_back else _build_up_to_date_mark(index, [*files, *images], current)
        if not run.request.dry_run:
            for name, outcome in outcomes.items():
                site.channel_files(name).up_to_date = None if outcome.error else settled
            for message in builder.outgoing:
                site.channel_files(message.source_channel).up_to_date = None
            _save_state(run, index, site, images)
        position = current.issues.index(issue)
        digests = {
            message.source_channel: builder.rendering_digest(message.source_channel, position)
            for message in builder.outgoing
        }
        return BuildResult(Outcome(issue, outcomes, tuple(run.warnings)), digests, builder.outgoing, settled)


def mark_up_to_date(run: RunContext, result: BuildResult, delivered: Iterable[OutgoingMessage]) -> None:
    """Record that the channels of delivered messages are up to date until something changes."""
    site = OutputFolder(run.output_folder, run.home)
    if site.setup and result.outcome.issue:
        for message in delivered:
            name = message.source_channel
            output = site.channel_files(name)
            output.up_to_date = result.settled
            if name == message.channel.name:
                output.pages = {result.outcome.issue.path: BuiltFiles(result.digests[name], {})}
        site.save(site.setup)


def _format_skipped(current: Edition) -> tuple[str, ...]:
    return tuple(f"left out: {fault.message}" for fault in current.faults.values())


def _build_up_to_date_mark(index: Index, files: list[SourceFile], current: Edition) -> UpToDateMark | None:
    """Return the state in which the next run has nothing to do; None if a source may change unnoticed."""
    if not all(record.mtime for record in index.records.values()):
        return None
    newest = current.issues[0]
    return UpToDateMark(
        compute_fingerprint(files), newest.date, current.next_date, newest, _format_skipped(current)
    )


def _save_state(run: RunContext, index: Index, site: OutputFolder, images: list[SourceFile]) -> None:
    if index.dirty:
        index.save()
    names = tuple(channel.name for channel in run.config.channels)
    sources = tuple(image.path for image in images)
    site.save(SiteSetup(run.config.issues, run.config.newsletter.timezone, names, sources))
    run.home.write_gitignore()
