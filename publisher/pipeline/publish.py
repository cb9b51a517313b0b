"""Publishes an issue: writes files under the lock, then sends messages, guarded by the ledger alone."""

from __future__ import annotations

import datetime as dt
from contextlib import closing, suppress
from threading import Event

from publisher.archive.naming import choose_issue
from publisher.archive.records import Edition, Record
from publisher.archive.revisions import describe_moves, require_same_feed_ids
from publisher.build.builder import BuildResult, SiteBuilder
from publisher.build.cards import draw_missing_cards
from publisher.build.output import require_own_feeds
from publisher.build.sources import Sources
from publisher.build.up_to_date import mark_up_to_date
from publisher.calendar.held_back import build_none_due_outcome, find_held_back
from publisher.calendar.repeats import require_no_repeats
from publisher.channel import ArchiveChannel
from publisher.checker import build_excess_error, build_issue_error, name_excess, require_no_errors
from publisher.clock import Clock
from publisher.config import Config
from publisher.delivery import ledger_guard
from publisher.errors import BusyError, ConfigError, PublisherError
from publisher.events import EventHandler, IssueChosen, Outcome, Request
from publisher.ledger.calendar import find_published
from publisher.ledger.destinations import build_publication_key
from publisher.ledger.queries import find_status
from publisher.pipeline.dry_run import DryRun
from publisher.run import RunContext, select_channels
from publisher.theme import Theme


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
    channels = select_channels(config, request.channels, retry=request.retry)
    run = RunContext.open(
        config, theme, now, report, channels=channels, clock=clock, dry_run=request.dry_run, out=request.out
    )
    with closing(run):
        with run.lock(), Sources(run) as sources:
            built = _build(run, sources, request)
        if isinstance(built, Outcome):
            return built
        outcome = draw_missing_cards(run, built.cards, built.outcome, built.marks)
        if not (built.messages or request.retry):
            return outcome
        from publisher.delivery.dispatcher import deliver_all, plan_all
        from publisher.pipeline.notice import find_unfinished_notices

        delivered = deliver_all(run, plan_all(run, built.messages, request), request, stop)
        with suppress(BusyError), run.lock():  # if another run is in progress, it will check by itself
            mark_up_to_date(run, built, delivered)
        issue = built.outcome.issue
        unfinished = find_unfinished_notices(run, issue.id) if request.retry and issue else ()
        notices = [deliver_all(run, [plan], request, stop) for plan in unfinished]
        return outcome.with_deliveries([delivered, *notices], run.warnings)


def _build(run: RunContext, sources: Sources, request: Request) -> BuildResult | Outcome:
    """Choose the issue and write the files; return also the messages to send, or the outcome if that is all."""
    ledger_guard.require_same_id(run, accept=request.accept_new_id)
    require_own_feeds(run)
    trial = DryRun(run, sources, request.issue) if request.dry_run and not request.retry else None
    if trial and trial.fault:
        return trial.preview_broken_issue()
    edition = sources.build_edition()
    issue = choose_issue(trial.name if trial else request.issue, sources.records, edition)
    held_back = request.held_back
    if held_back is None:
        held_back = find_held_back(run, sources.records, issue)
    if held_back:
        edition = sources.build_edition(held_back)
    if issue is None:
        run.warn(*edition.skipped)
        return build_none_due_outcome(run, sources.records.values())
    if request.correct:
        run = _select_published(run, issue)
    builder = SiteBuilder(run, sources, edition, issue, always_render_messages=request.retry)
    require_same_feed_ids(builder.revisions, accept=request.accept_new_id)
    if trial:
        trial.write_previews(issue, builder.render_issue(trial.previewed_channels))
    try:
        left_out = _require_publishable(run, sources, edition, builder, issue, request)
    except PublisherError as error:
        if trial is None:
            raise
        return trial.fail(issue, error)
    run.report(IssueChosen(issue, request.issue in ("", "latest")))
    run.warn(*edition.skipped, *filter(None, [describe_moves(builder.revisions)]))
    # also with another output folder, before that leaves the first trace in the revisions
    if run.is_recorded or not (run.dry_run or run.home.revisions.exists()):
        ledger_guard.note_newsletter(run, sources.records.values())
    for channel, reason in left_out.items():
        if request.retry and not _is_unfinished(run, issue, channel):
            builder.skip(channel)
        else:
            builder.leave_out(channel, build_excess_error(issue, channel, reason))
    built = builder.build(send_pings=request.send_pings)  # the files are written now
    outcome = built.outcome._replace(next_date=edition.next_date)
    return built._replace(outcome=trial.complete(outcome) if trial else outcome)


def _require_publishable(
    run: RunContext, sources: Sources, edition: Edition, builder: SiteBuilder, issue: Record, request: Request
) -> dict[str, str]:
    """Return the channels that the issue is too long for, with the reason.

    Raise IssueError if it has errors or is too long for all channels, unless this is a retry, ConfigError if it went
    out before under another key.
    """
    left_out: dict[str, str] = {}
    if not request.skip_checks:
        renderings = builder.render_limited()
        left_out = require_no_errors(run, issue, edition, sources.renderer.recent, renderings, force=request.force)
    if left_out and len(left_out) == len(run.channels) and not request.retry:
        raise build_issue_error(issue, [*map(name_excess, left_out)], "or publish anyway: --force")
    if not request.dry_run:
        ledger_guard.learn_destination_ids(run)
    if not request.again:
        require_no_repeats(run, builder.find_outdated(), sources.records.values())
    return left_out


def _is_unfinished(run: RunContext, issue: Record, name: str) -> bool:
    """Return whether the issue was begun on a channel and not all of it was sent: there is something to retry."""
    if not run.has_ledger:
        return False
    [channel] = [channel for channel in run.channels if channel.name == name]
    status = find_status(run.ledger, build_publication_key(run.config.newsletter, channel, issue.id, {}))
    return status is not None and status.counts.sent < status.counts.total


def _select_published(run: RunContext, issue: Record) -> RunContext:
    """Return the run for the channels with an archive where the issue is published, and for all others, which see
    for themselves. Raises ConfigError if there is no channel left."""
    newsletter, published = run.config.newsletter, find_published(run.ledger) if run.has_ledger else frozenset()
    unpublished = [
        channel
        for channel in run.channels
        if isinstance(channel, ArchiveChannel)
        and build_publication_key(newsletter, channel, issue.id, {}) not in published
    ]
    channels = tuple(channel for channel in run.channels if channel not in unpublished)
    if not channels:
        raise ConfigError(f"{issue.path} is not published yet, so there is nothing to correct", "publish")
    if unpublished:
        names = ", ".join(channel.name for channel in unpublished)
        run.warn(f"{names}: the issue is not published there: left out")
    return run.with_channels(channels)
