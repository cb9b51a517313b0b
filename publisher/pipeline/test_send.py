"""Test sends: an issue is sent to the editor's own chat or mailbox. No file and no record is written."""

from __future__ import annotations

import datetime as dt

from publisher.calendar.held_back import build_none_due_outcome
from publisher.channel import MessageChannel, Part
from publisher.config import Config
from publisher.errors import ConfigError, OutcomeUnknownError, PublisherError
from publisher.events import ChannelOutcome, EventHandler, IssueChosen, Outcome, Request
from publisher.pipeline.snapshot import take_snapshot
from publisher.redaction import redact
from publisher.run import RunContext, build_unsendable_error, select_channels
from publisher.theme import Theme


def send_test(config: Config, theme: Theme, request: Request, now: dt.datetime, report: EventHandler) -> Outcome:
    """Send an issue, which may be a draft or not due yet, to the test recipient of each message channel.

    Channels without a test recipient are skipped, unless they were named or there is no other. Raises what `publish`
    does, and ConfigError if none of the requested channels sends messages.
    """
    run = RunContext.open(config, theme, now, report, channels=select_channels(config, request.channels))
    channels = [channel for channel in run.channels if isinstance(channel, MessageChannel)]
    if not channels:
        names = ", ".join(channel.name for channel in run.channels)
        raise ConfigError(
            f"no test send is possible: {names} only writes files", "write them to a folder: publish --out DIR"
        )
    snapshot = take_snapshot(run, "" if request.issue == "latest" else request.issue)
    position = snapshot.choose(request.issue)
    if position is None:
        return build_none_due_outcome(run, snapshot.sources.values())
    issue = snapshot.records[position]
    report(IssueChosen(issue, request.issue in ("", "latest")))
    renderings = snapshot.render(position, [channel.name for channel in channels])
    skips = not request.channels and any(_find_obstacle(run, channel) is None for channel in channels)
    outcomes = {}
    for channel in channels:
        rendering = renderings[channel.name]
        if skips and (obstacle := _find_obstacle(run, channel)):
            outcome = ChannelOutcome(channel.name, note=f"skipped: {obstacle.message} · {obstacle.hint}")
        elif isinstance(rendering, PublisherError):
            outcome = ChannelOutcome(channel.name, error=rendering)
        else:
            outcome = send_test_parts(run, channel, rendering.parts, act=not request.dry_run)
        outcomes[channel.name] = outcome
        report(outcome)
    return Outcome(issue, outcomes, tuple(run.warnings))


def send_test_parts(run: RunContext, channel: MessageChannel, parts: tuple[Part, ...], *, act: bool) -> ChannelOutcome:
    """Send parts to the channel's test recipient; without `act`, only report how many there are."""
    outcome = ChannelOutcome(channel.name, issues=1, destination=channel.test_recipient)
    if obstacle := _find_obstacle(run, channel):
        return outcome._replace(error=obstacle)
    if not act:
        return outcome._replace(sent=len(parts))
    started_at = run.clock.time()
    try:
        with channel.session() as session:
            for part in parts:
                now = run.clock.time().astimezone(run.zone)
                receipt = session.deliver(part, channel.test_recipient, now)
                sent = outcome.sent + receipt.changed
                outcome = outcome._replace(sent=sent, url=outcome.url or receipt.url)
                for note in receipt.notes:
                    run.warn(f"{channel.name}: {redact(note)}")
    except PublisherError as problem:
        return outcome._replace(error=problem)
    except Exception as problem:  # it may have been sent
        message = redact(f"{type(problem).__name__}: {problem}")
        return outcome._replace(
            error=OutcomeUnknownError(message, "check the destination; a test send may be repeated")
        )
    return outcome._replace(duration=(run.clock.time() - started_at).total_seconds())


def _find_obstacle(run: RunContext, channel: MessageChannel) -> ConfigError | None:
    """Return why no test can be sent over a channel; None if one can."""
    if not channel.active_destination:
        return build_unsendable_error(run.config, channel)
    if not channel.test_recipient:
        table = f"[channels.{channel.name}] of {run.config.path.name}"
        return ConfigError("no test recipient is configured", f'add me = "…" to {table}')
    return None
