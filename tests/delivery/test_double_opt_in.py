"""Who wants to subscribe is asked once by mail, with links that the pages of the list accept."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.channels.email import Email
from publisher.channels.rss import Rss
from publisher.config import Config
from publisher.credentials import Reference
from publisher.delivery.confirmation import send_confirmation
from publisher.errors import ConfigError, DeliveryError
from publisher.newsletter import Newsletter
from publisher.signing import Purpose, SigningKeys
from publisher.subscriber_settings import SubscriberSettings
from publisher.subscribers.models import Subscriber, SubscriberState
from tests.support.servers.mail_server import Fault, MailServer

KEYS = SigningKeys("the secret of this list")
NOW = dt.datetime(2026, 3, 1, 17, tzinfo=dt.UTC)
LIN = Subscriber("lin@e.org", "Lin+Tide@e.org", "Click http://spam.example", SubscriberState.ASKED, NOW, "k3j9x0q7m2ab")
NEWSLETTER = Newsletter(
    "Night Ferry",
    "https://ferry.example.org/{date}/",
    "https://ferry.example.org/",
    "tag:ferry.example.org,2021:n",
    lang="en",
    timezone="Asia/Shanghai",
)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def config(server: MailServer, tmp_path: Path) -> Config:
    subscribers = SubscriberSettings("https://ferry.example.org/list/", Reference("env:KEY"))
    (tmp_path / "list.key").write_text("the secret of this list")
    (tmp_path / "list.key").chmod(0o600)
    subscribers = replace(subscribers, key=Reference(f"file:{tmp_path}/list.key"))
    channel = Email(from_="editor@ferry.example.org", server=server.url, _subscribers=subscribers)
    return Config(tmp_path / "publisher.toml", tmp_path, NEWSLETTER, subscribers=subscribers, channels=(Rss(), channel))


def test_the_links_are_those_of_the_pages(config: Config, server: MailServer) -> None:
    send_confirmation(config, KEYS, LIN, NOW)
    (sent,) = server.mails
    message = email.message_from_bytes(sent.body, policy=email.policy.default)
    text = message.get_payload(decode=True).decode()  # type: ignore[union-attr]  # one part
    links = [line for line in text.splitlines() if line.startswith("https://")]
    tokens = {}
    for link in links:
        base, page, token = link.rsplit("/", 2)
        assert base == "https://ferry.example.org/list"
        tokens[page] = KEYS.verify(token, Purpose(page))
    assert tokens == {"confirm": LIN.tag, "refuse": LIN.tag}
    assert sent.reader == LIN.address


def test_it_has_nothing_that_the_visitor_typed(config: Config, server: MailServer) -> None:
    send_confirmation(config, KEYS, LIN, NOW)
    message = email.message_from_bytes(server.mails[0].body, policy=email.policy.default)
    text = message.get_payload(decode=True).decode()  # type: ignore[union-attr]  # one part
    assert "spam" not in text + str(message)
    assert "lin" not in text.lower()
    assert str(message["To"]) == LIN.address


def test_the_day_is_that_of_the_newsletter(config: Config, server: MailServer) -> None:
    """It is 17:00 UTC, and tomorrow in Shanghai."""
    send_confirmation(config, KEYS, LIN, NOW)
    message = email.message_from_bytes(server.mails[0].body, policy=email.policy.default)
    assert message.get_payload(decode=True).startswith(b"Night Ferry \xc2\xb7 March 2, 2026\r\n")  # type: ignore[union-attr]
    assert str(message["Date"]) == "Mon, 02 Mar 2026 01:00:00 +0800"


def test_without_a_channel_or_a_list_there_is_a_hint(config: Config) -> None:
    for incomplete in (replace(config, channels=(Rss(),)), replace(config, subscribers=None)):
        with pytest.raises(ConfigError) as caught:
            send_confirmation(incomplete, KEYS, LIN, NOW)
        assert caught.value.hint


def test_a_refusal_is_for_the_caller(config: Config, server: MailServer) -> None:
    server.script(Fault("RCPT", "550 5.1.1 no such user"))
    with pytest.raises(DeliveryError) as caught:
        send_confirmation(config, KEYS, LIN, NOW)
    assert caught.value.permanent
