"""Whether it could send: found out beforehand, and no mail leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from publisher.channel import Finding, FindingLevel
from publisher.channels.email import Email
from publisher.errors import ConfigError
from tests.channels.email.smtp_server import channel_of
from tests.support.servers.mail_server import Fault, MailServer

Examine = Callable[..., list[Finding]]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer(user="lin", password="spring-tide-4711") as running:
        yield running


@pytest.fixture
def examine(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Examine]:
    """examine(**settings) returns the findings; no email was sent."""
    monkeypatch.setenv("P", "spring-tide-4711")

    def run(**settings: Any) -> list[Finding]:
        return [*channel_of(server, **{"user": "lin", "password": "env:P"} | settings).diagnose()]

    yield run
    assert not [one for one in server.commands if one.startswith(("MAIL", "RCPT", "DATA"))]


def bad(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.message, one.hint) for one in found if one.level is FindingLevel.ERROR]


def test_all_is_well(examine: Examine, server: MailServer, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    file = tmp_path / "dkim.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    file.chmod(0o600)
    found = examine(dkim="s1._domainkey.ferry.example.org", dkim_key=f"file:{file}")
    assert {one.level for one in found} == {FindingLevel.OK}
    assert [one.message.partition(" p=")[0] for one in found] == [
        "3 recipients",
        "emails are signed with DKIM; s1._domainkey.ferry.example.org needs this DNS TXT record: v=DKIM1; k=rsa;",
        f"connected to 127.0.0.1:{server.port} on this machine, without TLS",
        "logged in as lin",
        "the server supports PIPELINING, SMTPUTF8, emails of up to 10240000 bytes",
    ]
    assert [one.split(" ")[0].upper() for one in server.commands] == ["EHLO", "AUTH", "NOOP", "QUIT"]


def test_a_missing_signature_is_a_warning(examine: Examine) -> None:
    (found,) = [one for one in examine() if one.level is not FindingLevel.OK]
    assert (found.level, found.message) == (
        FindingLevel.WARNING,
        "`dkim` is not set, so emails are not signed by publisher",
    )


def test_the_list(examine: Examine, tmp_path: Path) -> None:
    readers = tmp_path / "readers.txt"
    readers.write_text("lin@example.org\n# xi\nLIN@example.org\nXi <xi@example.org>\n", "utf-8")
    found = examine(recipients_=readers)
    assert found[0].message == "2 recipients (1 duplicate ignored)"
    readers.write_text("lin@example.org\n" + "\n".join(f"reader {n}" for n in range(12)), "utf-8")
    errors = [message for message, _ in bad(examine(recipients_=readers))]
    assert errors[0] == "readers.txt:2: invalid email address: it has no @"
    assert errors[9].startswith("readers.txt:11: ")
    assert errors[10:] == ["and 2 more invalid lines"]
    readers.write_text("# no one\n", "utf-8")
    assert bad(examine(recipients_=readers))[0][0] == "the list has no recipients"
    readers.unlink()
    assert "No such file" in bad(examine(recipients_=readers))[0][0]


def test_the_server(examine: Examine, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.script(Fault("NOOP", "450 4.3.0 busy"))
    assert bad(examine()) == [(f"127.0.0.1:{server.port} is not ready: 450 4.3.0 busy", "check its log")]
    server.script(Fault("NOOP"))
    assert bad(examine())[0][0].startswith(f"127.0.0.1:{server.port} closed the connection: ")
    server.script(Fault("CONNECT", "554 5.7.1 no"))
    assert bad(examine())[0][0] == f"cannot connect to 127.0.0.1:{server.port}: 554 5.7.1 no"
    server.script()
    monkeypatch.setenv("P", "neap-tide-4711")
    ((message, hint),) = bad(examine())
    assert message == f"127.0.0.1:{server.port} refused the login of lin: 535 5.7.8 Error: authentication failed"
    assert "`password`" in hint


def test_the_keys(examine: Examine) -> None:
    page = "https://ferry.example.org/leave?t={token}"
    for settings in (
        {"unsubscribe": page, "unsubscribe_key": "env:NO_SUCH"},
        {"dkim": "s1._domainkey.ferry.example.org", "dkim_key": "env:NO_SUCH"},
        {"password": "env:NO_SUCH"},
    ):
        ((message, _),) = bad(examine(**settings))
        assert message == "env:NO_SUCH: the variable is not set"


def test_without_a_server() -> None:
    with pytest.raises(ConfigError, match="no server is configured, so the email is written as a file") as caught:
        [*Email().diagnose()]
    assert 'server = "smtp://' in caught.value.hint
