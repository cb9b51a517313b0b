"""The post office: all live channels of a run, side by side, after one question to the editor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from threading import Event, Thread
from typing import NamedTuple

from publisher.channel import MessageChannel, Rendering
from publisher.credentials import redact
from publisher.delivery import ledger_guard
from publisher.delivery.job import DeliveryJob, find_delivery_error
from publisher.delivery.plan import Changes, plan_changes
from publisher.errors import BusyError, ConfigError, OutcomeUnknownError, PublisherError
from publisher.events import ChannelOutcome, PendingSend, Request
from publisher.ledger import DeliveryCounts, Ledger, PublicationKey, PublicationStatus
from publisher.ledger.plan import compute_parts_digest
from publisher.ledger.queries import find_status
from publisher.run import OutgoingMessage, RunContext


class DeliveryPlan(NamedTuple):
    """What a live channel made of an issue that was to appear at a time, and what there is to do with it;
    `only` for these recipients, if not for all."""

    channel: MessageChannel
    rendering: Rendering
    key: PublicationKey
    status: PublicationStatus | None
    changes: Changes
    published: dt.datetime | None = None
    only_recipients: frozenset[str] | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is out, as it is now."""
        known = self.status
        is_out = known and known.done and known.digest == compute_parts_digest(self.rendering.parts)
        return bool(is_out and not self.changes.pending)


def plan_all(
    run: RunContext, outgoing: Sequence[OutgoingMessage], ledger: Ledger | None
) -> list[DeliveryPlan]:
    """What there is to do about each; without a ledger nothing was sent yet."""
    request = run.request
    found = []
    for name, _, channel, rendering, published in outgoing:
        key = PublicationKey(name, channel.name, channel.destination)
        if ledger and not request.dry_run:
            recover_stale_deliveries(ledger, channel, key, run.clock.time())
        known = find_status(ledger, key) if ledger else None
        todo = plan_changes(channel, rendering, known, correct=request.correct, retry=request.retry)
        found.append(DeliveryPlan(channel, rendering, key, known, todo, published))
    return found


def recover_stale_deliveries(
    ledger: Ledger, channel: MessageChannel, key: PublicationKey, now: dt.datetime
) -> None:
    """Find out what a publisher that died in the act left behind: what it was sending is unknown now."""
    known = find_status(ledger, key)
    if known and known.counts.sending:
        with suppress(BusyError):
            claim = ledger.claim(
                key, now, dt.timedelta(seconds=channel.timeout), idempotent=channel.idempotent
            )
            ledger.release(claim, now)


def deliver_all(run: RunContext, plans: Sequence[DeliveryPlan]) -> dict[str, ChannelOutcome]:
    """Deliver them; by channel, what became of it. Raises nothing but KeyboardInterrupt, and then every
    channel has ended its window."""
    going = [letter for letter in plans if _needs_delivery(run, letter)]
    outcomes = {letter.channel.name: _build_idle_outcome(letter) for letter in plans if letter not in going}
    try:
        if going:
            ledger_guard.begin_use(run)
    except PublisherError as error:
        outcomes |= {letter.channel.name: _build_outcome(letter, error=error) for letter in going}
        going = []
    leaving = []
    for letter in [one for one in going if _needs_confirmation(run, one)]:
        try:
            leaving.append(_build_pending_send(letter, run.now))
        except PublisherError as error:
            outcomes[letter.channel.name] = _build_outcome(letter, error=error)
            going.remove(letter)
    if leaving:
        try:
            agreed = run.request.confirm(leaving)
        except PublisherError as error:
            refusal: PublisherError = error
        else:
            refusal = ConfigError("nothing was sent: you said no", "publish again when it is right")
            if agreed:
                leaving = []
        for letter in [one for one in going if leaving and _needs_confirmation(run, one)]:
            outcomes[letter.channel.name] = _build_outcome(letter, error=refusal)
            going.remove(letter)
    if going:
        outcomes |= _run_parallel(run, going)
        with suppress(PublisherError):  # a copy made meanwhile is older than this
            ledger_guard.begin_use(run)
    outcomes = {letter.channel.name: outcomes[letter.channel.name] for letter in plans}
    for outcome in outcomes.values():
        run.report(outcome)
    return outcomes


def deliver_one(run: RunContext, message: OutgoingMessage, stop: Event) -> ChannelOutcome:
    """Deliver what no file is asked for, without waiting for the platform; what became of it. `run` is one
    that only looks."""
    with closing(replace(run, request=Request(max_wait=0.0), stop=stop)) as sending:
        return deliver_all(sending, plan_all(sending, [message], sending.ledger))[message.channel.name]


def _run_parallel(run: RunContext, going: Sequence[DeliveryPlan]) -> dict[str, ChannelOutcome]:
    outcomes: dict[str, ChannelOutcome] = {}
    stop = run.stop

    def work(letter: DeliveryPlan) -> None:
        outcomes[letter.channel.name] = _run_job(run, letter, stop)

    threads = [Thread(target=work, args=(letter,), name=letter.channel.name) for letter in going]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException:
        stop.set()
        for thread in threads:
            thread.join()
        raise
    return outcomes


def _run_job(run: RunContext, plan: DeliveryPlan, stop: Event) -> ChannelOutcome:
    live = DeliveryJob(
        run.ledger,
        plan.channel,
        plan.key,
        plan.rendering,
        plan.changes,
        run.clock,
        run.request.max_wait,
        stop,
        is_retry=run.request.retry,
        only_recipients=plan.only_recipients,
    )
    begun = run.clock.time()
    error: PublisherError | None = None
    try:
        live.run()
    except PublisherError as problem:
        error = problem
    except Exception as problem:  # a mistake in one channel must not stop the others
        what = redact(f"{plan.channel.name}: {type(problem).__name__}: {problem}")
        error = OutcomeUnknownError(what, "see what was sent: publish status")
    for note in live.notes:
        run.warn(f"{plan.channel.name}: {redact(note)}")
    took = (run.clock.time() - begun).total_seconds()
    return _build_outcome(plan, sent=live.sent, changed=live.changed, url=live.url, error=error, took=took)


def _needs_delivery(run: RunContext, plan: DeliveryPlan) -> bool:
    if plan.is_done:
        return False
    counts = plan.status.counts if plan.status else DeliveryCounts()
    if run.request.retry and not counts.failed + counts.planned:
        return False
    if counts.unknown:  # the channel may have a rule for it, or the platform may be asked
        return True
    # one whose last word is missing: all of it arrived, and the publisher ended before it said so
    open_ended = plan.status and not plan.status.done and find_delivery_error(plan.status) is None
    return plan.changes.has_work or bool(open_ended)


def _count_irrevocable(plan: DeliveryPlan) -> int:
    """How many deliveries nobody can take back. Raises ConfigError for a list of recipients that is none."""
    todo = plan.changes
    if plan.only_recipients is None and plan.channel.can_edit:
        return len(todo.new)
    if plan.only_recipients is None and todo.new:
        return len(todo.new) * sum(1 for _ in plan.channel.recipients())
    return todo.pending


def _needs_confirmation(run: RunContext, plan: DeliveryPlan) -> bool:
    """Whether the editor has to agree."""
    if plan.channel.idempotent:
        return False
    todo, in_place = plan.changes, plan.only_recipients is None and plan.channel.can_edit
    return bool(todo.new or (todo.pending and not in_place) or run.request.correct)


def _build_pending_send(plan: DeliveryPlan, now: dt.datetime) -> PendingSend:
    todo = plan.changes
    late = now - plan.published if plan.published else dt.timedelta()
    return PendingSend(
        plan.channel.name,
        plan.key.destination,
        new=_count_irrevocable(plan),
        changed=len(todo.changed),
        removed=len(todo.removed),
        days_late=max(0, late.days),
    )


def _build_idle_outcome(plan: DeliveryPlan) -> ChannelOutcome:
    """The outcome for a channel with nothing to do, or nothing that can be done."""
    return _build_outcome(plan, error=None if plan.is_done else find_delivery_error(plan.status))


def _build_outcome(
    plan: DeliveryPlan,
    sent: int = 0,
    changed: int = 0,
    url: str = "",
    error: PublisherError | None = None,
    took: float = 0.0,
) -> ChannelOutcome:
    return ChannelOutcome(
        plan.channel.name,
        unchanged=0 if sent or changed else len(plan.rendering.parts),
        issues=1,
        error=error,
        destination=plan.key.destination,
        sent=sent,
        changed=changed,
        url=(plan.status.url if plan.status else "") or url,
        held_reason=plan.changes.held_reason,
        duration=took,
    )


def simulate_deliveries(run: RunContext, plans: Sequence[DeliveryPlan]) -> Iterator[ChannelOutcome]:
    """What `post` would make of them, for a dry run."""
    for letter in plans:
        if not _needs_delivery(run, letter):
            yield _build_idle_outcome(letter)
            continue
        todo = letter.changes
        try:
            sent = _count_irrevocable(letter)
        except PublisherError as error:
            yield _build_outcome(letter, error=error)
            continue
        yield _build_outcome(
            letter,
            sent=sent,
            changed=len(todo.changed) + len(todo.removed),
            error=None if todo.has_work else find_delivery_error(letter.status),
        )
