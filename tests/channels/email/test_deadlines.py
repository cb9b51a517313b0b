"""A mail server that answers a byte at a time holds no one for longer than the time limit, at whatever step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from publisher import deadline
from publisher.channel import FindingLevel, Part
from publisher.channels.email import Email, smtp
from publisher.channels.email.settings import parse_server
from publisher.channels.email.smtp import SmtpConnection, SmtpDisconnectedError
from publisher.deadline import Deadline
from publisher.errors import DeliveryError, PublisherError
from tests.channels.email.smtp_server import LIN, XI, ZHOU, channel_of, fails, kind, part_of
from tests.support.servers.certificates import server_context
from tests.support.servers.mail_server import FEATURES, Fault, MailServer

WORD, LINE = b"250-still at it and at it ", b"250-\r\n"
"""What never becomes a line, and lines that never are the last."""

TLS_RECORD = b"\x16\x03\x03\x3f\xff\x02"
"""The beginning of a handshake's record of 16 kB, whose rest takes its time."""

TIME_LIMIT = "no answer within the time limit"


@contextmanager
def hurry(name: str, server: MailServer | None = None) -> Iterator[None]:
    """The time limit of one step is short; the others are long enough for a slow machine.

    With a `server`, time passes only with the bytes that it lets trickle: nothing else reaches the limit.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smtp, name, 100.0 if server else 0.4)
        if server:
            patch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: 20.0 * server.pieces))
        yield


def failure(name: str, act: Callable[[], object], server: MailServer | None = None) -> PublisherError:
    with hurry(name, server):
        return fails(act)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def channel(server: MailServer) -> Email:
    return channel_of(server)


@pytest.fixture
def mail(channel: Email) -> Part:
    return part_of(channel)


# ------------------------------------------------------------------ connecting


@pytest.mark.parametrize("piece", [WORD, LINE], ids=["a line", "lines"])
@pytest.mark.parametrize("step", ["CONNECT", "EHLO"])
def test_connecting_ends(server: MailServer, channel: Email, step: str, piece: bytes) -> None:
    server.script(Fault(step, trickles=piece))
    error = failure("CONNECT_TIMEOUT", channel.session().__enter__, server)
    assert kind(error) == ("later", 10.0)
    assert TIME_LIMIT in error.message
    with channel.session():  # and works, once the server does
        pass


@pytest.mark.parametrize(
    ("fault", "tls"),
    [
        (Fault("TLS", trickles=TLS_RECORD), "first"),
        (Fault("TLS", trickles=TLS_RECORD), "start"),
        (Fault("STARTTLS", trickles=b"220-go on\r\n"), "start"),
        (Fault("EHLO", trickles=WORD, at=2), "start"),
        (Fault("EHLO", trickles=WORD), "first"),
        (Fault("AUTH", trickles=WORD), "start"),
        (Fault("AUTH", trickles=LINE), "first"),
    ],
    ids=lambda value: f"{value.command}{value.at}" if isinstance(value, Fault) else None,
)
def test_connecting_over_tls_ends(
    elsewhere: Callable[..., str],
    certificates: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    tls: str,
) -> None:
    monkeypatch.setenv("P", "neap-4711")
    with MailServer(context=server_context(certificates[1]), tls=tls, user="lin", password="neap-4711") as server:
        server.script(fault)
        channel = channel_of(server, server=elsewhere(server), user="lin", password="env:P")
        error = failure("CONNECT_TIMEOUT", channel.session().__enter__)
    assert kind(error) == ("later", 10.0)
    assert TIME_LIMIT in error.message


def test_a_delivery_that_has_no_time_left_does_not_connect(server: MailServer) -> None:
    connection = SmtpConnection(parse_server(server.url, "", ""))
    with pytest.raises(DeliveryError, match=TIME_LIMIT):
        connection.open(Deadline(0.0))
    assert server.connections == 0


# ----------------------------------------------------------------- one message


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("piece", [WORD, LINE], ids=["a line", "lines"])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_before_the_mail_is_complete_nothing_was_sent(
    server: MailServer, channel: Email, mail: Part, command: str, piece: bytes, pipelining: bool
) -> None:
    server.features = FEATURES if pipelining else FEATURES[1:]
    with channel.session() as opened:
        server.script(Fault(command, trickles=piece))
        error = failure("SEND_TIMEOUT", lambda: opened.deliver(mail, LIN), server)
        assert kind(error) == ("later", 10.0)
        assert TIME_LIMIT in error.message
        opened.deliver(mail, XI)
    assert server.readers == ["Xi@example.net"]


@pytest.mark.parametrize("piece", [WORD, LINE], ids=["a line", "lines"])
def test_after_the_mail_is_complete_nobody_knows(server: MailServer, channel: Email, mail: Part, piece: bytes) -> None:
    with channel.session() as opened:
        server.script(Fault(".", acts=True, trickles=piece))
        error = failure("DATA_TIMEOUT", lambda: opened.deliver(mail, LIN), server)
        assert kind(error) == ("unknown", None)
        assert TIME_LIMIT in error.message
        opened.deliver(mail, XI)
    assert server.readers == [LIN, "Xi@example.net"]


def test_over_tls_it_is_the_same(elsewhere: Callable[..., str], certificates: tuple[Path, Path]) -> None:
    with MailServer(context=server_context(certificates[1])) as server:
        channel = channel_of(server, server=elsewhere(server))
        mail = part_of(channel)
        steps = {"MAIL": ("SEND_TIMEOUT", ("later", 10.0)), ".": ("DATA_TIMEOUT", ("unknown", None))}
        for command, (limit, expected) in steps.items():
            with channel.session() as opened:
                server.script(Fault(command, trickles=WORD))
                error = failure(limit, partial(opened.deliver, mail, LIN))
                assert kind(error) == expected
                assert TIME_LIMIT in error.message
    assert server.mails == []


@pytest.mark.parametrize("tls", [False, True], ids=["in clear text", "over TLS"])
def test_a_server_that_takes_a_mail_slowly(
    elsewhere: Callable[..., str], certificates: tuple[Path, Path], tls: bool
) -> None:
    """Each write succeeds in part; as long as the end of the mail is still here, it cannot have been taken."""
    with MailServer((), context=server_context(certificates[1]) if tls else None) as server:
        server.script(Fault("BODY", trickles=b" "))
        connection = SmtpConnection(parse_server(elsewhere(server) if tls else server.url, "", ""))
        with connection, hurry("SEND_TIMEOUT"), pytest.raises(SmtpDisconnectedError, match=TIME_LIMIT):
            connection.send("a@e.org", LIN, b"x" * 70 + b"\r\n" * 10_000_000)
    assert server.mails == []


def test_a_kept_connection_that_has_become_slow_is_replaced(server: MailServer, channel: Email, mail: Part) -> None:
    with channel.session() as opened, hurry("SEND_TIMEOUT", server):
        opened.deliver(mail, ZHOU)
        server.script(Fault("MAIL", trickles=WORD))
        opened.deliver(mail, LIN)
    assert server.readers == [ZHOU, LIN]
    assert server.connections == 2


def test_a_delivery_has_one_time_limit_with_its_second_connection(
    server: MailServer, channel: Email, mail: Part
) -> None:
    with channel.session() as opened:
        opened.deliver(mail, ZHOU)
        server.script(Fault("MAIL", trickles=WORD))
        error = failure("DELIVERY_TIMEOUT", lambda: opened.deliver(mail, LIN), server)
        assert kind(error) == ("later", 10.0)
    assert server.readers == [ZHOU]
    assert server.connections == 1


# ------------------------------------------------------------- after a message


def test_a_refusal_stands_though_the_server_dawdles_after_it(server: MailServer, channel: Email, mail: Part) -> None:
    with channel.session() as opened:
        server.script(Fault("RCPT", "550 5.1.1 no such user", reader=LIN), Fault("RSET", trickles=LINE))
        assert kind(failure("SEND_TIMEOUT", lambda: opened.deliver(mail, LIN), server)) == ("never", None)
        opened.deliver(mail, XI)
    assert server.readers == ["Xi@example.net"]


def test_closing_ends(server: MailServer, channel: Email, mail: Part) -> None:
    server.script(Fault("QUIT", trickles=LINE))
    with channel.session() as opened:
        opened.deliver(mail, LIN)
    assert server.commands[-1] == "QUIT"
    assert not server.has_given_up


def test_doctor_ends(server: MailServer, channel: Email) -> None:
    server.script(Fault("NOOP", trickles=WORD))
    with hurry("_NOOP_TIMEOUT"):
        found = [*channel.diagnose()]
    (error,) = [one for one in found if one.level is FindingLevel.ERROR]
    assert TIME_LIMIT in error.message


# ------------------------------------------------------------------------ size


@pytest.mark.parametrize(
    "reply",
    ["250 " + "x" * 100_000, "\r\n".join(["250-" + "x" * 500] * 1_000), "\r\n".join(["250-"] * 100_000), "x" * 100_000],
    ids=["a long line", "many lines", "empty lines", "no reply"],
)
@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "."])
def test_a_reply_without_end(server: MailServer, channel: Email, mail: Part, command: str, reply: str) -> None:
    server.script(Fault(command, reply, acts=True))

    def deliver() -> None:
        with channel.session() as opened:
            opened.deliver(mail, LIN)

    error = fails(deliver)
    assert kind(error) == (("unknown", None) if command == "." else ("later", 10.0))
    assert "too long" in error.message
