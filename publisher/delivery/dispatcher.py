"""Delivers over all message channels of a run in parallel, after the editor has confirmed once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import closing, suppress
from threading import Event, Thread
from typing import NamedTuple

from msgspec.structs import replace

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
    """A rendering of an issue or a notice, and what is to be done with it.

    `status` is None if nothing was planned yet; `published` is the scheduled time of the issue (aware);
    `only_recipients` restricts it to some recipients; None means all.
    """

    channel: MessageChannel
    rendering: Rendering
    key: PublicationKey
    status: PublicationStatus | None
    changes: Changes
    published: dt.datetime | None = None
    only_recipients: frozenset[str] | None = None

    @property
    def is_done(self) -> bool:
        """Whether the current content is delivered completely."""
        status = self.status
        is_current = status and status.done and status.digest == compute_parts_digest(self.rendering.parts)
        return bool(is_current and not self.changes.pending)


def plan_all(run: RunContext, outgoing: Sequence[OutgoingMessage]) -> list[DeliveryPlan]:
    """Return a plan for each message. A dry run creates no ledger; without one nothing was sent yet."""
    request = run.request
    ledger = run.ledger if run.has_ledger or not request.dry_run else None
    plans = []
    for issue, _, channel, rendering, published in outgoing:
        key = PublicationKey(issue, channel.name, channel.destination)
        if ledger and not request.dry_run:
            recover_stale_deliveries(ledger, channel, key, run.clock.time())
        status = find_status(ledger, key) if ledger else None
        changes = plan_changes(channel, rendering, status, correct=request.correct, retry=request.retry)
        plans.append(DeliveryPlan(channel, rendering, key, status, changes, published))
    return plans


def recover_stale_deliveries(
    ledger: Ledger, channel: MessageChannel, key: PublicationKey, now: dt.datetime
) -> None:
    """Mark deliveries as unknown whose process died while sending them."""
    status = find_status(ledger, key)
    if status and status.counts.sending:
        with suppress(BusyError):
            lease = ledger.claim(
                key,
                now,
                dt.timedelta(seconds=channel.capabilities.timeout),
                idempotent=channel.capabilities.idempotent,
            )
            ledger.release(lease, now)


def deliver_all(run: RunContext, plans: Sequence[DeliveryPlan]) -> dict[str, ChannelOutcome]:
    """Deliver the plans and return the outcome of each channel; in a dry run, the outcome that it would have.

    Raises only KeyboardInterrupt, after every channel has finished its current batch.
    """
    if run.request.dry_run:
        simulated = {plan.channel.name: _simulate_delivery(run, plan) for plan in plans}
        for outcome in simulated.values():
            run.report(outcome)
        return simulated
    active = [plan for plan in plans if _needs_delivery(run, plan)]
    outcomes = {plan.channel.name: _build_idle_outcome(plan) for plan in plans if plan not in active}
    try:
        if active:
            ledger_guard.begin_use(run)
    except PublisherError as error:
        outcomes |= {plan.channel.name: _build_outcome(plan, error=error) for plan in active}
        active = []
    to_confirm = []
    for plan in [plan for plan in active if _needs_confirmation(run, plan)]:
        try:
            to_confirm.append(_build_pending_send(plan, run.now))
        except PublisherError as error:
            outcomes[plan.channel.name] = _build_outcome(plan, error=error)
            active.remove(plan)
    if to_confirm:
        try:
            confirmed = run.request.confirm(to_confirm)
        except PublisherError as error:
            refusal: PublisherError = error
        else:
            refusal = ConfigError("not sent: you answered no", "run publish again when it is right")
            if confirmed:
                to_confirm = []
        for plan in [plan for plan in active if to_confirm and _needs_confirmation(run, plan)]:
            outcomes[plan.channel.name] = _build_outcome(plan, error=refusal)
            active.remove(plan)
    if active:
        outcomes |= _run_parallel(run, active)
        with suppress(PublisherError):  # so that a copy made meanwhile counts as older
            ledger_guard.begin_use(run)
    outcomes = {plan.channel.name: outcomes[plan.channel.name] for plan in plans}
    for outcome in outcomes.values():
        run.report(outcome)
    return outcomes


def deliver_one(run: RunContext, message: OutgoingMessage, stop: Event) -> ChannelOutcome:
    """Deliver one message that belongs to no issue, without waiting for rate limits, and return its outcome.

    `run` may be a read-only run; its request is replaced.
    """
    with closing(replace(run, request=Request(max_wait=0.0), stop=stop)) as sending:
        return deliver_all(sending, plan_all(sending, [message]))[message.channel.name]


def _run_parallel(run: RunContext, active: Sequence[DeliveryPlan]) -> dict[str, ChannelOutcome]:
    outcomes: dict[str, ChannelOutcome] = {}
    stop = run.stop

    def run_job(plan: DeliveryPlan) -> None:
        outcomes[plan.channel.name] = _run_job(run, plan, stop)

    threads = [Thread(target=run_job, args=(plan,), name=plan.channel.name) for plan in active]
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
    job = DeliveryJob(
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
    started_at = run.clock.time()
    error: PublisherError | None = None
    try:
        job.run()
    except PublisherError as problem:
        error = problem
    except Exception as problem:  # a bug in one channel must not stop the others
        message = redact(f"{plan.channel.name}: {type(problem).__name__}: {problem}")
        error = OutcomeUnknownError(message, "see what was sent: publish status")
    for note in job.notes:
        run.warn(f"{plan.channel.name}: {redact(note)}")
    duration = (run.clock.time() - started_at).total_seconds()
    return _build_outcome(
        plan, sent=job.sent, changed=job.changed, url=job.url, error=error, duration=duration
    )


def _needs_delivery(run: RunContext, plan: DeliveryPlan) -> bool:
    if plan.is_done:
        return False
    counts = plan.status.counts if plan.status else DeliveryCounts()
    if run.request.retry and not counts.failed + counts.planned:
        return False
    if counts.unknown:  # the channel may have a rule for these, or the platform can be asked
        return True
    # everything was delivered, but the process ended before the publication was marked as done
    unmarked = plan.status and not plan.status.done and find_delivery_error(plan.status) is None
    return plan.changes.has_work or bool(unmarked)


def _count_irrevocable(plan: DeliveryPlan) -> int:
    """Return the number of deliveries that cannot be undone. Raises ConfigError for a bad recipient list."""
    changes = plan.changes
    if plan.only_recipients is None and plan.channel.capabilities.can_edit:
        return len(changes.new)
    if plan.only_recipients is None and changes.new:
        return len(changes.new) * sum(1 for _ in plan.channel.recipients())
    return changes.pending


def _needs_confirmation(run: RunContext, plan: DeliveryPlan) -> bool:
    """Whether the editor has to confirm."""
    if plan.channel.capabilities.idempotent:
        return False
    changes, in_place = plan.changes, plan.only_recipients is None and plan.channel.capabilities.can_edit
    return bool(changes.new or (changes.pending and not in_place) or run.request.correct)


def _build_pending_send(plan: DeliveryPlan, now: dt.datetime) -> PendingSend:
    changes = plan.changes
    late = now - plan.published if plan.published else dt.timedelta()
    return PendingSend(
        plan.channel.name,
        plan.key.destination,
        new=_count_irrevocable(plan),
        changed=len(changes.changed),
        removed=len(changes.removed),
        days_late=max(0, late.days),
    )


def _build_idle_outcome(plan: DeliveryPlan) -> ChannelOutcome:
    """Return the outcome of a channel with nothing to do, or nothing that can be done now."""
    return _build_outcome(plan, error=None if plan.is_done else find_delivery_error(plan.status))


def _build_outcome(
    plan: DeliveryPlan,
    sent: int = 0,
    changed: int = 0,
    url: str = "",
    error: PublisherError | None = None,
    duration: float = 0.0,
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
        duration=duration,
    )


def _simulate_delivery(run: RunContext, plan: DeliveryPlan) -> ChannelOutcome:
    if not _needs_delivery(run, plan):
        return _build_idle_outcome(plan)
    changes = plan.changes
    try:
        sent = _count_irrevocable(plan)
    except PublisherError as error:
        return _build_outcome(plan, error=error)
    return _build_outcome(
        plan,
        sent=sent,
        changed=len(changes.changed) + len(changes.removed),
        error=None if changes.has_work else find_delivery_error(plan.status),
    )
