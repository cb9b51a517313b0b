"""Mailboxes of subscribers that servers refuse: the issue is done, and the list is cleaned without the editor."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing

import pytest

from publisher.channel import Receipt
from publisher.errors import DeliveryError, RefusalKind
from publisher.ledger import DeliveryState
from publisher.ledger.queries import FailedDelivery, find_failed_deliveries
from tests.delivery.mailing import Mailing
from tests.support.fake_channel import Behaviour, Call, names

GONE = DeliveryError("550 5.1.1 no such user", "remove it from the list", permanent=True, kind=RefusalKind.NO_RECIPIENT)
FULL = DeliveryError("552 5.2.2 mailbox full", permanent=True, kind=RefusalKind.MAILBOX_FULL)
SPAM = DeliveryError("554 5.7.1 spam", permanent=True, kind=RefusalKind.CONTENT)
LATER = DeliveryError("451 4.7.1 greylisted", kind=RefusalKind.LATER)


def refuse_first(count: int, *errors: DeliveryError) -> Behaviour:
    """Refuse the first recipients, each with one error after the other; the last one remains."""
    asked: dict[str, int] = {}

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.recipient not in names(0, count):
            return effect()
        asked[call.recipient] = asked.get(call.recipient, -1) + 1
        raise errors[min(asked[call.recipient], len(errors) - 1)]

    return behave


def find_missed(mailing: Mailing) -> list[FailedDelivery]:
    with closing(mailing.ledger) as ledger:
        return find_failed_deliveries(ledger, mailing.status.key)


@pytest.mark.parametrize("error", [GONE, FULL])
def test_an_issue_that_some_mailboxes_refuse_is_done(mailing: Mailing, error: DeliveryError) -> None:
    mailing.enter(*names(0, 6))
    outcome = mailing.send(refuse_first(2, error))
    assert (outcome.sent, outcome.refused, outcome.error) == (4, 2, None)
    assert mailing.status.done
    assert mailing.send().sent == 0, "they are not asked again"
    assert [(one.recipient, one.state, one.reason) for one in find_missed(mailing)] == [
        (name, DeliveryState.DROPPED, error.message) for name in names(0, 2)
    ], "and the editor is asked to do nothing"


def test_after_many_tries_too(mailing: Mailing) -> None:
    mailing.enter(*names(0, 3))
    outcome = mailing.send(refuse_first(1, LATER), max_wait=1e9)
    assert (outcome.sent, outcome.refused, outcome.error) == (2, 1, None)
    [missed] = find_missed(mailing)
    assert re.fullmatch(r"tried \d+ times: 451 4.7.1 greylisted", missed.reason)


@pytest.mark.parametrize(("errors", "kind"), [((SPAM,), "content"), ((LATER, SPAM), "content after later")])
def test_what_is_not_about_the_mailbox_is_a_failure(
    mailing: Mailing, errors: tuple[DeliveryError, ...], kind: str
) -> None:
    mailing.enter(*names(0, 6))
    outcome = mailing.send(refuse_first(2, *errors), max_wait=1e9)
    assert (outcome.sent, outcome.refused) == (4, 0), kind
    assert outcome.error
    assert outcome.error.message == "2 of 6 failed: 554 5.7.1 spam"


def test_if_most_are_refused_the_editor_has_to_look(mailing: Mailing) -> None:
    """As when a server of the sender's own refuses everyone by mistake."""
    mailing.enter(*names(0, 6))
    outcome = mailing.send(refuse_first(4, GONE))
    assert (outcome.sent, outcome.refused) == (2, 0)
    assert outcome.error
    assert outcome.error.message == "4 of 6 failed: 550 5.1.1 no such user"
    assert mailing.send(retry=True).sent == 4
