"""Login: TLS except on this machine, and a password that is never shown."""

from __future__ import annotations

import logging
import re
import traceback
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from publisher.channels.email import Email
from publisher.errors import ConfigError, DeliveryError, PublisherError
from tests.channels.email.smtp_server import LIN, channel_of, fails, kind, part_of
from tests.support.servers.certificates import server_context
from tests.support.servers.mail_server import Fault, MailServer


def test_off_this_machine_it_is_tls(
    elsewhere: Callable[..., str], certificates: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("P", raising=False)
    with MailServer(context=server_context(certificates[1]), user="lin", password="neap-4711") as server:
        channel = channel_of(server, server=elsewhere(server), user="lin", password="env:P")
        assert "env:P: the variable is not set" in fails(channel.session().__enter__).message
        monkeypatch.setenv("P", "neap-4711")
        with channel.session() as opened:
            opened.deliver(part_of(channel), LIN)
        assert server.readers == [LIN]
        words = [one.split(" ")[0].upper() for one in server.commands]
        assert words == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


def test_tls_from_the_first_byte(elsewhere: Callable[..., str], certificates: tuple[Path, Path]) -> None:
    with MailServer(context=server_context(certificates[1]), tls="first") as server:
        channel = channel_of(server, server=elsewhere(server))
        with channel.session() as opened:
            opened.deliver(part_of(channel), LIN)
        assert server.readers == [LIN]


def test_without_tls_nothing_is_said(elsewhere: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An attacker in between can remove STARTTLS from the extensions."""
    monkeypatch.setenv("P", "tide-secret")
    with MailServer(user="lin", password="tide-secret") as server:
        channel = channel_of(server, server=elsewhere(server), user="lin", password="env:P")
        error = fails(channel.session().__enter__)
        assert isinstance(error, ConfigError)
        assert "does not offer TLS (STARTTLS)" in error.message
        assert not [one for one in server.commands if one.startswith(("AUTH", "MAIL"))]


def test_a_server_that_refuses_tls(elsewhere: Callable[..., str], certificates: tuple[Path, Path]) -> None:
    with MailServer(context=server_context(certificates[1])) as server:
        server.script(Fault("STARTTLS", "454 4.7.0 not now"))
        error = fails(channel_of(server, server=elsewhere(server)).session().__enter__)
        assert kind(error) == ("later", 10.0)
        assert "454 4.7.0 not now" in error.message
        assert server.mails == []


def test_a_certificate_of_somebody_else(elsewhere: Callable[..., str], certificates: tuple[Path, Path]) -> None:
    for tls in ("start", "first"):
        with MailServer(context=server_context(certificates[1]), tls=tls) as server:
            url = elsewhere(server, "mail.example.net")
            error = fails(channel_of(server, server=url).session().__enter__)
            assert kind(error) == ("later", 10.0)
            assert "invalid certificate: Hostname mismatch" in error.message
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("SSL_CERT_FILE")
                error = fails(channel_of(server, server=elsewhere(server)).session().__enter__)
            assert "invalid certificate: unable to get local issuer certificate" in error.message


SECRET = "tide-and-ebb-4711"


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (None, ConfigError, "refused the login of lin: 535 5.7.8 Error: authentication failed"),
        (Fault("AUTH", "535 no: tide-and-ebb-4711", at=0), ConfigError, "refused the login of lin: 535 no: [secret]"),
        (Fault("AUTH", "454 4.7.0 later", at=0), DeliveryError, "454 4.7.0 later"),
        (Fault("AUTH", at=0), DeliveryError, "the server closed the connection"),
    ],
    ids=["wrong", "said again", "not now", "hangs up"],
)
def test_a_login_that_does_not_work(
    fault: Fault | None,
    error: type[PublisherError],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("P", SECRET)
    caplog.set_level(logging.DEBUG)
    with MailServer(user="lin", password="another") as server:
        server.script(*[fault] if fault else [])
        with pytest.raises(error) as caught:
            channel_of(server, user="lin", password="env:P").session().__enter__()
        assert said in str(caught.value)
        shown = "".join(traceback.format_exception(caught.value)) + caplog.text
        assert SECRET not in shown
        assert "bGluAHRpZGU" not in shown  # base64 of it


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("password", [SECRET, "pass", 'a"b\\c+/=?', "x" * 60])
def test_a_server_that_repeats_the_login(mechanism: str, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P", password)
    with MailServer(user="lin", password="another") as server:
        server.mechanism, server.repeats = mechanism, True
        message = fails(channel_of(server, user="lin", password="env:P").session().__enter__).message
        sent = [line for line in server.commands if line.startswith("AUTH")]
    assert "unrecognized: " in message
    assert sent
    for word in message.split():
        for encoded in re.findall(r"[A-Za-z0-9+/]{4,}={0,2}", word):
            assert password.encode() not in decoded(encoded)
            assert b"lin" not in decoded(encoded)


def decoded(text: str) -> bytes:
    """What a text is in base64, from each of four places; nothing if it is none."""
    found = b""
    for start in range(4):
        part = text[start:].rstrip("=")
        with suppress(ValueError):
            found += b64decode(part + "=" * (-len(part) % 4)) + b"|"
    return found


def test_a_server_where_nobody_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P", SECRET)
    with MailServer() as server, pytest.raises(ConfigError, match="does not support login"):
        channel_of(server, user="lin", password="env:P").session().__enter__()


def test_a_password_that_is_not_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P", "潮汐-4711")
    with MailServer(user="lin", password="潮汐-4711") as server, pytest.raises(ConfigError) as caught:
        channel_of(server, user="lin", password="env:P").session().__enter__()
    assert "must be ASCII" in str(caught.value)
    assert "4711" not in "".join(traceback.format_exception(caught.value))


def test_nobody_listens() -> None:
    with MailServer() as server:
        channel = channel_of(server)
    error = fails(channel.session().__enter__)
    assert kind(error) == ("later", 10.0)
    assert "Connection refused" in error.message


def test_no_such_host() -> None:
    error = fails(Email(from_="a@e.org", server="smtp://no.such.invalid", to="b@e.org").session().__enter__)
    assert kind(error) == ("later", 10.0)
    assert error.message.startswith("cannot connect to no.such.invalid:587: ")
