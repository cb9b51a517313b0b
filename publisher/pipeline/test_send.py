"""Proofs: an issue to the editor's own chat or mailbox. Nothing is written, and nothing noted."""

from __future__ import annotations

import datetime as dt

from publisher.channel import MessageChannel, Part
from publisher.clock import Clock
from publisher.config import Config
from publisher.credentials import redact
from publisher.errors import ConfigError, OutcomeUnknownError, PublisherError
from publisher.events import ChannelOutcome, EventHandler, IssueChosen, Outcome, Request
from publisher.pipeline.snapshot import take_snapshot
from publisher.run import RunContext, select_channels
from publisher.theme import Theme


def send_test(
    config: Config, theme: Theme, request: Request, now: dt.datetime, report: EventHandler
) -> Outcome:
    """Send an issue, which may be a draft or not due yet, to the `own` destination of each live channel.

    Raises what `publish` does, and ConfigError when no channel asked for sends anything.
    """
    dry = request._replace(dry_run=True, out=None)
    run = RunContext(
        config, theme, dry, select_channels(config, request.channels), now, report, Clock.running(now)
    )
    live = [channel for channel in run.channels if isinstance(channel, MessageChannel)]
    if not live:
        names = ", ".join(channel.name for channel in run.channels)
        raise ConfigError(
            f"no proof can be sent: {names} only writes files", "look at them: publish --out DIR"
        )
    view = take_snapshot(run, "" if request.issue == "latest" else request.issue)
    position = view.choose(request.issue)
    if position is None:
        return Outcome(None, {}, tuple(run.warnings), view.edition.next_date)
    issue = view.records[position]
    report(IssueChosen(issue, request.issue in ("", "latest")))
    made = view.render(position, [channel.name for channel in live])
    outcomes = {}
    for channel in live:
        rendering = made[channel.name]
        if isinstance(rendering, PublisherError):
            outcome = ChannelOutcome(channel.name, error=rendering)
        else:
            outcome = send_test_parts(run, channel, rendering.parts, act=not request.dry_run)
        outcomes[channel.name] = outcome
        report(outcome)
    return Outcome(issue, outcomes, tuple(run.warnings))


def send_test_parts(
    run: RunContext, channel: MessageChannel, parts: tuple[Part, ...], *, act: bool
) -> ChannelOutcome:
    """Send parts to the channel's `own` destination; without `act`, only say what that would be."""
    outcome = ChannelOutcome(channel.name, issues=1, destination=channel.test_recipient)
    table = f"[channels.{channel.name}] of {run.config.path.name}"
    if not channel.destination:
        error = ConfigError("it is not set up to send, it only writes files", f"complete {table}")
        return outcome._replace(error=error)
    if not channel.test_recipient:
        error = ConfigError("it does not know where you are", f'add me = "…" to {table}')
        return outcome._replace(error=error)
    if not act:
        return outcome._replace(sent=len(parts))
    begun = run.clock.time()
    try:
        with channel.session() as session:
            for part in parts:
                receipt = session.deliver(part, channel.test_recipient)
                sent = outcome.sent + receipt.changed
                outcome = outcome._replace(sent=sent, url=outcome.url or receipt.url)
                for note in receipt.notes:
                    run.warn(f"{channel.name}: {redact(note)}")
    except PublisherError as problem:
        return outcome._replace(error=problem)
    except Exception as problem:  # whatever it was, nobody knows whether it went out
        what = redact(f"{type(problem).__name__}: {problem}")
        return outcome._replace(error=OutcomeUnknownError(what, "look there; a proof may be sent again"))
    return outcome._replace(duration=(run.clock.time() - begun).total_seconds())
