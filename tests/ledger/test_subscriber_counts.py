"""Subscribers, emails and complaints by domain, on each database."""

from __future__ import annotations

from publisher.ledger import DeliveryState, Ledger, PublicationKey
from publisher.ledger.subscriber_counts import DomainCounts, count_by_domain
from publisher.mail_address import parse_recipient
from publisher.signing import SigningKeys
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin
from publisher.subscribers.subscriber_list import SubscriberList
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, ended, send_all, turn

NEWSLETTER = "tag:e.org,2021:n"
ORIGIN = Origin(NOON + MINUTE, "test")


def subscribed(ledger: Ledger, newsletter: str, *addresses: str) -> SubscriberList:
    subscribers = SubscriberList(ledger, newsletter, SigningKeys("a key of the tests"))
    entries = [ImportEntry(parse_recipient(address).address) for address in addresses]
    import_entries(subscribers, entries, ORIGIN, dry_run=False)
    return subscribers


def test_an_empty_list(ledger: Ledger) -> None:
    assert count_by_domain(ledger, NEWSLETTER, "post", NOON) == DomainCounts({}, {}, {})


def test_numbers_are_those_of_one_newsletter_channel_and_period(ledger: Ledger) -> None:
    keys = ("a@e.org", "b@e.org", "c@f.org", "d@f.org")
    subscribers = subscribed(ledger, NEWSLETTER, *keys)
    subscribed(ledger, f"{NEWSLETTER}-of-another", *keys).mark_complained("a@e.org", ORIGIN)
    lease = begun(ledger, *keys)
    a, b, c, d = turn(ledger, lease, size=4)
    turn(ledger, lease, ended(a), ended(b), ended(c), ended(d, DeliveryState.FAILED), size=0)
    for key in (
        KEY._replace(channel="mail"),
        PublicationKey(f"{NEWSLETTER}-of-another/2021-07-18", "post", "@readers"),
    ):
        send_all(ledger, begun(ledger, "a@e.org", key=key))
    subscribers.mark_complained("b@e.org", ORIGIN)
    subscribers.leave("c@f.org", ORIGIN)
    assert count_by_domain(ledger, NEWSLETTER, "post", NOON) == DomainCounts(
        {"e.org": 1, "f.org": 1}, {"e.org": 2, "f.org": 1}, {"e.org": 1}
    )
    later = count_by_domain(ledger, NEWSLETTER, "post", NOON + 2 * MINUTE)
    assert later == DomainCounts({"e.org": 1, "f.org": 1}, {}, {})
