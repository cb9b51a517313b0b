"""What a platform calls a destination, whatever it is called in publisher.toml."""

from __future__ import annotations

import pytest

from publisher.errors import BusyError
from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.calendar import find_published
from publisher.ledger.destinations import (
    build_publication_key,
    load_all_destination_ids,
    load_destination_ids,
    record_destination_id,
    save_destination_id,
)
from publisher.ledger.queries import find_recipients, find_status
from tests.ledger.shortcuts import KEY, MINUTE, NOON, claim, parts, plan, rows, send_all

NAME, NUMBER, OTHER = "@readers", "-1001", "-1002"


def key(destination: str, issue: str = KEY.issue) -> PublicationKey:
    return PublicationKey(issue, KEY.channel, destination)


def sent(ledger: Ledger, where: PublicationKey) -> None:
    lease = claim(ledger, key=where)
    plan(ledger, lease, parts(a="one"), [where.base_destination])
    send_all(ledger, lease)
    ledger.release(lease, NOON)


def test_a_name_gets_its_number_in_all_publications(ledger: Ledger) -> None:
    sent(ledger, key(NAME, "1"))
    sent(ledger, key(NAME, "2"))
    sent(ledger, key(NAME, "2").for_notice("abc"))
    lease = claim(ledger, key=key(NAME, "2"))
    record_destination_id(ledger, lease, KEY.channel, NAME, NUMBER)
    assert find_published(ledger) == {key(NUMBER, "1"), key(NUMBER, "2"), key(NUMBER, "2").for_notice("abc")}
    assert rows(ledger, "SELECT DISTINCT recipient FROM delivery") == [(NUMBER,)]
    for destination in (NAME, NUMBER):  # both lead to the same
        status = find_status(ledger, key(destination, "1"))
        assert status
        assert status.done
        assert find_recipients(ledger, key(destination, "1"), *status.part_states["a"][:1]) == {NUMBER}


def test_the_lease_holds_under_every_name(ledger: Ledger) -> None:
    lease = claim(ledger, key=key(NAME))
    record_destination_id(ledger, lease, KEY.channel, NAME, NUMBER)
    for destination in (NAME, NUMBER):
        with pytest.raises(BusyError):
            claim(ledger, key=key(destination))


def test_a_group_that_moves_is_known_by_each_of_its_numbers(ledger: Ledger) -> None:
    sent(ledger, key(NAME, "1"))
    record_destination_id(ledger, claim(ledger, key=key(NAME, "1")), KEY.channel, NAME, "-7")
    sent(ledger, key("-7", "2"))
    record_destination_id(ledger, claim(ledger, key=key("-7", "2")), KEY.channel, "-7", NUMBER)
    assert load_destination_ids(ledger, KEY.channel) == {NAME: NUMBER, "-7": NUMBER}
    for destination in (NAME, "-7", NUMBER):
        assert [find_status(ledger, key(destination, issue)) is not None for issue in "123"] == [True, True, False]


def test_a_name_that_was_given_to_another_chat_leads_there(ledger: Ledger) -> None:
    """What is out in the old chat stays out there; only the message that went to the new chat is there."""
    sent(ledger, key(NAME, "1"))
    save_destination_id(ledger, KEY.channel, NAME, NUMBER)
    lease = claim(ledger, key=key(NAME, "2"))
    record_destination_id(ledger, lease, KEY.channel, NAME, OTHER)
    assert load_destination_ids(ledger, KEY.channel) == {NAME: OTHER}
    assert rows(ledger, "SELECT issue, destination FROM publication ORDER BY id") == [("1", NUMBER), ("2", OTHER)]
    assert find_status(ledger, key(NAME, "1")) is None


def test_what_is_there_already_stays_as_it_is(ledger: Ledger) -> None:
    sent(ledger, key(NAME))
    sent(ledger, key(NUMBER))
    before = rows(ledger, "SELECT id, destination, done FROM publication ORDER BY id")
    save_destination_id(ledger, KEY.channel, NAME, NUMBER)
    assert rows(ledger, "SELECT id, destination, done FROM publication ORDER BY id") == before


def test_names_that_only_begin_alike_are_others(ledger: Ledger) -> None:
    for name in ("@readers2", "@readers, all", "-@readers"):
        sent(ledger, key(name))
    sent(ledger, key(NAME)._replace(channel="fax"))
    save_destination_id(ledger, KEY.channel, NAME, NUMBER)
    found = rows(ledger, "SELECT destination FROM publication ORDER BY id")
    assert found == [("@readers2",), ("@readers, all",), ("-@readers",), (NAME,)]


def test_another_process_learns_the_number_during_a_claim(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is looked up again after the row was made: nothing is left behind, no one is served twice."""
    from publisher.ledger import leases as module

    calls: list[PublicationKey] = []

    def resolve(tx: object, asked: PublicationKey) -> PublicationKey:
        calls.append(asked)
        return asked if len(calls) == 1 else asked.with_destination(NUMBER)

    monkeypatch.setattr(module, "resolve_key", resolve)
    with pytest.raises(BusyError, match="has just become"):
        ledger.claim(key(NAME), NOON, MINUTE)
    assert rows(ledger, "SELECT COUNT(*) FROM publication") == [(0,)]


def test_keys_of_channels(ledger: Ledger) -> None:
    from publisher.channels.telegram import Telegram
    from publisher.credentials import Reference
    from publisher.newsletter import Newsletter

    save_destination_id(ledger, "telegram", NAME, NUMBER)
    newsletter, ids = (
        Newsletter("N", "https://e.org/{date}/", "https://e.org/", "tag:e"),
        load_all_destination_ids(ledger),
    )
    for chat, place in (("@Readers", NUMBER), (NUMBER, NUMBER), ("@Others", "@others")):
        channel = Telegram(token=Reference("env:T"), chat=chat)
        assert build_publication_key(newsletter, channel, "1", ids) == ("tag:e/1", "telegram", place)
    assert build_publication_key(newsletter, Telegram(), "1", ids).destination == "public"
