"""An import adds who is new, and no one who is out."""

from __future__ import annotations

import pytest

from publisher.errors import ConfigError
from publisher.mail_address import parse_recipient
from publisher.signing import SigningKeys
from publisher.subscribers.erasure import erase_subscriber
from publisher.subscribers.list_import import import_entries, require_known_keys
from publisher.subscribers.models import ConsentEvent, ImportEntry, ImportOutcome, Origin, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList
from tests.subscribers.conftest import KEYS, NEWSLETTER, START, form, subscribe

CONSENT = Origin(START, "import", "asked at the fair of 2025")
Is = ImportOutcome


@pytest.fixture
def lived_in(subscribers: SubscriberList) -> SubscriberList:
    """A list with one of each kind."""
    for name in ("here", "paused", "left", "gone", "complained", "refused", "erased"):
        subscribe(subscribers, f"{name}@e.org")
    subscribers.ask(parse_recipient("asked@e.org"), form())
    subscribers.pause("paused@e.org", None, form())
    subscribers.leave("left@e.org", form())
    subscribers.mark_gone("gone@e.org", form())
    subscribers.mark_complained("complained@e.org", form())
    subscribers.refuse(KEYS.make_tag(NEWSLETTER, "refused@e.org"), form())
    erase_subscriber(subscribers, "erased@e.org", form())
    erase_subscriber(subscribers, "refused@e.org", form())
    return subscribers


EXPECTED = {
    "new@e.org": Is.NEW,
    "NEW+x@e.org": Is.REPEATED,
    "HERE@e.org": Is.CONFIRMED,
    "paused+tag@e.org": Is.PAUSED,
    "left@e.org": Is.LEFT,
    "ＬＥＦＴ@e.org": Is.LEFT,
    "gone@e.org": Is.GONE,
    "complained@e.org": Is.COMPLAINED,
    "refused@e.org": Is.REFUSED,
    "Erased+a@e.org": Is.ERASED,
    "asked@e.org": Is.ASKED,
}


def entries(*addresses: str) -> list[ImportEntry]:
    return [ImportEntry(parse_recipient(address).address) for address in addresses]


def test_no_one_who_is_out_comes_back(lived_in: SubscriberList) -> None:
    before = {one.key: one for one in lived_in.iterate()}
    for dry_run in (True, False):
        outcomes = import_entries(lived_in, entries(*EXPECTED), CONSENT, dry_run=dry_run)
        assert outcomes == [*EXPECTED.values()]
        added = {one.key for one in lived_in.iterate()} - before.keys()
        assert added == (set() if dry_run else {"new@e.org"})
    assert {one.key: one for one in lived_in.iterate() if one.key in before} == before
    again = import_entries(lived_in, entries("new@e.org"), CONSENT, dry_run=False)
    assert again == [Is.CONFIRMED]


def test_what_they_agreed_to_is_in_the_record(subscribers: SubscriberList) -> None:
    import_entries(subscribers, [ImportEntry("ann@e.org", "Ann")], CONSENT, dry_run=False)
    [record] = subscribers.load_consents("ann@e.org")
    assert (record.event, record.via, record.text, record.at) == (
        ConsentEvent.IMPORTED,
        "import",
        "asked at the fair of 2025",
        START,
    )
    found = subscribers.find("ann@e.org")
    assert found
    assert (found.name, found.state) == ("Ann", SubscriberState.CONFIRMED)


def test_who_had_left_elsewhere_stays_out_here(subscribers: SubscriberList) -> None:
    entry = ImportEntry("ann@e.org", state=SubscriberState.LEFT)
    assert import_entries(subscribers, [entry], CONSENT, dry_run=False) == [Is.NEW]
    assert import_entries(subscribers, entries("ann@e.org"), CONSENT, dry_run=False) == [Is.LEFT]


def test_without_the_key_of_the_hashes_nothing_is_imported(lived_in: SubscriberList) -> None:
    """Or who was erased would come back, because their hash is another one now."""
    lost = SubscriberList(lived_in.ledger, NEWSLETTER, SigningKeys("a new secret of the list"))
    with pytest.raises(ConfigError, match="hashed with a key of") as caught:
        import_entries(lost, entries("erased@e.org"), CONSENT, dry_run=True)
    assert caught.value.hint.startswith("add the reference to that secret: old_keys")
    known = SubscriberList(lived_in.ledger, NEWSLETTER, SigningKeys("a new secret of the list", (KEYS.current,)))
    require_known_keys(known)
    assert import_entries(known, entries("erased@e.org"), CONSENT, dry_run=True) == [Is.ERASED]
