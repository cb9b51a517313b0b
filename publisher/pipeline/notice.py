"""Writing once more to those who have an issue, about that issue: a publication of its own, known by the
issue and by what it says, so that the same words reach nobody twice, and what was begun can be ended."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

from publisher.channel import Context, MessageChannel, NoticeChannel, Rendering
from publisher.clock import Clock
from publisher.config import Config
from publisher.delivery.dispatcher import (
    DeliveryPlan,
    deliver_all,
    recover_stale_deliveries,
    simulate_deliveries,
)
from publisher.delivery.plan import Changes
from publisher.errors import ConfigError
from publisher.events import ChannelOutcome, EventHandler, IssueChosen, Outcome, Request
from publisher.ledger import DeliveryState, PublicationKey, PublicationStatus
from publisher.ledger.queries import find_recipients, find_status, find_statuses, load_original_rendering
from publisher.pipeline.snapshot import take_snapshot
from publisher.pipeline.test_send import send_test_parts
from publisher.run import RunContext, select_channels
from publisher.theme import Theme

_DIGEST_LENGTH = 12
_HANDLED_STATES = (DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.DROPPED)


class NoticeTarget(NamedTuple):
    """An issue that is out on a channel: its key there, how it stands, and what channels are told of it."""

    channel: NoticeChannel
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
    """Send `text` to all who have the issue of the request and are still on the list, or only `to_me`, as a
    proof that is noted nowhere. Nothing else is published.

    Raises what `publish` does, and ConfigError when the text is empty, when one of the channels cannot write
    such a text, and when nobody has the issue.
    """
    channels = _select_notice_channels(config, request)
    if not any(char.isprintable() and not char.isspace() for char in text):
        raise ConfigError("the notice says nothing", 'write what was wrong: --notice "TEXT"')
    clock = clock or Clock.running(now)
    with closing(
        RunContext(config, theme, request._replace(dry_run=True), channels, now, report, clock)
    ) as run:
        view = take_snapshot(run)
    position = view.choose(request.issue)
    if position is None:
        return Outcome(None, {}, tuple(run.warnings), view.edition.next_date)
    context = replace(view.renderer.context, entry=view.entries[position])
    issue = view.records[position]
    with closing(RunContext(config, theme, request, channels, now, report, clock)) as run:
        followed = [_find_notice_target(run, channel, context) for channel in channels]
        report(IssueChosen(issue, request.issue in ("", "latest")))
        outcomes = (
            _send_test_notices(run, followed, text) if test_send else _send_notices(run, followed, text)
        )
    return Outcome(issue, {one.name: one for one in outcomes}, tuple(run.warnings))


def find_unfinished_notices(run: RunContext, issue: str) -> Iterator[DeliveryPlan]:
    """The notices about the issue of this id that were begun and are not done, with what they say."""
    on = {channel.name: channel for channel in run.channels if run.is_sending_channel(channel)}
    for known in find_statuses(run.ledger, [issue]) if run.has_ledger else ():
        channel = on.get(known.key.channel)
        if (
            known.key.notice_of
            and known.part_digests
            and not known.done
            and isinstance(channel, MessageChannel)
        ):
            yield _plan_notice(run, channel, known.key, known, load_original_rendering(run.ledger, known))


def _select_notice_channels(config: Config, request: Request) -> tuple[NoticeChannel, ...]:
    """The channels of a request. Raises ConfigError when one of them cannot write a notice."""
    wanted = select_channels(config, request.channels)
    able = tuple(one for one in wanted if isinstance(one, NoticeChannel))
    if unable := ", ".join(one.name for one in wanted if one not in able):
        names = ",".join(one.name for one in config.channels if isinstance(one, NoticeChannel))
        hint = f"--channel {names}" if names else "what is out there is changed in its place: publish correct"
        raise ConfigError(f"no notice can be written on {unable}", hint)
    for one in able:
        if not one.destination:
            table = f"[channels.{one.name}] of {config.path.name}"
            raise ConfigError(f"{one.name} is not set up to send, it only writes files", f"complete {table}")
    return able


def _find_notice_target(run: RunContext, channel: NoticeChannel, context: Context) -> NoticeTarget:
    entry = context.entry
    assert entry
    key = PublicationKey(entry.id, channel.name, channel.destination)
    known = find_status(run.ledger, key) if run.has_ledger else None
    if known and known.is_adopted:
        what = "it was out before the ledger began, so nobody knows who has it"
        raise ConfigError(f"{channel.name}: {what}", "write to them by hand")
    if known is None or not known.counts.sent:
        hint = f"publish {entry.date} --channel {channel.name}"
        raise ConfigError(f"{channel.name}: nobody has the issue {entry.date} yet", hint)
    return NoticeTarget(channel, key, known, context)


def _send_notices(run: RunContext, followed: Sequence[NoticeTarget], text: str) -> Sequence[ChannelOutcome]:
    found = [_plan_new_notice(run, one, text) for one in followed]
    if not run.request.dry_run:
        return [*deliver_all(run, found).values()]
    outcomes = [*simulate_deliveries(run, found)]
    for outcome in outcomes:
        run.report(outcome)
    return outcomes


def _send_test_notices(
    run: RunContext, followed: Sequence[NoticeTarget], text: str
) -> Sequence[ChannelOutcome]:
    outcomes = []
    for one in followed:
        parts = _render_for_target(run, one, text).parts
        outcomes.append(send_test_parts(run, one.channel, parts, act=not run.request.dry_run))
        run.report(outcomes[-1])
    return outcomes


def _plan_new_notice(run: RunContext, followed: NoticeTarget, text: str) -> DeliveryPlan:
    channel, counts = followed.channel, followed.status.counts
    words = hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()
    key = followed.key.for_notice(words[:_DIGEST_LENGTH])
    known = find_status(run.ledger, key)
    begun = known and known.part_digests and load_original_rendering(run.ledger, known)
    letter = _plan_notice(run, channel, key, known, begun or _render_for_target(run, followed, text))
    if without := counts.total - counts.sent - counts.dropped:
        run.warn(f"{channel.name}: {without} of {counts.total} do not have the issue, and get no notice")
    if not (begun or letter.changes.pending):
        raise ConfigError(f"{channel.name}: nobody who has the issue is on the list any more")
    return letter


def _render_for_target(run: RunContext, followed: NoticeTarget, text: str) -> Rendering:
    """The text as a channel writes it, below what was sent and not below what would be sent now."""
    sent = load_original_rendering(run.ledger, followed.status).parts
    return followed.channel.render_notice(text, sent, followed.context, run.now)


def _plan_notice(
    run: RunContext,
    channel: MessageChannel,
    key: PublicationKey,
    known: PublicationStatus | None,
    rendering: Rendering,
) -> DeliveryPlan:
    """What there is to do about a notice: whoever has the issue, is on the list and was not told yet."""
    if known and not run.request.dry_run:
        recover_stale_deliveries(run.ledger, channel, key, run.clock.time())
        known = find_status(run.ledger, key)
    over = _HANDLED_STATES if run.request.retry else (*_HANDLED_STATES, DeliveryState.FAILED)
    first = key.notice_of
    assert first
    only = find_recipients(run.ledger, first, DeliveryState.SENT)
    told = find_recipients(run.ledger, key, *over)
    waiting = sum(1 for one in channel.recipients() if one in only and one not in told)
    return DeliveryPlan(channel, rendering, key, known, Changes(pending=waiting), only_recipients=only)
