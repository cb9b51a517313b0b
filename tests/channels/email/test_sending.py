"""Sending mails: each recipient gets their own, and what providers require."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from publisher.channel import MessageChannel, Part
from publisher.channels.email import Email, smtp
from publisher.channels.email.settings import parse_server as server_at
from publisher.channels.email.smtp import SmtpConnection
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


# -------------------------------------------------------------------- all well


def test_it_is_a_live_channel(channel: Email, server: MailServer) -> None:
    assert isinstance(channel, MessageChannel)
    assert (channel.destination, channel.test_recipient, channel.concurrency) == ("readers", "", 10)
    assert channel_of(server, connections=3).concurrency == 3
    assert channel_of(server, me="captain@ferry.example.org").test_recipient == "captain@ferry.example.org"
    assert Email().destination == ""
    assert smtp.DATA_TIMEOUT < smtp.DELIVERY_TIMEOUT < channel.capabilities.timeout
    assert smtp.CONNECT_TIMEOUT + smtp.SEND_TIMEOUT < smtp.DELIVERY_TIMEOUT / 2


def test_each_reader_gets_a_mail_of_their_own(channel: Email, server: MailServer, mail: Part) -> None:
    with channel.session() as opened:
        for reader in channel.recipients():
            assert opened.deliver(mail, reader).changed
    assert [one.reader for one in server.mails] == [LIN, "Xi@example.net", ZHOU]
    assert {one.sender for one in server.mails} == {"captain@ferry.example.org"}
    assert server.connections == 1
    for taken in server.mails:
        assert taken.body.partition(b"\r\n\r\n")[2] == mail.body.partition(b"\r\n\r\n")[2]
        assert taken.reader.encode() in taken.body
        assert [one.reader for one in server.mails if one.reader.encode() in taken.body] == [taken.reader]
        assert taken.options == f"SIZE={len(taken.body)}"


def test_another_mail_on_the_same_connection(channel: Email, server: MailServer, mail: Part) -> None:
    other = part_of(channel_of(server, wrap="none"))
    with channel.session() as opened:
        for part in (mail, other, mail):
            opened.deliver(part, LIN)
    bodies = [taken.body.partition(b"\r\n\r\n")[2] for taken in server.mails]
    assert bodies == [part.body.partition(b"\r\n\r\n")[2] for part in (mail, other, mail)]


def test_a_test_send_is_the_same_mail(channel: Email, server: MailServer, mail: Part) -> None:
    with channel.session() as opened:
        opened.deliver(mail, "captain@ferry.example.org")
        opened.deliver(mail, LIN)
    test_mail, sent = server.mails
    assert test_mail.body.partition(b"\r\nTo: ")[0] == sent.body.partition(b"\r\nTo: ")[0]
    assert test_mail.reader == "captain@ferry.example.org"


def test_commands_come_together_where_they_may(server: MailServer, mail: Part) -> None:
    with channel_of(server).session() as opened:
        opened.deliver(mail, LIN)
    (together,) = [one for one in server.writes if one.startswith(b"MAIL")]
    assert together.endswith(b"\r\nRCPT TO:<lin@example.net>\r\nDATA\r\n")
    with MailServer(("SIZE 0",)) as slow, channel_of(slow).session() as opened:
        opened.deliver(mail, LIN)
        assert [one[:4] for one in slow.writes] == [b"ehlo", b"MAIL", b"RCPT", b"DATA"]
        assert slow.readers == [LIN]


def test_a_server_that_knows_little(server: MailServer, mail: Part) -> None:
    server.features = ()
    server.script(Fault("EHLO", "502 5.5.2 no"))
    with channel_of(server).session() as opened:
        opened.deliver(mail, LIN)
    assert server.commands[:2] == ["ehlo [127.0.0.1]", "helo [127.0.0.1]"]
    assert server.mails[0].options == ""


def test_a_dot_at_the_beginning_of_a_line(server: MailServer) -> None:
    with SmtpConnection(server_at(server.url, "", "")) as opened:
        opened.send("a@e.org", LIN, b"X: y\r\n\r\n.\r\n..\r\nend\r\n")
    assert server.mails[0].body == b"X: y\r\n\r\n.\r\n..\r\nend\r\n"


def test_ten_sessions_at_once(server: MailServer) -> None:
    channel = channel_of(server, recipients_=tuple(f"Reader{n}@example.net" for n in range(200)))
    mail = part_of(channel)
    readers = [*channel.recipients()]
    faults: list[BaseException] = []

    def work(first: int) -> None:
        try:
            with channel.session() as opened:
                for reader in readers[first::10]:
                    opened.deliver(mail, reader)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert Counter(server.readers) == Counter(f"Reader{n}@example.net" for n in range(200))
    assert server.connections == 10
    for taken in server.mails:
        assert f"To: {taken.reader}\r\n".encode() in taken.body


# ------------------------------------------------------------- addresses, words


def test_letters_that_are_not_ascii(server: MailServer) -> None:
    channel = channel_of(server, recipients_=("林汐@例子.example", "lin@例子.example"))
    mail = part_of(channel)
    with channel.session() as opened:
        for reader in channel.recipients():
            opened.deliver(mail, reader)
    first, second = server.mails
    assert first.options == f"SIZE={len(first.body)} BODY=8BITMIME SMTPUTF8"
    assert "\r\nTo: 林汐@xn--fsqu00a.example\r\n".encode() in first.body
    assert (second.reader, second.options) == ("lin@xn--fsqu00a.example", f"SIZE={len(second.body)}")
    server.features = FEATURES[:-1]
    with channel.session() as opened:
        error = fails(lambda: opened.deliver(mail, "林汐@xn--fsqu00a.example"))
        assert kind(error) == ("never", None)
        assert "does not support non-ASCII addresses (SMTPUTF8) such as 林汐@xn--fsqu00a.example" in error.message
        opened.deliver(mail, "lin@xn--fsqu00a.example")
    assert len(server.mails) == 3


@pytest.mark.parametrize(
    "reader",
    [
        "lin@example.net>\r\nRCPT TO:<x@example.org",
        "lin@example.net\nDATA",
        "lin@example.net> SMTPUTF8 <x@e.org",
        "lin\0@example.net",
        "=?utf-8?q?=0A?=@example.net",
        '"lin\r\nBcc: x@e.org"@example.net',
        "lin@example.net,x@example.org",
        "",
    ],
)
def test_no_address_says_another_command(server: MailServer, channel: Email, mail: Part, reader: str) -> None:
    """What is in the ledger was read from a list once; it is read again all the same."""
    with channel.session() as opened:
        assert kind(fails(lambda: opened.deliver(mail, reader))) == ("never", None)
        opened.deliver(mail, LIN)
    assert server.readers == [LIN]
    assert [one for one in server.commands if one.startswith("RCPT")] == ["RCPT TO:<lin@example.net>"]


@pytest.mark.parametrize(
    ("reply", "taken", "hint"),
    [
        ("550 Ip frequency limited. http://service.mail.qq.com/x", ("later", 300.0), "connections = 1"),
        ("550 Domain frequency limited", ("later", 300.0), "connections = 1"),
        ("550 Mailbox unavailable or access denied", ("again", None), "too much email"),
        ("550 Mail content denied", ("never", None), "spam"),
        ("451 MI:SFQ 163 smtp1,x", ("later", 900.0), "connections = 1"),
        ("554 MI:STC 163 smtp2", ("later", 3600.0), "tomorrow"),
        ("451 DT:SPM ,please try again", ("again", None), "spam"),
        ("554 DT:SPM 163 smtp10", ("never", None), "spam"),
        ("552 Daily sending quota exceeded", ("later", 3600.0), "used up"),
        ("550 5.7.515 Access denied, sending domain does not meet", ("later", 300.0), "SPF"),
        ("550 5.1.1 <lin@example.net>: user unknown", ("never", None), "remove it from the list"),
        ("552 5.2.2 mailbox full", ("never", None), "full"),
        ("550 who knows", ("never", None), ""),
    ],
)
def test_what_providers_mean(
    server: MailServer, channel: Email, mail: Part, reply: str, taken: tuple[str, float | None], hint: str
) -> None:
    server.script(Fault(".", reply))
    with channel.session() as opened:
        error = fails(lambda: opened.deliver(mail, LIN))
    assert kind(error) == taken
    assert error.message == f"lin@example.net was refused: {reply}"
    assert hint in error.hint
    assert bool(hint) == bool(error.hint)


def test_netease_counts_connections_and_mails_on_each(server: MailServer, channel: Email, mail: Part) -> None:
    with channel.session() as opened:
        opened.deliver(mail, ZHOU)
        server.script(Fault("MAIL", "450 MI:DMC 163 smtp3"))
        opened.deliver(mail, LIN)
        assert server.connections == 2
        server.script(Fault("MAIL", "421 HL:ICC 163 smtp3", at=0))
        assert kind(fails(lambda: opened.deliver(mail, XI))) == ("later", 60.0)
        assert server.connections == 2
    assert server.readers == [ZHOU, LIN]


def test_who_may_send(server: MailServer, channel: Email, mail: Part) -> None:
    server.script(Fault("MAIL", "553 Mail from must equal authorized user"))
    with channel.session() as opened:
        error = fails(lambda: opened.deliver(mail, LIN))
    assert kind(error) == ("later", 300.0)
    assert error.hint == "`from` must be the address that `user` logs in with"


def test_what_a_server_says_is_one_short_line(server: MailServer, channel: Email, mail: Part) -> None:
    server.script(Fault("RCPT", f"550-no\r\n550-\x1b[31mnever\u202e\r\n550 {'x' * 500}"))
    with channel.session() as opened:
        error = fails(lambda: opened.deliver(mail, LIN))
    assert error.message.startswith("lin@example.net was refused: 550 no [31mnever xxx")
    assert error.message.endswith("x…")
    assert len(error.message) < 250
