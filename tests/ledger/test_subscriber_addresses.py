"""Where the deliveries of a turn go, and which delivery a token of an envelope sender is of; on each database."""

from __future__ import annotations

import pytest

from publisher.ledger import Lease, Ledger
from publisher.ledger.models import Turn, format_utc
from publisher.ledger.queues import QueueSelection
from publisher.ledger.subscriber_addresses import ReturnedDelivery, find_returned_delivery
from publisher.ledger.subscriber_recipients import SubscriberSelection
from publisher.ledger.subscribers import SubscriberRow, delete_subscriber, insert_subscribers
from publisher.subscription import SubscriberAddress
from tests.ledger.shortcuts import KEY, MINUTE, NOON, claim, parts

NEWSLETTER = KEY.issue.rpartition("/")[0]
SUBSCRIBED = SubscriberSelection(NEWSLETTER, NOON)
LIN, XI = "k3j9x0q7m2ab", "aaaabbbbcccc"


def enter(ledger: Ledger) -> None:
    at = format_utc(NOON)
    rows = [
        SubscriberRow("lin@example.net", "Lin+Tide@Example.net", "林汐", "confirmed", at, LIN),
        SubscriberRow("xi@example.net", "xi@example.net", "", "confirmed", at, XI),
    ]
    with ledger.transaction() as tx:
        insert_subscribers(tx, NEWSLETTER, rows)


def start(ledger: Ledger, subscribed: SubscriberSelection | None = SUBSCRIBED) -> Turn:
    """Plan an issue for the list, and start all deliveries."""
    enter(ledger)
    lease = claim(ledger)
    ledger.plan(lease, parts(a="one"), SUBSCRIBED, NOON, keep_content=False)
    return ledger.checkpoint(lease, [], QueueSelection(KEY.channel, 10, subscribed=subscribed), NOON, MINUTE)


def find(ledger: Ledger, token: str, newsletter: str = NEWSLETTER) -> ReturnedDelivery | None:
    with ledger.transaction() as tx:
        return find_returned_delivery(tx, newsletter, token)


def test_a_turn_says_where_its_deliveries_go(ledger: Ledger) -> None:
    turn = start(ledger)
    by_recipient = {one.recipient: (one.id, turn.addresses[one.id]) for one in turn.deliveries}
    assert len(turn.addresses) == 2
    lin, lin_address = by_recipient["lin@example.net"]
    xi, xi_address = by_recipient["xi@example.net"]
    assert lin_address == SubscriberAddress("Lin+Tide@Example.net", "林汐", LIN, f"{LIN}-{lin:x}")
    assert xi_address == SubscriberAddress("xi@example.net", "", XI, f"{XI}-{xi:x}")


def test_other_channels_have_no_addresses(ledger: Ledger) -> None:
    turn = start(ledger, subscribed=None)
    assert (len(turn.deliveries), turn.addresses) == (2, {})


def test_what_was_started_unnoticed_is_addressed_as_well(ledger: Ledger) -> None:
    """After a failure that may have come after the commit, the same checkpoint is made again."""
    first = start(ledger)
    with ledger.transaction() as tx:
        [(publication, fence)] = tx.fetch_all("SELECT id, fence FROM publication")
    wanted = QueueSelection(KEY.channel, 10, subscribed=SUBSCRIBED)
    again = ledger.checkpoint(Lease(publication, fence), [], wanted, NOON, MINUTE, known=frozenset())
    assert again.addresses == first.addresses


def test_a_token_leads_to_its_delivery(ledger: Ledger) -> None:
    turn = start(ledger)
    for one in turn.deliveries:
        found = find(ledger, turn.addresses[one.id].bounce_token)
        assert found == ReturnedDelivery(one.id, one.recipient, KEY.issue)


@pytest.mark.parametrize(
    "token",
    ["", "-", LIN, f"{LIN}-", f"-{1:x}", f"{LIN}-zz", f"{LIN}-{2**80:x}", f"{LIN}-fff", f"{XI}x-1", "'-1", "é-1"],
)
def test_another_token_leads_nowhere(ledger: Ledger, token: str) -> None:
    start(ledger)
    assert find(ledger, token) is None


def test_the_tag_of_another_subscriber_does_not_fit(ledger: Ledger) -> None:
    """Who knows their own token cannot report that others do not get an issue."""
    turn = start(ledger)
    ids = {one.recipient: one.id for one in turn.deliveries}
    assert find(ledger, f"{XI}-{ids['lin@example.net']:x}") is None
    assert find(ledger, f"{LIN}-{ids['lin@example.net']:x}", "tag:e.org,2021:other") is None


def test_who_was_deleted_is_not_found(ledger: Ledger) -> None:
    turn = start(ledger)
    token = next(one.bounce_token for one in turn.addresses.values() if one.tag == LIN)
    with ledger.transaction() as tx:
        delete_subscriber(tx, NEWSLETTER, "lin@example.net")
    assert find(ledger, token) is None
