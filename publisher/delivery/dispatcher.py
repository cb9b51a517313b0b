"""Delivers over all message channels of a run in parallel, after the editor has confirmed once."""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from threading import Event, Lock, Thread, current_thread, main_thread

from msgspec.structs import replace

from publisher.channel import MessageChannel
from publisher.delivery import ledger_guard
from publisher.delivery.job import DeliveryJob
from publisher.delivery.plan import ADOPTED_REASON, DeliveryPlan, find_delivery_error, plan_delivery
from publisher.delivery.recipients import count_new_recipients, count_recipients
from publisher.delivery.sent_settings import record_settings
from publisher.delivery.worker_queue import find_queue_problem, is_for_workers, is_with_workers, open_job_queue
from publisher.errors import BusyError, ConfigError, OutcomeUnknownError, PublisherError
from publisher.events import ChannelOutcome, PendingSend, Request
from publisher.ledger import DeliveryState, Ledger, PublicationKey, PublicationStatus
from publisher.ledger.calendar import load_adopted
from publisher.ledger.queries import find_recipients, find_status
from publisher.redaction import redact
from publisher.run import OutgoingMessage, RunContext


def plan_all(run: RunContext, outgoing: Sequence[OutgoingMessage], request: Request) -> list[DeliveryPlan]:
    """Return a plan for each message. A dry run creates no ledger; without one nothing was sent yet."""
    ledger = run.ledger if run.has_ledger or not run.dry_run else None
    adopted = load_adopted(ledger) if ledger and not request.again else frozenset()
    plans = []
    for issue, _, channel, rendering, published, blocked in outgoing:
        key = PublicationKey(issue, channel.name, channel.active_destination)
        if ledger and not run.dry_run:
            recover_stale_deliveries(ledger, channel, key, run.clock.time())
        status = find_status(ledger, key) if ledger else None
        if status is None and issue in adopted:
            plan = DeliveryPlan(channel, rendering, key, None, held_reason=ADOPTED_REASON)
        else:
            returned = _count_returned(run, channel, key) if request.retry and status and status.counts.unlisted else 0
            plan = plan_delivery(
                channel, rendering, key, status, correct=request.correct, retry=request.retry, returned=returned
            )
        plans.append(plan._replace(published=published, blocked=blocked))
    return plans


def _count_returned(run: RunContext, channel: MessageChannel, key: PublicationKey) -> int:
    """Return how many recipients are on the list again who were not when it was their turn."""
    unlisted = find_recipients(run.ledger, key, DeliveryState.UNLISTED)
    try:
        return count_recipients(channel, run.ledger, run.clock, Event(), unlisted.__contains__)
    except PublisherError:  # reported when the list is read to send to it
        return len(unlisted)


def recover_stale_deliveries(ledger: Ledger, channel: MessageChannel, key: PublicationKey, now: dt.datetime) -> None:
    """Mark deliveries as unknown whose process died while sending them."""
    status, can = find_status(ledger, key), channel.capabilities
    if status and status.counts.sending:
        with suppress(BusyError):
            lease = ledger.claim(key, now, dt.timedelta(seconds=can.timeout), idempotent=can.idempotent)
            ledger.release(lease, now)


def deliver_all(
    run: RunContext, plans: Sequence[DeliveryPlan], request: Request, stop: Event | None = None
) -> dict[str, ChannelOutcome]:
    """Deliver the plans and return the outcome of each channel; in a dry run, the outcome that it would have.

    `stop` ends it after the deliveries in progress. Raises only KeyboardInterrupt (Ctrl+C, SIGTERM), after every
    channel has finished its current batch.
    """
    outcomes = {plan.channel.name: _build_idle_outcome(run, plan) for plan in plans}
    wanted = [
        plan._replace(
            blocked=plan.blocked or run.find_example_address(plan.channel) or find_queue_problem(run, plan.channel)
        )
        for plan in plans
        if plan.needs_delivery(retry=request.retry)
        and (request.retry or not _count_queued(run, plan.channel, plan.status))
    ]
    outcomes |= {plan.channel.name: _build_outcome(plan, error=plan.blocked) for plan in wanted if plan.blocked}
    active = [plan for plan in wanted if not plan.blocked]
    if run.dry_run:
        outcomes |= {plan.channel.name: _simulate_delivery(run, plan, request) for plan in active}
    elif active:
        stop = stop or Event()
        active, refused = _confirm(run, active, request, stop)
        outcomes |= refused | _run_parallel(run, active, request, stop)
        if active:
            with suppress(PublisherError):  # so that a copy made meanwhile counts as older
                ledger_guard.begin_use(run)
    for outcome in outcomes.values():
        run.report(outcome)
    return outcomes


def deliver_one(run: RunContext, message: OutgoingMessage, stop: Event) -> ChannelOutcome:
    """Deliver one message that belongs to no issue, without waiting for rate limits, and return its outcome.

    `run` may be a dry run.
    """
    request = Request(max_wait=0.0)
    with closing(replace(run, dry_run=False)) as sending:
        plans = plan_all(sending, [message], request)
        return deliver_all(sending, plans, request, stop)[message.channel.name]


def _confirm(
    run: RunContext, plans: Sequence[DeliveryPlan], request: Request, stop: Event
) -> tuple[list[DeliveryPlan], dict[str, ChannelOutcome]]:
    """Ask the editor, if that is needed. Return what may be sent, and the outcomes of the other channels."""
    refused: dict[str, ChannelOutcome] = {}
    pending: dict[str, PendingSend] = {}

    def refuse(error: PublisherError, *refused_plans: DeliveryPlan) -> None:
        refused.update((plan.channel.name, _build_outcome(plan, error=error)) for plan in refused_plans)

    try:
        ledger_guard.begin_use(run)
    except PublisherError as error:
        refuse(error, *plans)
        return [], refused
    for plan in plans:
        if plan.needs_confirmation(correct=request.correct):
            try:
                new = _count_irrevocable(run, plan, request, stop)
                pending[plan.channel.name] = _build_pending_send(plan, new, run.now)
            except PublisherError as error:
                refuse(error, plan)
    try:
        if pending and not request.confirm([*pending.values()]):
            raise ConfigError("not sent: you answered no", "run publish again when it is right")
    except PublisherError as error:
        refuse(error, *(plan for plan in plans if plan.channel.name in pending))
    return [plan for plan in plans if plan.channel.name not in refused], refused


def _count_irrevocable(run: RunContext, plan: DeliveryPlan, request: Request, stop: Event) -> int:
    ledger = run.ledger if run.has_ledger else None
    return plan.count_irrevocable(
        lambda: count_new_recipients(
            plan.channel, plan.key, ledger, run.clock, stop, accept_fewer=request.accept_recipients
        )
    )


def _build_pending_send(plan: DeliveryPlan, new: int, now: dt.datetime) -> PendingSend:
    late = now - plan.published if plan.published else dt.timedelta()
    return PendingSend(
        plan.channel.name,
        plan.channel.active_destination,
        new=new,
        changed=len(plan.changed),
        removed=len(plan.removed),
        days_late=max(0, late.days),
    )


def _run_parallel(
    run: RunContext, plans: Sequence[DeliveryPlan], request: Request, stop: Event
) -> dict[str, ChannelOutcome]:
    outcomes: dict[str, ChannelOutcome] = {}
    # `Thread.join` is not used: when Ctrl+C interrupts it, it takes the thread for ended (CPython issue 90882)
    ended = {plan.channel.name: Event() for plan in plans}
    begun: set[str] = set()
    interrupted, lock = Event(), Lock()

    def run_job(plan: DeliveryPlan) -> None:
        name = plan.channel.name
        with lock:
            if interrupted.is_set():
                return
            begun.add(name)
        try:
            outcomes[name] = _run_job(run, plan, request, stop)
        finally:
            ended[name].set()

    with _interrupt_on_sigterm():
        try:
            for plan in plans:
                Thread(target=run_job, args=(plan,), name=plan.channel.name).start()
            for event in ended.values():
                event.wait()
        except BaseException:  # it may be raised while a thread starts, and it is not known then whether it will run
            stop.set()
            with lock:
                interrupted.set()
            for name in begun:
                ended[name].wait()
            raise
    return outcomes


@contextmanager
def _interrupt_on_sigterm() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl+C does, where nothing else handles it."""
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _run_job(run: RunContext, plan: DeliveryPlan, request: Request, stop: Event) -> ChannelOutcome:
    name, started_at = plan.channel.name, run.clock.time()
    job = DeliveryJob(
        run.ledger,
        plan,
        run.clock,
        request.max_wait,
        stop,
        request.give_way or Event(),
        run.zone,
        is_retry=request.retry,
        accept_fewer=request.accept_recipients,
        on_open=open_job_queue(run.config).enqueue if is_for_workers(plan.channel, run.config) else None,
    )
    error: PublisherError | None = None
    try:
        if job.on_open:
            record_settings(run)
        job.run()
    except PublisherError as problem:
        error = problem
    except Exception as problem:  # a bug in one channel must not stop the others
        message = redact(f"{name}: {type(problem).__name__}: {problem}")
        error = OutcomeUnknownError(message, "see what was sent: publish status")
    for note in job.notes:
        run.warn(f"{name}: {redact(note)}")
    duration = (run.clock.time() - started_at).total_seconds()
    outcome = _build_outcome(plan, job.sent, job.changed, job.url, error, duration)
    with suppress(PublisherError):  # the ledger failed, which the error says
        status = find_status(run.ledger, plan.key)
        outcome = outcome._replace(queued=_count_queued(run, plan.channel, status))
    return outcome._replace(unlisted=job.unlisted, refused=job.refused)


def _count_queued(run: RunContext, channel: MessageChannel, status: PublicationStatus | None) -> int:
    """Return how many deliveries of a publication workers will make."""
    if status is None or not is_with_workers(run.config, channel, status):
        return 0
    return status.counts.planned + status.counts.sending


def _simulate_delivery(run: RunContext, plan: DeliveryPlan, request: Request) -> ChannelOutcome:
    try:
        sent = _count_irrevocable(run, plan, request, Event())
    except PublisherError as error:
        return _build_outcome(plan, error=error)
    blocked = None if plan.has_changes else find_delivery_error(plan.status)
    return _build_outcome(plan, sent, len(plan.changed) + len(plan.removed), error=blocked)


def _build_idle_outcome(run: RunContext, plan: DeliveryPlan) -> ChannelOutcome:
    """Return the outcome of a channel with nothing to do, or nothing that can be done now or by this process."""
    queued = _count_queued(run, plan.channel, plan.status)
    error = None if plan.is_done else find_delivery_error(plan.status, has_workers=bool(queued))
    return _build_outcome(plan, error=error)._replace(queued=queued)


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
        held_reason=plan.held_reason,
        duration=duration,
    )
