"""What providers take, and that no more is asked of them."""

from __future__ import annotations

import pytest

from publisher.channels.email import Email, session
from publisher.channels.email.rate_limit import PROVIDERS, ProviderLimits, find_lane
from publisher.channels.email.session import MailSession
from publisher.channels.email.settings import parse_server as server_at
from publisher.channels.email.smtp import SmtpConnection
from tests.channels.email.smtp_server import LIN, READERS, channel_of, part_of
from tests.support.servers.mail_server import MailServer

SLOW = ProviderLimits(("slow.example", "127.0.0.1"), per_minute=30, connections=2, per_connection=2)


@pytest.mark.parametrize(
    ("server", "recipient", "lane"),
    [
        ("mail.example.org", "lin@qq.com", "qq.com"),
        ("mail.example.org", "lin@foxmail.com", "qq.com"),
        ("mail.example.org", "lin@vip.163.com", "163.com"),
        ("mail.example.org", "lin@yeah.net", "163.com"),
        ("mail.example.org", "lin@notqq.com", "notqq.com"),
        ("mail.example.org", "lin@gmail.com", "gmail.com"),
        ("mail.example.org", "lin@mail.example.org", "mail.example.org"),
        ("smtp.qq.com", "lin@gmail.com", "qq.com"),  # the provider counts all that it sends for someone
        ("smtp.163.com", "lin@qq.com", "163.com"),
    ],
)
def test_the_lane_of_an_address(server: str, recipient: str, lane: str) -> None:
    assert find_lane(server, recipient) == lane
    channel = Email(from_="a@e.org", server=f"smtps://{server}", to="b@e.org")
    assert channel.find_lane(recipient) == lane
    assert (lane in channel.rate_limits) == (lane in ("qq.com", "163.com"))


def test_each_provider_has_a_limit() -> None:
    limits = Email(from_="a@e.org", server="smtps://mail.example.org", to="b@e.org").rate_limits
    assert {name: limit.per_minute for name, limit in limits.items()} == {
        provider.domains[0]: provider.per_minute for provider in PROVIDERS
    }
    assert {(limit.burst, limit.interval) for limit in limits.values()} == {(1, 0.0)}, "evenly spaced"


def test_a_connection_is_replaced_after_so_many_emails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_provider_limits", lambda _: SLOW)
    with MailServer() as server:
        made = MailSession(SmtpConnection(server_at(server.url, "", "")), READERS, "a@e.org")
        mail = part_of(channel_of(server))
        with made:
            for _ in range(5):
                made.deliver(mail, LIN)
        assert (len(server.mails), server.connections) == (5, 3)


def test_known_providers() -> None:
    def window(host: str) -> int:
        return Email(from_="a@e.org", server=f"smtps://{host}", to="b@e.org").concurrency

    assert (window("smtp.163.com"), window("smtp.qq.com"), window("mail.example.org")) == (2, 2, 10)
