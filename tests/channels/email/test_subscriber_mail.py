"""Issues for the subscribers of a list: each has a link of their own to leave, and a sender of its own."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from publisher.channels.email import Email
from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.mail_address import normalize_address
from publisher.signing import Purpose, SigningKeys
from publisher.subscriber_settings import SubscriberSettings
from publisher.subscription import SubscriberAddress
from publisher.verp import find_verp_token
from tests.channels.email.conftest import BEIJING, PUBLICATION
from tests.channels.email.smtp_server import channel_of, part_of
from tests.channels.email.wire import faults
from tests.support.servers.mail_server import MailServer

NEWSLETTER = "tag:ferry.example.org,2019:weekly"
PAGES = "https://list.ferry.example.org/of/the/night/ferry"
KEY = "a key that nobody can guess"
KEYS = SigningKeys(KEY)
AT = dt.datetime(2024, 3, 7, 9, 45, tzinfo=BEIJING)
TAG = "k3j9x0q7m2ab"
LIN = SubscriberAddress("Lin+Tide@Example.net", "林汐", TAG, f"{TAG}-2f")
XI = SubscriberAddress("xi@example.net", "", "aaaabbbbcccc", "aaaabbbbcccc-30")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def key(tmp_path: Path) -> Reference:
    file = tmp_path / "subscribers.key"
    file.write_text(KEY)
    file.chmod(0o600)
    return Reference(f"file:{file}")


def channel(server: MailServer, key: Reference, bounces: str = "", **settings: Any) -> Email:
    subscribers = SubscriberSettings(PAGES, key, bounces=bounces)
    known = {"recipients_": (), "_subscribers": subscribers, "_subscribers_of": NEWSLETTER}
    return channel_of(server, **known | settings)


def send(email_channel: Email, *subscribers: SubscriberAddress) -> None:
    part = part_of(email_channel)
    with email_channel.session() as session:
        for one in subscribers:
            assert session.deliver(part, normalize_address(one.address), AT, one).changed


def parse(wire: bytes) -> EmailMessage:
    message = email.message_from_bytes(wire, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def leave_url(tag: str) -> str:
    return f"{PAGES}/leave/{KEYS.sign(Purpose.LEAVE, tag)}"


def test_it_goes_to_the_address_as_the_subscriber_writes_it(server: MailServer, key: Reference) -> None:
    send(channel(server, key), LIN, XI)
    assert [one.reader for one in server.mails] == [LIN.address, XI.address]
    assert [str(parse(one.body)["To"]) for one in server.mails] == ["林汐 <Lin+Tide@Example.net>", "xi@example.net"]


@pytest.mark.parametrize("wrap", ["flowed", "hard", "none"])
def test_each_leaves_by_a_link_of_their_own(server: MailServer, key: Reference, wrap: str) -> None:
    """In the text, and by one click: RFC 8058, sections 3.1 and 8."""
    send(channel(server, key, wrap=wrap), LIN, XI)
    for sent, subscriber in zip(server.mails, (LIN, XI), strict=True):
        message, url = parse(sent.body), leave_url(subscriber.tag)
        assert message["List-Unsubscribe"] == f"<{url}>, <mailto:editor@ferry.example.org?subject=unsubscribe>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert url in message.get_content().splitlines()
        assert KEYS.verify(url.rpartition("/")[2], Purpose.LEAVE) == subscriber.tag
        assert leave_url((XI if subscriber is LIN else LIN).tag) not in sent.body.decode() + message.get_content()
        assert faults(sent.body, width=10_000) == []


def test_a_long_link_is_not_folded_or_encoded(server: MailServer, key: Reference) -> None:
    """CPython's email package encodes a URL of 78 characters in a header, and one-click is silently gone."""
    send(channel(server, key), LIN)
    url = leave_url(LIN.tag)
    assert len(f"List-Unsubscribe: <{url}>,") > 78
    assert f"\r\nList-Unsubscribe: <{url}>,\r\n <mailto:".encode() in server.mails[0].body


def test_the_same_bytes_on_every_retry(server: MailServer, key: Reference) -> None:
    for _ in range(2):
        send(channel(server, key, bounces="bounces@ferry.example.org"), LIN)
    first, second = server.mails
    assert first == second


# ------------------------------------------------------------- envelope senders


def test_returned_emails_say_which_delivery(server: MailServer, key: Reference) -> None:
    address = "bounces@ferry.example.org"
    send(channel(server, key, bounces=address), LIN, XI)
    senders = [one.sender for one in server.mails]
    assert senders == [f"bounces+{TAG}-2f@ferry.example.org", "bounces+aaaabbbbcccc-30@ferry.example.org"]
    assert [find_verp_token(sender, address) for sender in senders] == [LIN.bounce_token, XI.bounce_token]
    assert all(b"bounces" not in one.body for one in server.mails)


def test_without_an_address_for_them_they_return_to_the_sender(server: MailServer, key: Reference) -> None:
    send(channel(server, key), LIN)
    assert server.mails[0].sender == "captain@ferry.example.org"


def test_a_confirmation_returns_to_the_sender(server: MailServer, key: Reference) -> None:
    ours = channel(server, key, bounces="bounces@ferry.example.org")
    ours.send_confirmation(PUBLICATION, XI.address, f"{PAGES}/confirm/x", f"{PAGES}/refuse/x", AT)
    assert server.mails[0].sender == "captain@ferry.example.org"


@pytest.mark.parametrize("domain", ["ferry.example.org", "b.ferry.example.org", "example.org", "FERRY.example.org"])
def test_the_domain_is_aligned_with_the_sender(server: MailServer, key: Reference, domain: str) -> None:
    channel(server, key, bounces=f"bounces@{domain.lower()}", from_="captain@ferry.example.org")


@pytest.mark.parametrize("domain", ["example.net", "xferry.example.org", "wharf.example.org"])
def test_a_domain_without_alignment_is_refused(server: MailServer, key: Reference, domain: str) -> None:
    with pytest.raises(ConfigError, match=f"`bounces` .* is at {domain}, but the domain of `from` is ferry.example"):
        channel(server, key, bounces=f"bounces@{domain}")


@pytest.mark.parametrize(
    "address",
    ["bounces", "B <b@example.org>", "a+b@example.org", "溪@example.org", "b@例子.example", "b b@example.org"],
)
def test_an_address_that_takes_no_token_is_refused(key: Reference, address: str) -> None:
    with pytest.raises(ConfigError):
        SubscriberSettings(PAGES, key, bounces=address)


def test_an_address_has_room_for_the_token(key: Reference) -> None:
    """RFC 5321, section 4.5.3.1.1: 64 octets; the id of a delivery has up to 15 digits."""
    longest = "b" * 32
    SubscriberSettings(PAGES, key, bounces=f"{longest}@example.org")
    assert len(f"{longest}+{TAG}-{2**60 - 1:x}") <= 64
    with pytest.raises(ConfigError, match="33 characters before the @, and 32 are allowed"):
        SubscriberSettings(PAGES, key, bounces=f"b{longest}@example.org")


# ------------------------------------------------------------------- test sends


def test_a_test_send_has_a_link_that_is_valid(server: MailServer, key: Reference) -> None:
    """It leads to the page; who is not a subscriber cannot leave."""
    opened = channel(server, key, me="Captain@ferry.example.org")
    with opened.session() as session:
        session.deliver(part_of(opened), opened.test_recipient, AT)
    message = parse(server.mails[0].body)
    token = str(message["List-Unsubscribe"]).partition(">")[0].rpartition("/")[2]
    assert KEYS.verify(token, Purpose.LEAVE) == KEYS.make_tag(NEWSLETTER, "captain@ferry.example.org")


def test_a_key_that_cannot_be_read_stops_the_delivery(server: MailServer, key: Reference) -> None:
    Path(key.partition(":")[2]).unlink()
    with pytest.raises(ConfigError), channel(server, key).session():
        pass
    assert server.mails == []


def test_without_a_server_the_file_says_how_to_leave() -> None:
    settings = SubscriberSettings(PAGES, Reference("env:KEY"))
    text = part_of(Email(_subscribers=settings, _subscribers_of=NEWSLETTER)).body
    message = parse(text)
    assert "List-Unsubscribe-Post" not in message
    assert "想退订，请回复“退订”。" in message.get_content()


def test_the_subscribe_page_gets_the_form(server: MailServer, key: Reference) -> None:
    option = channel(server, key).build_subscribe_option(PUBLICATION)
    assert option
    assert (option.form, option.url, option.name) == (f"{PAGES}/subscribe", "", "")
