"""The list itself: keys, tags, consent records, other newsletters beside it, and changes at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.ledger.meta import rename_newsletter
from publisher.mail_address import parse_recipient
from publisher.signing import SigningKeys
from publisher.subscribers.erasure import erase_subscriber
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ConsentEvent, ImportEntry, Origin, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList
from tests.subscribers.conftest import KEYS, NEWSLETTER, START, form, subscribe


def test_all_spellings_of_an_address_are_one_subscriber(subscribers: SubscriberList) -> None:
    first = subscribers.ask(parse_recipient("Ann <Ann+news@E.org>"), form()).subscriber
    for spelling in ("ann@e.org", "ＡＮＮ＠ｅ.org", "ANN+x@e.ORG"):
        again = subscribers.ask(parse_recipient(spelling), form(1)).subscriber
        assert first
        assert again
        assert (again.key, again.tag) == (first.key, first.tag)
    assert sum(subscribers.count().values()) == 1


def test_mail_goes_to_the_address_as_it_was_written_last(subscribers: SubscriberList) -> None:
    subscribe(subscribers, "Ann <Ann+news@E.org>")
    found = subscribers.find("ann@e.org")
    assert found
    assert (found.address, found.name) == ("Ann+news@e.org", "Ann")


def test_who_is_subscribed_is_not_asked_again(subscribers: SubscriberList) -> None:
    before = subscribe(subscribers, "ann@e.org")
    asked = subscribers.ask(parse_recipient("Mallory <ann+x@e.org>"), form(1))
    assert not asked.send_confirmation
    assert subscribers.find("ann@e.org") == before, "a stranger changes neither name nor address"


def test_a_tag_leads_to_its_subscriber_after_a_change_of_the_key(subscribers: SubscriberList) -> None:
    before = subscribe(subscribers, "ann@e.org")
    later = SubscriberList(subscribers.ledger, NEWSLETTER, SigningKeys("a new secret of the list", (KEYS.current,)))
    assert later.find_by_tag(before.tag) == before
    assert subscribe(later, "bo@e.org").tag == later.keys.make_tag(NEWSLETTER, "bo@e.org")


@pytest.mark.parametrize("way", ["leave", "refuse"])
def test_who_came_back_after_a_change_of_the_key_leaves_by_an_old_link(subscribers: SubscriberList, way: str) -> None:
    tag = subscribe(subscribers, "ann@e.org").tag
    subscribe(subscribers, "bo@e.org")
    erase_subscriber(subscribers, "ann@e.org", form(1))
    later = SubscriberList(subscribers.ledger, NEWSLETTER, SigningKeys("a new secret of the list", (KEYS.current,)))
    assert subscribe(later, "ann@e.org", 2).tag != tag
    found = later.find_by_tag(tag)
    assert found
    assert found.key == "ann@e.org"
    assert later.leave(found.key, form(3)) if way == "leave" else later.refuse(tag, form(3))
    assert {one.key: one.state for one in later.iterate()} == {
        "ann@e.org": SubscriberState.LEFT,
        "bo@e.org": SubscriberState.CONFIRMED,
    }
    assert later.find_by_tag("") is None
    assert later.find_by_tag("a" * len(tag)) is None


def test_every_change_has_its_consent_record(subscribers: SubscriberList) -> None:
    subscribe(subscribers, "ann@e.org")
    subscribers.pause("ann@e.org", None, form(1))
    subscribers.resume("ann@e.org", form(2))
    subscribers.leave("ann@e.org", Origin(START, "one-click"))
    subscribers.leave("ann@e.org", Origin(START, "one-click"))  # has no effect, and no record
    records = subscribers.load_consents("ann@e.org")
    assert [record.event for record in records] == [
        ConsentEvent.ASKED,
        ConsentEvent.CONFIRMED,
        ConsentEvent.PAUSED,
        ConsentEvent.RESUMED,
        ConsentEvent.LEFT,
    ]
    assert [record.via for record in records] == ["form"] * 4 + ["one-click"]
    assert records[0].network == "192.0.2.0/24"


def test_the_list_is_in_the_order_of_keys_however_long_it_is(subscribers: SubscriberList) -> None:
    addresses = sorted(f"reader{number}@e.org" for number in range(1_203))
    import_entries(subscribers, [ImportEntry(address) for address in reversed(addresses)], form(), dry_run=False)
    subscribers.leave(addresses[7], form(1))
    assert [one.key for one in subscribers.iterate()] == addresses
    assert [one.key for one in subscribers.iterate(SubscriberState.LEFT)] == [addresses[7]]
    assert subscribers.count()[SubscriberState.CONFIRMED] == 1_202


def test_two_newsletters_in_a_database_have_a_list_each(subscribers: SubscriberList) -> None:
    other = SubscriberList(subscribers.ledger, "tag:e.org,2021:other", KEYS)
    subscribe(subscribers, "ann@e.org")
    subscribe(other, "ann@e.org")
    other.leave("ann@e.org", form(1))
    found = subscribers.find("ann@e.org")
    assert found
    assert found.state is SubscriberState.CONFIRMED
    assert found.tag != KEYS.make_tag(other.newsletter, "ann@e.org"), "nor does a link lead to the other list"


def test_a_new_id_of_the_newsletter_keeps_the_list(subscribers: SubscriberList) -> None:
    before = subscribe(subscribers, "ann@e.org")
    subscribers.refuse(subscribe(subscribers, "bo@e.org").tag, form(1))
    rename_newsletter(subscribers.ledger, NEWSLETTER, "tag:e.org,2026:n")
    renamed = SubscriberList(subscribers.ledger, "tag:e.org,2026:n", KEYS)
    assert renamed.find_by_tag(before.tag) == before
    assert renamed.find_suppression("bo@e.org")
    assert [record.event for record in renamed.load_consents("ann@e.org")][-1] is ConsentEvent.CONFIRMED


@pytest.mark.parametrize("number", [12])
def test_many_clicks_at_once_are_one(place: Path | str, subscribers: SubscriberList, number: int) -> None:
    subscribers.ask(parse_recipient("ann@e.org"), form())

    def click(_: int) -> bool:
        with closing(Ledger(place)) as ledger:
            one = SubscriberList(ledger, NEWSLETTER, KEYS)
            one.ask(parse_recipient("bo@e.org"), form())
            one.confirm("ann@e.org", form())
            return one.leave("ann@e.org", form()) is not None

    with ThreadPoolExecutor(number) as pool:
        left = [*pool.map(click, range(number))]
    assert sum(left) == 1
    events = [record.event for record in subscribers.load_consents("ann@e.org")]
    assert events == [ConsentEvent.ASKED, ConsentEvent.CONFIRMED, ConsentEvent.LEFT]
    assert subscribers.count()[SubscriberState.ASKED] == 1
