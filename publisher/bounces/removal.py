"""When a subscriber is taken off the list because of bounces: the rule, as a pure function of what is known.

One report that the mailbox does not exist is enough, if a server says so for good after it has tried. The reply of a
server while sending may be a mistake of the moment, so two issues have to be refused. A mailbox that is full, or a
server that cannot be reached, has five issues and sixty days. What is about the sender or the content says nothing
about a subscriber: https://www.rfc-editor.org/rfc/rfc3463
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from publisher.bounces.models import FeedbackKind, FeedbackSource
from publisher.named_tuple import NamedTuple

REFUSED_ISSUES = 2
"""How many issues a server must have refused for a mailbox that does not exist."""

FAILED_ISSUES = 5
FAILED_PERIOD = dt.timedelta(days=60)
"""How many issues in a row must not have arrived, and how far the first and the last of them must be apart."""

_COUNTED = (FeedbackKind.NO_RECIPIENT, FeedbackKind.MAILBOX_FULL, FeedbackKind.LATER)


class Bounce(NamedTuple):
    """What is known of one issue that did not reach a subscriber. `is_final` is as for `Feedback`."""

    issue: str
    source: FeedbackSource
    kind: FeedbackKind
    is_final: bool
    evidence: str

    @property
    def says_no_mailbox(self) -> bool:
        """Whether a server says for good that the mailbox does not exist."""
        return self.kind is FeedbackKind.NO_RECIPIENT and self.is_final


class SentIssue(NamedTuple):
    """An issue that was tried to be sent to the subscriber, and when (aware)."""

    issue: str
    at: dt.datetime


def find_removal_reason(bounces: Sequence[Bounce], sent: Iterable[SentIssue]) -> str:
    """Return why a subscriber is to be taken off the list: what servers said; "" if they stay.

    Both are of the time since the subscriber confirmed.
    """
    for bounce in bounces:
        if bounce.says_no_mailbox and bounce.source is not FeedbackSource.REPLY:
            return bounce.evidence
    failed = _find_failed_issues(bounces, sent)
    by_issue = {bounce.issue: bounce for bounce in bounces if bounce.kind in _COUNTED}
    refused = [by_issue[one.issue] for one in failed if by_issue[one.issue].says_no_mailbox]
    if len(refused) >= REFUSED_ISSUES:
        return f"{len(refused)} issues: {refused[0].evidence}"
    if len(failed) >= FAILED_ISSUES and failed[0].at - failed[-1].at >= FAILED_PERIOD:
        days = (failed[0].at - failed[-1].at).days
        return f"{len(failed)} issues in {days} days: {by_issue[failed[0].issue].evidence}"
    return ""


def _find_failed_issues(bounces: Sequence[Bounce], sent: Iterable[SentIssue]) -> list[SentIssue]:
    """Return the issues in a row that did not arrive, latest first.

    An issue in between that arrived ends the row. Not so one that was refused for another reason, nor one that is later
    than the last bounce: its own may still come.
    """
    kinds: dict[str, set[FeedbackKind]] = {}
    for bounce in bounces:
        kinds.setdefault(bounce.issue, set()).add(bounce.kind)
    failed: list[SentIssue] = []
    for one in sorted(sent, key=lambda one: one.at, reverse=True):
        if not kinds.get(one.issue, set()).isdisjoint(_COUNTED):
            failed.append(one)
        elif one.issue not in kinds and failed:
            break
    return failed
