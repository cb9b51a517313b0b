"""Bounces and complaints on each tick: what they led to, and which mailboxes cannot be read."""

from __future__ import annotations

from collections import Counter

from publisher.bounces.collection import collect_bounces
from publisher.bounces.effects import Effect
from publisher.daemon.alerts import DaemonEvent, DaemonEventHandler
from publisher.errors import ConfigError
from publisher.ledger.calendar import record_alerts
from publisher.run import RunContext
from publisher.subscribers.models import SubscriberState


def process_bounces(run: RunContext, on_event: DaemonEventHandler) -> None:
    """Take subscribers off the list whose mailboxes are gone or who complained, before anything is sent.

    A mailbox that cannot be read is reported once a day. A key of the list that cannot be read is reported when the
    list is sent to. Raises StorageError.
    """
    try:
        found = collect_bounces(run)
    except ConfigError:
        return
    report_effects(found.effects, on_event)
    now, newsletter = run.clock.time(), run.config.newsletter.id
    for error in found.errors:
        if record_alerts(run.ledger, [(newsletter, "email")], "bounces", f"{error.message} {now:%Y-%m-%d}", now):
            on_event(DaemonEvent("bounces", "", ("email",), error.message, error.hint, alarm=True))


def report_effects(effects: tuple[Effect, ...], on_event: DaemonEventHandler) -> None:
    """Report how many subscribers were taken off the list, without saying who: `publish subscribers list` does."""
    counts = Counter(effect.state for effect in effects)
    texts = [
        f"{counts[state]} {what}"
        for state, what in (
            (SubscriberState.GONE, "whose mailbox does not exist any more"),
            (SubscriberState.COMPLAINED, "who reported an issue as spam"),
        )
        if counts[state]
    ]
    if texts:
        hint = "publish subscribers list"
        on_event(DaemonEvent("bounces", "", ("email",), f"taken off the list: {', '.join(texts)}", hint))
