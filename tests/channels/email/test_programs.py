"""Mail to servers of other projects: smtp-sink with all that can go wrong, and Postfix itself."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from publisher.channel import FindingLevel
from publisher.channels.email import Email
from publisher.errors import OutcomeUnknownError, PublisherError
from tests.channels.email.smtp_server import kind, part_of
from tests.channels.email.wire import faults
from tests.support.servers import postfix, smtp_sink
from tests.support.servers.certificates import write_certificates
from tests.support.servers.postfix import Postfix
from tests.support.servers.smtp_sink import SmtpSink

READERS = ("lin@example.net", "Xi <Xi@example.net>", "zhou@example.net")


@pytest.fixture(autouse=True)
def programs(need: Callable[[str], str]) -> None:
    need(smtp_sink.PROGRAM)


def channel_at(url: str, **settings: Any) -> Email:
    known = {"from_": "captain@ferry.example.org", "server": url, "recipients_": READERS}
    return Email(**known | settings)


def deliver(channel: Email) -> list[str]:
    """Send a mail to everybody; what came of each."""
    mail, outcomes = part_of(channel), []
    with channel.session() as opened:
        for reader in channel.recipients():
            try:
                opened.deliver(mail, reader)
                outcomes.append("sent")
            except PublisherError as error:
                outcomes.append(kind(error)[0])
    return outcomes


@pytest.mark.parametrize("options", [(), ("-p",), ("-8",), ("-e",), ("-w", "1")], ids=" ".join)
def test_any_server_takes_it(options: tuple[str, ...]) -> None:
    with SmtpSink(*options) as sink:
        channel = channel_at(sink.url)
        assert deliver(channel) == ["sent"] * 3
        assert sink.readers == Counter(["lin@example.net", "Xi@example.net", "zhou@example.net"])
        for mail in sink.mails:
            wire = mail.body.replace(b"\n", b"\r\n")
            assert faults(wire) == []
            assert mail.reader.encode() in wire
            assert mail.sender == "captain@ferry.example.org"


@pytest.mark.parametrize(
    ("options", "outcomes"),
    [
        (("-q", "."), ["unknown"] * 3),
        (("-r", "MAIL"), ["again"] * 3),
        (("-r", "RCPT"), ["again"] * 3),
        (("-r", "DATA"), ["again"] * 3),
        (("-r", "."), ["again"] * 3),
        (("-f", "MAIL"), ["later"] * 3),
        (("-f", "RCPT"), ["never"] * 3),
        (("-f", "."), ["never"] * 3),
        (("-q", "MAIL"), ["later"] * 3),
        (("-q", "RCPT"), ["later"] * 3),
        (("-q", "DATA"), ["later"] * 3),
        (("-Q", "MAIL"), ["later"] * 3),
        (("-Q", "DATA"), ["later"] * 3),
        (("-Q", "."), ["later"] * 3),
        (("-f", "RSET,QUIT,NOOP"), ["sent"] * 3),
        (("-q", "RSET,QUIT,NOOP"), ["sent"] * 3),
        (("-B", "550 Ip frequency limited", "-f", "."), ["later"] * 3),
        (("-b", "450 4.7.1 greylisted", "-r", "RCPT"), ["again"] * 3),
    ],
    ids=lambda value: " ".join(value[:4]),
)
def test_what_goes_wrong_with_every_mail(options: tuple[str, ...], outcomes: list[str]) -> None:
    with SmtpSink(*options) as sink:
        assert deliver(channel_at(sink.url)) == outcomes


@pytest.mark.parametrize("options", ["-f CONNECT", "-r CONNECT", "-q CONNECT", "-Q HELO,EHLO"])
def test_a_server_that_lets_nobody_in(options: str) -> None:
    with SmtpSink(*options.split()) as sink, pytest.raises(PublisherError) as caught:
        deliver(channel_at(sink.url))
    assert kind(caught.value) == ("later", 10.0)


def test_a_server_that_goes_and_comes_back() -> None:
    with SmtpSink() as sink:
        channel = channel_at(sink.url)
        mail = part_of(channel)
        with channel.session() as opened:
            opened.deliver(mail, "lin@example.net")
            sink.stop()
            with pytest.raises(PublisherError) as caught:
                opened.deliver(mail, "xi@example.net")
            assert kind(caught.value) == ("later", 10.0)
            sink.start()
            opened.deliver(mail, "xi@example.net")
        assert sink.readers == Counter(["lin@example.net", "Xi@example.net"])


def test_ten_connections_and_a_server_that_dies() -> None:
    """Every recipient has it once, or surely not, or is one of at most ten with an unknown outcome."""
    everybody = tuple(f"reader{n}@example.net" for n in range(2000))
    with SmtpSink() as sink:
        channel = channel_at(sink.url, recipients_=everybody)
        mail, outcomes, numbers = part_of(channel), Counter[str](), count(1)

        def work(first: int) -> None:
            with channel.session() as opened:
                for reader in everybody[first::10]:
                    try:
                        opened.deliver(mail, reader)
                        outcomes[f"sent {reader}"] += 1
                        if next(numbers) == 500:
                            sink.stop()
                    except OutcomeUnknownError:
                        outcomes[f"unknown {reader}"] += 1
                    except PublisherError:
                        outcomes[f"not {reader}"] += 1

        threads = [threading.Thread(target=work, args=(first,)) for first in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        by_outcome = {
            word: {key.split()[1] for key in outcomes if key.startswith(word)} for word in ("sent", "unknown", "not")
        }
        assert sum(map(len, by_outcome.values())) == 2000 == sum(outcomes.values())
        assert len(by_outcome["unknown"]) <= 10
        assert by_outcome["not"]
        arrived = sink.readers
    assert set(arrived.values()) == {1}
    assert by_outcome["sent"] <= set(arrived) <= by_outcome["sent"] | by_outcome["unknown"]


# ------------------------------------------------------------------- Postfix


@pytest.fixture(scope="module")
def server(need: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    need(postfix.PROGRAM)
    if os.getuid():
        pytest.skip("only root may run Postfix")
    _, own = write_certificates(tmp_path_factory.mktemp("postfix"), "mail.ferry.example.org")
    with Postfix(own) as running:
        yield running
        # it notes who does not trust its certificate
        assert [line for line in running.warnings if "TLS library problem" not in line] == []


def test_postfix_takes_all_of_it_and_says_why_not(server: Postfix) -> None:
    readers = (
        "Xi <Xi@example.net>",
        "林汐@例子.example",
        "bounce-1@example.net",
        "defer-1@example.net",
        "full-1@example.net",
        "zhou@例子.example",
    )
    channel = channel_at(server.url, recipients_=readers, unsubscribe="https://ferry.example.org/leave")
    assert deliver(channel) == ["sent", "sent", "never", "again", "never", "sent"]
    arrived = {str(mail["Delivered-To"]): mail for mail in server.wait(3)}
    assert arrived.keys() == {"Xi@example.net", "林汐@xn--fsqu00a.example", "zhou@xn--fsqu00a.example"}
    assert {str(mail["Return-Path"]) for mail in arrived.values()} == {"<captain@ferry.example.org>"}
    wanted = part_of(channel).body.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n").decode()
    assert {mail.get_payload() for mail in arrived.values()} == {wanted}
    assert str(arrived["Xi@example.net"]["To"]) == "Xi <Xi@example.net>"
    assert len({str(mail["Message-ID"]) for mail in arrived.values()}) == 3


def test_postfix_by_tls(server: Postfix, tmp_path: Path) -> None:
    """In another process, where the certificate is trusted and a name leads to this machine."""
    program = f"""
import socket, sys
from publisher.channels.email import Email
from tests.channels.email.smtp_server import part_of
real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: real("127.0.0.1", *rest, **more)
channel = Email(from_="captain@ferry.example.org", server="smtp://mail.ferry.example.org:{server.port}",
                recipients_=("tls@example.net",))
with channel.session() as opened:
    opened.deliver(part_of(channel), "tls@example.net")
print(*(finding.message for finding in channel.diagnose()), sep="\\n")
"""
    authority, _ = write_certificates(tmp_path, "mail.ferry.example.org")
    for trusted, code in ((server.certificate.with_name("authority.pem"), 0), (authority, 1)):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"SSL_CERT_FILE": str(trusted)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        if code:
            assert "invalid certificate" in done.stderr
        else:
            assert f"connected to mail.ferry.example.org:{server.port} over TLS" in done.stdout
    (mail,) = [mail for mail in server.wait(4) if mail["Delivered-To"] == "tls@example.net"]
    assert "using TLSv1" in str(mail["Received"])


def test_postfix_is_good_to_send_by(server: Postfix) -> None:
    before = len(server.wait(0))
    found = [*channel_at(server.url).diagnose()]
    assert [one.level for one in found] == [FindingLevel.OK, FindingLevel.WARNING, FindingLevel.OK, FindingLevel.OK]
    assert [one.message for one in found] == [
        "3 recipients",
        "`dkim` is not set, so emails are not signed by publisher",
        f"connected to 127.0.0.1:{server.port} on this machine, without TLS",
        "the server supports PIPELINING, SMTPUTF8, emails of up to 10240000 bytes",
    ]
    assert len(server.wait(0)) == before
