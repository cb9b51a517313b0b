"""Sending: every outcome is classified, and no one gets an email twice or one meant for another."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from publisher.channel import MessageChannel, Part
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


# -------------------------------------------------------------------- all well


def test_it_is_a_live_channel(channel: Email, server: MailServer) -> None:
    assert isinstance(channel, MessageChannel)
    assert (channel.destination, channel.test_recipient, channel.concurrency) == ("readers", "", 10)
    assert channel_of(server, connections=3).concurrency == 3
    assert channel_of(server, me="captain@ferry.example.org").test_recipient == "captain@ferry.example.org"
    assert Email().destination == ""
    assert channel.timeout > smtp.DATA_TIMEOUT


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


def test_a_test_send_is_the_same_email(channel: Email, server: MailServer, mail: Part) -> None:
    with channel.session() as opened:
        opened.deliver(mail, "captain@ferry.example.org")
        opened.deliver(mail, LIN)
    test_send, sent = server.mails
    assert test_send.body.partition(b"\r\nTo: ")[0] == sent.body.partition(b"\r\nTo: ")[0]
    assert test_send.reader == "captain@ferry.example.org"


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


# ------------------------------------------------------------------ outcomes

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
    server: MailServer,
    channel: Email,
    mail: Part,
    fault: Fault,
    taken: tuple[str, float | None],
    pipelining: bool,
) -> None:
    """The reply of the server is reported, and the same connection continues with the next."""
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
    server: MailServer,
    channel: Email,
    mail: Part,
    fault: Fault,
    stored: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once the final dot has left this program, what was stored and what was not look the same from here."""
    monkeypatch.setattr(smtp, "DATA_TIMEOUT", 0.2)
    with channel.session() as opened:
        opened.deliver(mail, ZHOU)
        server.script(fault)
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
    """A server may take ten minutes with a whole mail, longer than with anything else."""
    waits: list[float] = []

    def settimeout(wire: socket.socket, seconds: float) -> None:
        waits.append(seconds)
        real(wire, seconds)

    real = socket.socket.settimeout
    with channel.session() as opened:
        monkeypatch.setattr("socket.socket.settimeout", settimeout)
        opened.deliver(mail, LIN)
    assert waits[:3] == [60.0, 60.0, 600.0]


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
    monkeypatch.setattr(smtp, "COMMAND_TIMEOUT", 1.0)
    server.script(Fault("RCPT", NEVER, reader=LIN), Fault("DATA", "354 go on"))
    with channel.session() as opened:
        assert kind(fails(lambda: opened.deliver(mail, LIN))) == ("never", None)
        opened.deliver(mail, XI)
    assert server.readers == ["Xi@example.net"]
    assert server.connections == 1


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
    assert "takes 1000 bytes at most" in error.message
    assert not [one for one in server.commands if one.startswith("MAIL")]


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
        assert "takes no address like 林汐@xn--fsqu00a.example" in error.message
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
        ("550 Mailbox unavailable or access denied", ("again", None), "too much mail"),
        ("550 Mail content denied", ("never", None), "spam"),
        ("451 MI:SFQ 163 smtp1,x", ("later", 900.0), "connections = 1"),
        ("554 MI:STC 163 smtp2", ("later", 3600.0), "tomorrow"),
        ("451 DT:SPM ,please try again", ("again", None), "spam"),
        ("554 DT:SPM 163 smtp10", ("never", None), "spam"),
        ("552 Daily sending quota exceeded", ("later", 3600.0), "used up"),
        ("550 5.7.515 Access denied, sending domain does not meet", ("never", None), "SPF"),
        ("550 5.1.1 <lin@example.net>: user unknown", ("never", None), "take it off the list"),
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
    assert error.message == f"lin@example.net is refused: {reply}"
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
    assert error.message.startswith("lin@example.net is refused: 550 no [31mnever xxx")
    assert error.message.endswith("x…")
    assert len(error.message) < 250
