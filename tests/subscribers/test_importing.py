"""Files of each program into a list that knows people in every state: no one comes back, and an export is an import."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.mail_address import parse_recipient
from publisher.signing import SigningKeys
from publisher.subscribers.erasure import erase_subscriber
from publisher.subscribers.formats import format_list, parse_list_file
from publisher.subscribers.importing import import_list
from publisher.subscribers.models import Origin, SubscriberState, SuppressionReason
from publisher.subscribers.subscriber_list import SubscriberList

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
ORIGIN = Origin(NOON, "test", "signed up at the fair")

# how the people of the list are written in a file: as there, with a tag, in capitals, in full width
SPELLINGS: dict[str, Callable[[str], str]] = {
    "same": lambda local: f"{local}@ferry.net",
    "tag": lambda local: f"{local}+weekly@ferry.net",
    "capitals": lambda local: f"{local.upper()}@Ferry.NET",
    "wide": lambda local: "".join(chr(ord(char) + 0xFEE0) for char in local) + "＠ferry.net",
}

WRITERS: dict[str, Callable[[Sequence[str]], str]] = {
    "plain text": lambda people: "\n".join(people),
    "CSV": lambda people: "\n".join(["email,name", *(f"{one},Lin" for one in people)]),
    "Ghost": lambda people: "\n".join(
        ["id,email,name,note,subscribed_to_emails,created_at,deleted_at,labels,tiers"]
        + [f"1,{one},Lin,,true,2021-07-18T08:00:00.000Z,,," for one in people]
    ),
    "Substack": lambda people: "\n".join(
        ["email,active_subscription,expiry,plan,email_disabled,created_at"]
        + [f"{one},true,,monthly,false,2021-07-18T08:00:00Z" for one in people]
    ),
    "Mailchimp": lambda people: "\n".join(
        ["Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME"]
        + [f'{one},Lin,Mei,2,"2021-07-18 08:00:00",,' for one in people]
    ),
    "Buttondown": lambda people: "\n".join(
        ["id,email_address,notes,type,creation_date"] + [f"1,{one},,regular,2021-07-18T08:00:00Z" for one in people]
    ),
    "listmonk": lambda people: "\n".join(
        ["uuid,email,name,attributes,status,created_at,updated_at"]
        + [f"u,{one},Lin,{{}},enabled,2021-07-18 08:00:00.1 +0000 UTC,x" for one in people]
    ),
    "publisher": lambda people: "\n".join(
        ["email,name,state,since,paused_until"] + [f"{one},Lin,confirmed,2021-07-18T08:00:00+00:00," for one in people]
    ),
}
STATES = ("asked", "confirmed", "paused", "left", "gone", "complained", "refused", "erased")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / ".publisher" / "ledger.db")
    yield opened
    opened.close()


@pytest.fixture
def known(ledger: Ledger) -> SubscriberList:
    """A list with one person in each state, by its name."""
    found = open_list(ledger, "tag:ferry.net,2026:weekly")
    for name in STATES:
        key = f"{name}@ferry.net"
        asked = found.ask(parse_recipient(key), ORIGIN).subscriber
        assert asked
        match name:
            case "asked":
                continue
            case "refused":
                found.refuse(asked.tag, ORIGIN)
                continue
            case "erased":
                erase_subscriber(found, key, ORIGIN)
                continue
        found.confirm(key, ORIGIN)
        match name:
            case "paused":
                found.pause(key, None, ORIGIN)
            case "left":
                found.leave(key, ORIGIN)
            case "gone":
                found.mark_gone(key, ORIGIN)
            case "complained":
                found.mark_complained(key, ORIGIN)
    return found


def open_list(ledger: Ledger, newsletter: str) -> SubscriberList:
    return SubscriberList(ledger, newsletter, SigningKeys("a key of the tests, long enough"))


def states_of(found: SubscriberList) -> dict[str, str]:
    return {one.key.partition("@")[0]: one.state.value for one in found.iterate()}


@pytest.mark.parametrize("program", WRITERS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_import_brings_anyone_back(known: SubscriberList, program: str, spelling: str) -> None:
    before = states_of(known)
    people = [SPELLINGS[spelling](local) for local in (*STATES, "new")]
    file = parse_list_file(WRITERS[program](people).encode(), "members.csv")
    assert (file.format, len(file.entries)) == (program, 9)
    expected = {
        "new": 1,
        "on the list already": 2,
        "asked and not confirmed yet: stay so": 1,
        "left before: stay out": 1,
        "bounced before: stay out": 1,
        "complained before: stay out": 1,
        "suppressed": 2,
    }
    assert import_list(known, file, ORIGIN, dry_run=True).counts == expected
    assert states_of(known) == before
    report = import_list(known, file, ORIGIN, dry_run=False)
    assert (report.counts, report.added) == (expected, 1)
    assert states_of(known) == before | {"new": "confirmed"}
    assert known.find_suppression("refused@ferry.net") is SuppressionReason.REFUSED
    assert known.find_suppression("erased@ferry.net") is SuppressionReason.ERASED


@pytest.mark.parametrize("program", WRITERS)
def test_an_export_of_what_was_imported_imports_to_the_same(ledger: Ledger, program: str) -> None:
    people = [make("lin") for make in SPELLINGS.values()] + ["Xi+news@ferry.net", "a@ferry.net"]
    first, second = (open_list(ledger, f"tag:ferry.net,2026:{name}") for name in ("one", "two"))
    import_list(first, parse_list_file(WRITERS[program](people).encode(), "a.csv"), ORIGIN, dry_run=False)
    text = format_list(first.iterate())
    assert len(text.splitlines()) == 4, "the header, and one person who is written in four ways is one person"
    later = Origin(NOON + dt.timedelta(days=9), "test", "moved here")
    import_list(second, parse_list_file(text.encode(), "export.csv"), later, dry_run=False)
    assert format_list(second.iterate()) == text


def test_who_left_elsewhere_stays_out_of_later_imports(ledger: Ledger) -> None:
    found = open_list(ledger, "tag:ferry.net,2026:weekly")
    left = WRITERS["Ghost"](["lin@ferry.net"]).replace(",true,", ",false,")
    for text in (left, WRITERS["Ghost"](["lin@ferry.net"])):
        report = import_list(found, parse_list_file(text.encode(), "a.csv"), ORIGIN, dry_run=False)
        assert report.added == 0
    assert states_of(found) == {"lin": SubscriberState.LEFT.value}
