"""Writing once more to those who have an issue, about that issue: a publication of its own, known by the
issue and by what it says, so that the same words reach nobody twice, and what was begun can be ended."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

from publisher.channel import Context, FollowingChannel, LiveChannel, Rendering
from publisher.clock import Clock
from publisher.config import Config
from publisher.delivery.dispatcher import Letter, foreseen, post, recover
from publisher.delivery.plan import Survey
from publisher.errors import ConfigError
from publisher.events import ChannelOutcome, Chosen, Outcome, Report, Request
from publisher.ledger import Key, Standing, State
from publisher.ledger.queries import as_planned, recipients, standing, standings
from publisher.pipeline.snapshot import look
from publisher.pipeline.test_send import send_to_self
from publisher.run import Run, channels_for
from publisher.theme import Theme

_DIGEST = 12
_OVER = (State.SENT, State.SENDING, State.UNKNOWN, State.DROPPED)


class Followed(NamedTuple):
    """An issue that is out on a channel: its key there, how it stands, and what channels are told of it."""

    channel: FollowingChannel
    key: Key
    standing: Standing
    context: Context


def notify(
    config: Config,
    theme: Theme,
    request: Request,
    text: str,
    now: dt.datetime,
    report: Report,
    *,
    to_me: bool = False,
    clock: Clock | None = None,
) -> Outcome:
    """Send `text` to all who have the issue of the request and are still on the list, or only `to_me`, as a
    proof that is noted nowhere. Nothing else is published.

    Raises what `publish` does, and ConfigError when the text is empty, when one of the channels cannot write
    such a text, and when nobody has the issue.
    """
    channels = _writers(config, request)
    if not any(char.isprintable() and not char.isspace() for char in text):
        raise ConfigError("the notice says nothing", 'write what was wrong: --notice "TEXT"')
    clock = clock or Clock.running(now)
    with closing(Run(config, theme, request._replace(dry_run=True), channels, now, report, clock)) as run:
        view = look(run)
    position = view.choose(request.issue)
    if position is None:
        return Outcome(None, {}, tuple(run.warnings), view.edition.until)
    context = replace(view.desk.context, entry=view.entries[position])
    issue = view.records[position]
    with closing(Run(config, theme, request, channels, now, report, clock)) as run:
        followed = [_followed(run, channel, context) for channel in channels]
        report(Chosen(issue, request.issue in ("", "latest")))
        outcomes = _proofs(run, followed, text) if to_me else _send(run, followed, text)
    return Outcome(issue, {one.name: one for one in outcomes}, tuple(run.warnings))


def unfinished(run: Run, issue: str) -> Iterator[Letter]:
    """The notices about the issue of this id that were begun and are not done, with what they say."""
    on = {channel.name: channel for channel in run.channels if run.is_live(channel)}
    for known in standings(run.ledger, [issue]) if run.has_ledger else ():
        channel = on.get(known.key.channel)
        if known.key.followed and known.parts and not known.done and isinstance(channel, LiveChannel):
            yield _letter(run, channel, known.key, known, as_planned(run.ledger, known))


def _writers(config: Config, request: Request) -> tuple[FollowingChannel, ...]:
    """The channels of a request. Raises ConfigError when one of them cannot write a notice."""
    wanted = channels_for(config, request.channels)
    able = tuple(one for one in wanted if isinstance(one, FollowingChannel))
    if unable := ", ".join(one.name for one in wanted if one not in able):
        names = ",".join(one.name for one in config.channels if isinstance(one, FollowingChannel))
        hint = f"--channel {names}" if names else "what is out there is changed in its place: publish correct"
        raise ConfigError(f"no notice can be written on {unable}", hint)
    for one in able:
        if not one.destination:
            table = f"[channels.{one.name}] of {config.path.name}"
            raise ConfigError(f"{one.name} is not set up to send, it only writes files", f"complete {table}")
    return able


def _followed(run: Run, channel: FollowingChannel, context: Context) -> Followed:
    entry = context.entry
    assert entry
    key = Key(entry.id, channel.name, channel.destination)
    known = standing(run.ledger, key) if run.has_ledger else None
    if known and known.is_adopted:
        what = "it was out before the ledger began, so nobody knows who has it"
        raise ConfigError(f"{channel.name}: {what}", "write to them by hand")
    if known is None or not known.counts.sent:
        hint = f"publish {entry.date} --channel {channel.name}"
        raise ConfigError(f"{channel.name}: nobody has the issue {entry.date} yet", hint)
    return Followed(channel, key, known, context)


def _send(run: Run, followed: Sequence[Followed], text: str) -> Sequence[ChannelOutcome]:
    found = [_letter_about(run, one, text) for one in followed]
    if not run.request.dry_run:
        return [*post(run, found).values()]
    outcomes = [*foreseen(run, found)]
    for outcome in outcomes:
        run.report(outcome)
    return outcomes


def _proofs(run: Run, followed: Sequence[Followed], text: str) -> Sequence[ChannelOutcome]:
    outcomes = []
    for one in followed:
        parts = _written(run, one, text).parts
        outcomes.append(send_to_self(run, one.channel, parts, act=not run.request.dry_run))
        run.report(outcomes[-1])
    return outcomes


def _letter_about(run: Run, followed: Followed, text: str) -> Letter:
    channel, counts = followed.channel, followed.standing.counts
    words = hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()
    key = followed.key.notice(words[:_DIGEST])
    known = standing(run.ledger, key)
    begun = known and known.parts and as_planned(run.ledger, known)
    letter = _letter(run, channel, key, known, begun or _written(run, followed, text))
    if without := counts.total - counts.sent - counts.dropped:
        run.warn(f"{channel.name}: {without} of {counts.total} do not have the issue, and get no notice")
    if not (begun or letter.survey.waiting):
        raise ConfigError(f"{channel.name}: nobody who has the issue is on the list any more")
    return letter


def _written(run: Run, followed: Followed, text: str) -> Rendering:
    """The text as a channel writes it, below what was sent and not below what would be sent now."""
    sent = as_planned(run.ledger, followed.standing).parts
    return followed.channel.follow_up(text, sent, followed.context, run.now)


def _letter(run: Run, channel: LiveChannel, key: Key, known: Standing | None, rendering: Rendering) -> Letter:
    """What there is to do about a notice: whoever has the issue, is on the list and was not told yet."""
    if known and not run.request.dry_run:
        recover(run.ledger, channel, key, run.clock.time())
        known = standing(run.ledger, key)
    over = _OVER if run.request.retry else (*_OVER, State.FAILED)
    first = key.followed
    assert first
    only = recipients(run.ledger, first, State.SENT)
    told = recipients(run.ledger, key, *over)
    waiting = sum(1 for one in channel.recipients() if one in only and one not in told)
    return Letter(channel, rendering, key, known, Survey(waiting=waiting), only=only)
