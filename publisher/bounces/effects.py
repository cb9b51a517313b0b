"""What follows from bounces and complaints for a subscriber. All of it is in the ledger.

Everything here may be done twice: after a crash the same report comes again.
"""

from __future__ import annotations

import datetime as dt

from publisher.bounces.models import Feedback, FeedbackKind, FeedbackSource
from publisher.bounces.removal import Bounce, SentIssue, find_removal_reason
from publisher.bounces.webhook import WebhookReport
from publisher.errors import ConfigError
from publisher.ledger.bounces import (
    BounceRow,
    delete_old_bounces,
    find_repeated_bounces,
    insert_bounce,
    is_known_webhook,
    record_webhook_request,
    select_attempted_issues,
    select_bounces,
)
from publisher.ledger.meta import get_meta, set_meta
from publisher.ledger.models import format_utc, parse_utc
from publisher.ledger.subscriber_addresses import find_returned_delivery
from publisher.mail_address import normalize_address, parse_recipient
from publisher.named_tuple import NamedTuple
from publisher.signing import Purpose
from publisher.subscribers.models import Origin, Subscriber, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList

_KEPT = dt.timedelta(days=400)
_REQUESTS_KEPT = dt.timedelta(days=3)
"""Longer than any webhook is accepted after it was signed."""

_OVERLAP = dt.timedelta(minutes=10)
"""The result of a delivery is recorded so long after its end at the latest."""

_REPEATED = 2
"""With fewer bounces, the replies of servers have no effect."""


class Effect(NamedTuple):
    """The effect of a report: on which subscriber, and their new state, None if it did not change."""

    key: str
    kind: FeedbackKind
    state: SubscriberState | None = None


class BounceRecorder:
    """Records the bounces and complaints of a list, and takes subscribers off it because of them."""

    def __init__(self, subscribers: SubscriberList) -> None:
        self._subscribers = subscribers
        self._ledger, self._newsletter = subscribers.ledger, subscribers.newsletter

    def record_webhook(self, report: WebhookReport, now: dt.datetime) -> list[Effect]:
        """Record what a webhook reports, unless it was recorded before: its id is stored last. Raises StorageError."""
        if report.id:
            with self._ledger.transaction() as tx:
                if is_known_webhook(tx, self._newsletter, report.id):
                    return []
        effects = [effect for one in report.feedback if (effect := self.record(one, now))]
        if report.id:
            with self._ledger.transaction() as tx:
                record_webhook_request(tx, self._newsletter, report.id, now)
        return effects

    def record(self, feedback: Feedback, now: dt.datetime) -> Effect | None:
        """Record a report. Return None if it is about no subscriber of this list. Raises StorageError."""
        found = self._find_delivery(feedback)
        if found is None:
            return None
        key, issue = found
        match feedback.kind:
            case FeedbackKind.AUTO_REPLY:
                return Effect(key, feedback.kind)
            case FeedbackKind.COMPLAINT:
                return self._complain(key, Origin(now, feedback.source.value, feedback.evidence))
            case _:
                row = BounceRow(
                    *(issue, feedback.source.value, feedback.kind.value, int(feedback.is_final), feedback.evidence),
                    format_utc(now),
                )
                with self._ledger.transaction() as tx:
                    insert_bounce(tx, self._newsletter, key, row)
                changed = self._remove_if_due(key, now)
        return Effect(key, feedback.kind, changed.state if changed else None)

    def _complain(self, key: str, origin: Origin) -> Effect:
        """Take a subscriber off the list who complained; after a complaint about a confirmation, never send another."""
        subscriber = self._subscribers.find(key)
        if subscriber and subscriber.state is SubscriberState.ASKED:
            changed = self._subscribers.refuse(subscriber.tag, origin)
        else:
            changed = self._subscribers.mark_complained(key, origin) is not None
        return Effect(key, FeedbackKind.COMPLAINT, SubscriberState.COMPLAINED if changed else None)

    def review_replies(self, now: dt.datetime) -> list[Effect]:
        """Take subscribers off the list whose mailboxes were refused in issue after issue, and again since the last
        review; forget what is old.

        Raises StorageError.
        """
        name = f"replies to {self._newsletter}"
        last = get_meta(self._ledger, name)
        since = format_utc(parse_utc(last) - _OVERLAP) if last else ""
        with self._ledger.transaction() as tx:
            delete_old_bounces(tx, self._newsletter, format_utc(now - _KEPT), format_utc(now - _REQUESTS_KEPT))
            keys = find_repeated_bounces(tx, self._newsletter, _REPEATED, since)
        effects = []
        for key in keys:
            if changed := self._remove_if_due(key, now):
                effects.append(Effect(key, FeedbackKind.NO_RECIPIENT, changed.state))
        set_meta(self._ledger, name, format_utc(now))
        return effects

    def _find_delivery(self, feedback: Feedback) -> tuple[str, str] | None:
        """Return whom a report is about (the key of the subscriber), and which issue, "" if that is not known."""
        if feedback.token:
            with self._ledger.transaction() as tx:
                found = find_returned_delivery(tx, self._newsletter, feedback.token)
            return (found.recipient, found.issue) if found else None
        if feedback.leave_token:
            tag = self._subscribers.keys.verify(feedback.leave_token, Purpose.LEAVE)
            subscriber = self._subscribers.find_by_tag(tag)
            return (subscriber.key, "") if subscriber else None
        try:
            key = normalize_address(parse_recipient(feedback.address).address)
        except ConfigError:
            return None
        if self._subscribers.find(key) is None:
            return None
        with self._ledger.transaction() as tx:
            sent = select_attempted_issues(tx, self._newsletter, key)
        before = [issue for issue, at in sent if feedback.at is None or parse_utc(at) <= feedback.at]
        return key, before[-1] if before else ""

    def _remove_if_due(self, key: str, now: dt.datetime) -> Subscriber | None:
        """Mark a subscriber as gone if there have been enough bounces since they confirmed."""
        subscriber = self._subscribers.find(key)
        if subscriber is None:
            return None
        with self._ledger.transaction() as tx:
            rows = select_bounces(tx, self._newsletter, key)
            attempted = select_attempted_issues(tx, self._newsletter, key, format_utc(subscriber.since))
        sent = [SentIssue(issue, parse_utc(at)) for issue, at in attempted]
        issues = {one.issue for one in sent}
        bounces = [
            Bounce(row.issue, FeedbackSource(row.source), FeedbackKind(row.kind), bool(row.is_final), row.evidence)
            for row in rows
            if row.issue in issues
        ]
        reason = find_removal_reason(bounces, sent)
        return self._subscribers.mark_gone(key, Origin(now, "bounce", reason)) if reason else None
