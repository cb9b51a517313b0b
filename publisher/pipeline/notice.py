"""Sends a notice, such as a correction, to the recipients of an issue.

A notice is a separate publication whose key is the issue and a digest of the text. So no one gets the same
text twice, and an interrupted notice can be completed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from threading import Event

from msgspec.structs import replace

from publisher.calendar.held_back import build_none_due_outcome
from publisher.channel import Channel, Context, MessageChannel, Rendering
from publisher.clock import Clock
from publisher.config import Config
from publisher.delivery.dispatcher import deliver_all, recover_stale_deliveries
from publisher.delivery.plan import DeliveryPlan
from publisher.delivery.recipients import count_recipients
from publisher.errors import ConfigError
from publisher.events import ChannelOutcome, EventHandler, IssueChosen, Outcome, Request
from publisher.ledger import DeliveryState, PublicationKey, PublicationStatus
from publisher.ledger.destinations import load_destination_ids
from publisher.ledger.queries import find_recipients, find_status, find_statuses, load_original_rendering
from publisher.named_tuple import NamedTuple
from publisher.pipeline.snapshot import take_snapshot
from publisher.pipeline.test_send import send_test_parts
from publisher.run import RunContext, build_unsendable_error, select_channels
from publisher.theme import Theme

_DIGEST_LENGTH = 12
_HANDLED_STATES = (DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.DROPPED)


class NoticeTarget(NamedTuple):
    """An issue that was sent over a channel: its key, its status, and the context to render a notice."""

    channel: MessageChannel
    key: PublicationKey
    status: PublicationStatus
    context: Context


def send_notice(
    config: Config,
    theme: Theme,
    request: Request,
    text: str,
    now: dt.datetime,
    report: EventHandler,
    *,
    test_send: bool = False,
    clock: Clock | None = None,
) -> Outcome:
    """Send `text` to all recipients of the requested issue who are still on the list, and nothing else.

    With `test_send` it goes to the editor only and is not recorded. Raises what `publish` does, and
    ConfigError if the text is empty, if one of the channels cannot send notices, or if no one has the issue.
    """
    channels = _select_notice_channels(config, request)
    if not any(char.isprintable() and not char.isspace() for char in text):
        raise ConfigError("the notice is empty", 'write the text: --notice "TEXT"')
    with closing(RunContext.open(config, theme, now, report, channels=channels)) as run:
        snapshot = take_snapshot(run)
    position = snapshot.choose(request.issue)
    if position is None:
        return build_none_due_outcome(run, snapshot.sources.values())
    context = replace(snapshot.renderer.context, entry=snapshot.entries[position])
    issue = snapshot.records[position]
    with closing(
        RunContext.open(
            config, theme, now, report, channels=channels, clock=clock, dry_run=request.dry_run, out=request.out
        )
    ) as run:
        targets = [_find_notice_target(run, channel, context) for channel in channels]
        report(IssueChosen(issue, request.issue in ("", "latest")))
        if test_send:
            outcomes = _send_test_notices(run, targets, text)
        else:
            plans = [_plan_new_notice(run, target, text) for target in targets]
            outcomes = [*deliver_all(run, plans, request).values()]
    return Outcome(issue, {outcome.name: outcome for outcome in outcomes}, tuple(run.warnings))


def find_unfinished_notices(run: RunContext, issue: str) -> Iterator[DeliveryPlan]:
    """Yield the unfinished notices about an issue, with their original text.

    `issue` is its id, without that of the newsletter.
    """
    channels = {channel.name: channel for channel in run.channels if run.is_sending_channel(channel)}
    if not run.has_ledger:
        return
    for status in find_statuses(run.ledger, [f"{run.config.newsletter.id}/{issue}"]):
        channel = channels.get(status.key.channel)
        is_unfinished = not status.done or status.counts.unlisted
        if status.key.notice_of and status.part_digests and is_unfinished and channel:
            rendering = load_original_rendering(run.ledger, status)
            yield _plan_notice(run, channel, status.key, status, rendering, retry=True)


def _select_notice_channels(config: Config, request: Request) -> tuple[MessageChannel, ...]:
    """Return the requested channels. Raises ConfigError if one of them cannot send notices."""
    wanted = select_channels(config, request.channels)
    capable = _find_notice_channels(wanted)
    if incapable := ", ".join(channel.name for channel in wanted if channel not in capable):
        names = ",".join(channel.name for channel in _find_notice_channels(config.channels))
        hint = f"--channel {names}" if names else "edit what was published instead: publish correct"
        raise ConfigError(f"notices cannot be sent on {incapable}", hint)
    for channel in capable:
        if not channel.active_destination:
            error = build_unsendable_error(config, channel)
            raise ConfigError(f"{channel.name}: {error.message}", error.hint)
    return capable


def _find_notice_channels(channels: Sequence[Channel]) -> tuple[MessageChannel, ...]:
    return tuple(
        channel for channel in channels if isinstance(channel, MessageChannel) and channel.capabilities.can_send_notices
    )


def _find_notice_target(run: RunContext, channel: MessageChannel, context: Context) -> NoticeTarget:
    entry = context.entry
    assert entry
    key = PublicationKey(entry.id, channel.name, channel.active_destination)
    status = find_status(run.ledger, key) if run.has_ledger else None
    if status and status.is_adopted:
        reason = "the issue was published before the ledger began, so its recipients are unknown"
        raise ConfigError(f"{channel.name}: {reason}", "send the notice by hand")
    if status is None or not status.counts.sent:
        hint = f"publish {entry.date} --channel {channel.name}"
        raise ConfigError(f"{channel.name}: the issue {entry.date} was not sent yet", hint)
    return NoticeTarget(channel, key, status, context)


def _send_test_notices(run: RunContext, targets: Sequence[NoticeTarget], text: str) -> Sequence[ChannelOutcome]:
    outcomes = []
    for target in targets:
        parts = _render_for_target(run, target, text).parts
        outcomes.append(send_test_parts(run, target.channel, parts, act=not run.dry_run))
        run.report(outcomes[-1])
    return outcomes


def _plan_new_notice(run: RunContext, target: NoticeTarget, text: str) -> DeliveryPlan:
    channel, counts = target.channel, target.status.counts
    text_digest = hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()
    key = target.key.for_notice(text_digest[:_DIGEST_LENGTH])
    status = find_status(run.ledger, key)
    original = status and status.part_digests and load_original_rendering(run.ledger, status)
    plan = _plan_notice(run, channel, key, status, original or _render_for_target(run, target, text))
    if missing := counts.total - counts.sent - counts.dropped - counts.unlisted:
        run.warn(f"{channel.name}: {missing} of {counts.total} did not get the issue and get no notice")
    if not (original or plan.pending):
        raise ConfigError(f"{channel.name}: no recipient of the issue is on the list any more")
    return plan


def _render_for_target(run: RunContext, target: NoticeTarget, text: str) -> Rendering:
    """Render the text as a reply to the messages that were sent, not to those of the current issue."""
    sent = load_original_rendering(run.ledger, target.status).parts
    return target.channel.render_notice(text, sent, target.context)


def _plan_notice(
    run: RunContext,
    channel: MessageChannel,
    key: PublicationKey,
    status: PublicationStatus | None,
    rendering: Rendering,
    *,
    retry: bool = False,
) -> DeliveryPlan:
    """Plan a notice to those who have the issue, are still on the list and do not have the notice yet."""
    if status and not run.dry_run:
        recover_stale_deliveries(run.ledger, channel, key, run.clock.time())
        status = find_status(run.ledger, key)
    handled = _HANDLED_STATES if retry else (*_HANDLED_STATES, DeliveryState.FAILED)
    issue_key = key.notice_of
    assert issue_key
    have_issue = find_recipients(run.ledger, issue_key, DeliveryState.SENT)
    have_notice = find_recipients(run.ledger, key, *handled)
    ids, waiting = load_destination_ids(run.ledger, channel.name), have_issue - have_notice
    pending = count_recipients(channel, run.ledger, run.clock, Event(), lambda name: ids.get(name, name) in waiting)
    return DeliveryPlan(channel, rendering, key, status, only_recipients=have_issue, pending=pending)
