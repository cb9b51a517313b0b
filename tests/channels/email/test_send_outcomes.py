"""What is known of every outcome of sending a mail."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from publisher.channel import Part
from publisher.channels.email import Email, smtp
from publisher.channels.email.settings import parse_server as server_at
from publisher.channels.email.smtp import SmtpConnection, SmtpDisconnectedError
from publisher.errors import DeliveryError, OutcomeUnknownError
from tests.channels.email.smtp_server import LIN, XI, ZHOU, channel_of, fails, kind, part_of
from tests.support.servers.mail_server import FEATURES, Fault, MailServer


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


NOT_NOW, NEVER = "450 4.2.1 busy", "550 5.1.1 no such user"


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        (Fault("MAIL", NOT_NOW), ("again", None)),
        (Fault("MAIL", "550 5.7.1 you may not"), ("later", 300.0)),
        (Fault("RCPT", NOT_NOW), ("again", None)),
        (Fault("RCPT", NEVER), ("never", None)),
        (Fault("DATA", "451 4.3.0 queue"), ("again", None)),
        (Fault("DATA", "554 5.5.1 no"), ("never", None)),
        (Fault(".", "451 4.3.0 disk"), ("again", None)),
        (Fault(".", "554 5.7.1 spam"), ("never", None)),
        (Fault(".", "452 4.3.1 full"), ("again", None)),
    ],
    ids=lambda value: f"{value.command} {value.reply[:3]}" if isinstance(value, Fault) else None,
)
def test_a_refusal_is_about_one_reader(
    server: MailServer, channel: Email, mail: Part, fault: Fault, taken: tuple[str, float | None], pipelining: bool
) -> None:
    """The server's reply is reported, and the same connection goes on with the next."""
    server.features = FEATURES if pipelining else FEATURES[1:]
    with channel.session() as opened:
        opened.deliver(mail, ZHOU)
        server.script(fault)
        error = fails(lambda: opened.deliver(mail, LIN))
        assert kind(error) == taken
        assert fault.reply in error.message
        opened.deliver(mail, XI)
    assert server.readers == [ZHOU, "Xi@example.net"]
    assert server.connections == 1


def test_one_of_a_hundred(server: MailServer) -> None:
    channel = channel_of(server, recipients_=tuple(f"reader{n}@example.net" for n in range(100)))
    mail, lost = part_of(channel), []
    server.script(Fault("RCPT", NEVER, at=0, reader="reader37@example.net"))
    with channel.session() as opened:
        for reader in channel.recipients():
            try:
                opened.deliver(mail, reader)
            except DeliveryError as error:
                lost.append((reader, error.permanent))
    assert lost == [("reader37@example.net", True)]
    assert len(set(server.readers)) == len(server.readers) == 99


@pytest.mark.parametrize(
    ("fault", "stored"),
    [
        (Fault(".", acts=True), True),
        (Fault("."), False),
        (Fault(".", "hm", acts=True), True),
        (Fault(".", "354 go on"), False),
        (Fault(".", acts=True, hangs=True), True),
        (Fault("BODY"), False),
    ],
    ids=["took it and hung up", "hung up", "no reply", "a strange reply", "says nothing", "read half of it"],
)
def test_nobody_knows(
    server: MailServer, channel: Email, mail: Part, fault: Fault, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the final dot has left this program, what was stored and what was not look the same from here."""
    with channel.session() as opened:
        opened.deliver(mail, ZHOU)
        server.script(fault)
        with monkeypatch.context() as patch:
            patch.setattr(smtp, "DATA_TIMEOUT", 1.0)
            assert kind(fails(lambda: opened.deliver(mail, LIN))) == ("unknown", None)
        assert server.readers == ([ZHOU, LIN] if stored else [ZHOU])
        opened.deliver(mail, XI)
    assert server.readers[-1] == "Xi@example.net"
    assert server.connections == 2


def test_what_cannot_be_there_is_not(server: MailServer) -> None:
    """As long as the end of a mail is still on this machine, the server cannot have taken it."""
    server.features = ()
    server.script(Fault("BODY"))
    with SmtpConnection(server_at(server.url, "", "")) as opened, pytest.raises(SmtpDisconnectedError):
        opened.send("a@e.org", LIN, b"x" * 70 + b"\r\n" * 10_000_000)
    assert server.mails == []


def test_the_same_mail_again_is_the_same(server: MailServer, channel: Email, mail: Part) -> None:
    server.script(Fault(".", acts=True))
    for _ in range(2):
        with channel.session() as opened:
            try:
                opened.deliver(mail, LIN)
            except OutcomeUnknownError:
                continue
    first, second = server.mails
    assert first.body == second.body
    assert b"\r\nMessage-ID: <2024-03-07." in first.body


def test_a_slow_answer_is_waited_for(
    server: MailServer, channel: Email, mail: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may take ten minutes with a whole mail, longer than with all that comes before together."""
    waits: list[float] = []

    def settimeout(wire: socket.socket, seconds: float) -> None:
        waits.append(seconds)
        real(wire, seconds)

    real = socket.socket.settimeout
    with channel.session() as opened:
        monkeypatch.setattr("socket.socket.settimeout", settimeout)
        opened.deliver(mail, LIN)
        monkeypatch.undo()
    assert list(dict.fromkeys(map(round, waits))) == [120, 600]


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", ["", "421 4.3.2 going down"])
def test_a_kept_connection_that_ends_is_replaced(
    server: MailServer, channel: Email, mail: Part, command: str, reply: str
) -> None:
    with channel.session() as opened:
        opened.deliver(mail, ZHOU)
        server.script(Fault(command, reply))
        opened.deliver(mail, LIN)
        opened.deliver(mail, XI)
    assert server.readers == [ZHOU, LIN, "Xi@example.net"]
    assert server.connections == 2


def test_421_to_a_whole_mail_is_no_yes(server: MailServer, channel: Email, mail: Part) -> None:
    with channel.session() as opened:
        opened.deliver(mail, ZHOU)
        server.script(Fault(".", "421 4.3.2 going down"))
        opened.deliver(mail, LIN)
    assert server.readers == [ZHOU, LIN]


@pytest.mark.parametrize("reply", ["", "421 4.3.2 going down"])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_always_hangs_up(
    server: MailServer, channel: Email, mail: Part, command: str, reply: str
) -> None:
    """It is left alone for a while, and nothing went out."""
    server.script(Fault(command, reply, at=0))
    with channel.session() as opened:
        assert kind(fails(lambda: opened.deliver(mail, LIN))) == ("later", 10.0)
    assert server.mails == []


def test_a_server_that_is_gone(server: MailServer, channel: Email, mail: Part) -> None:
    with channel.session() as opened:
        opened.deliver(mail, ZHOU)
        server.script(Fault("MAIL", at=0), Fault("CONNECT", "554 5.7.1 go away", at=0))
        error = fails(lambda: opened.deliver(mail, LIN))
        assert kind(error) == ("later", 10.0)
        assert "554 5.7.1 go away" in error.message
        server.script()
        opened.deliver(mail, LIN)
    assert server.readers == [ZHOU, LIN]


def test_a_refusal_stands_whatever_comes_after_it(server: MailServer, channel: Email, mail: Part) -> None:
    """smtplib's own RSET and QUIT would put another error in the place of a sure one."""
    for after in (Fault("RSET"), Fault("RSET", "500 what"), Fault("DATA", at=0), Fault("DATA", "354 go on")):
        with channel.session() as opened:
            opened.deliver(mail, ZHOU)
            server.script(Fault("RCPT", NEVER, reader=LIN), after, Fault("QUIT", at=0))
            assert kind(fails(lambda: opened.deliver(mail, LIN))) == ("never", None)
            server.script(Fault("QUIT", at=0))
            opened.deliver(mail, XI)
    assert LIN not in server.readers


def test_a_mail_for_nobody_is_ended(
    server: MailServer, channel: Email, mail: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where commands come together, a server may want the mail of a reader it has just refused."""
    monkeypatch.setattr(smtp, "SEND_TIMEOUT", 1.0)
    server.script(Fault("RCPT", NEVER, reader=LIN), Fault("DATA", "354 go on"))
    with channel.session() as opened:
        assert kind(fails(lambda: opened.deliver(mail, LIN))) == ("never", None)
        opened.deliver(mail, XI)
    assert server.readers == ["Xi@example.net"]
    assert server.connections == 1


@pytest.mark.parametrize("refused", [("MAIL", "550 5.7.1 you may not"), ("MAIL", NOT_NOW), ("MAIL", "452 4.3.1 full")])
def test_nobody_gets_an_empty_mail(
    server: MailServer, channel: Email, mail: Part, refused: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that refuses MAIL and wants the mail of the reader anyway would take a lone dot for one."""
    monkeypatch.setattr(smtp, "SEND_TIMEOUT", 1.0)
    with channel.session() as opened:
        opened.deliver(mail, ZHOU)
        server.script(Fault(*refused, acts=True))
        error = fails(lambda: opened.deliver(mail, LIN))
        assert isinstance(error, DeliveryError)
        assert not error.permanent
        assert refused[1] in error.message
        opened.deliver(mail, LIN)
        opened.deliver(mail, XI)
    assert server.readers == [ZHOU, LIN, "Xi@example.net"]
    assert {mail.body for mail in server.mails if not mail.body} == set()
    assert server.connections == 2


def test_a_reader_of_a_refused_sender_keeps_the_connection(server: MailServer, channel: Email, mail: Part) -> None:
    """As long as no mail is wanted, nothing can go to anybody."""
    for data in ("503 5.5.1 MAIL first", "451 4.3.0 not now"):
        with channel.session() as opened:
            server.script(Fault("MAIL", NOT_NOW, acts=True), Fault("DATA", data))
            fails(lambda: opened.deliver(mail, LIN))
            opened.deliver(mail, XI)
    assert server.readers == ["Xi@example.net"] * 2
    assert server.connections == 2


def test_a_reply_that_is_none_before_the_mail(server: MailServer, channel: Email, mail: Part) -> None:
    for command in ("MAIL", "RCPT", "DATA"):
        server.script(Fault(command, "hm", at=0))
        with channel.session() as opened:
            assert kind(fails(lambda: opened.deliver(mail, LIN))) == ("later", 10.0)
    assert server.mails == []


def test_more_than_it_takes(server: MailServer, channel: Email, mail: Part) -> None:
    server.features = ("SIZE 1000",)
    with channel.session() as opened:
        error = fails(lambda: opened.deliver(mail, LIN))
    assert kind(error) == ("never", None)
    assert "accepts at most 1000 bytes" in error.message
    assert not [one for one in server.commands if one.startswith("MAIL")]
