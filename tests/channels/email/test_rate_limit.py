"""What providers take, and that no more is asked of them."""

from __future__ import annotations

import threading

import pytest

from publisher.channels.email import Email, session
from publisher.channels.email.rate_limit import MailRateLimiter, ProviderLimits
from publisher.channels.email.session import MailSession
from publisher.channels.email.settings import parse_server as server_at
from publisher.channels.email.smtp import SmtpConnection
from tests.channels.email.smtp_server import LIN, READERS, channel_of, part_of
from tests.support.servers.mail_server import MailServer


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


SLOW = ProviderLimits(("slow.example", "127.0.0.1"), per_minute=30, connections=2, per_connection=2)


def test_a_provider_gets_so_many_a_minute() -> None:
    clock = Clock()
    pace = MailRateLimiter(clock, clock.sleep, (SLOW,))
    at = []
    for host in ("slow.example", "mail.slow.example", "fast.example", "notslow.example", "slow.example"):
        pace.wait(host, "relay.example")
        at.append(clock.now)
    assert at == [50.0, 52.0, 52.0, 52.0, 54.0]
    clock.now = 99.0
    pace.wait("slow.example")
    assert clock.now == 99.0


def test_many_threads_share_the_pace() -> None:
    waited: list[float] = []
    pace = MailRateLimiter(lambda: 10.0, waited.append, (SLOW,))
    threads = [threading.Thread(target=pace.wait, args=("slow.example",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waited) == [2.0 * n for n in range(1, 20)]


def test_a_session_keeps_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(session, "find_provider_limits", lambda _: SLOW)
    with MailServer() as server:
        made = MailSession(
            SmtpConnection(server_at(server.url, "", "")),
            MailRateLimiter(clock, clock.sleep, (SLOW,)),
            READERS,
            "a@e.org",
        )
        mail = part_of(channel_of(server))
        with made:
            for _ in range(5):
                made.deliver(mail, LIN)
        assert (len(server.mails), server.connections) == (5, 3)
    assert clock.now == 58.0


def test_known_providers() -> None:
    def window(host: str) -> int:
        return Email(from_="a@e.org", server=f"smtps://{host}", to="b@e.org").concurrency

    assert (window("smtp.163.com"), window("smtp.qq.com"), window("mail.example.org")) == (2, 2, 10)
