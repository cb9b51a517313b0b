"""The email that asks an address whether it wants the newsletter: it can do no harm to those who did not ask."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace

from publisher.channels.email import Email
from publisher.channels.email.confirmation import render_confirmation
from publisher.channels.email.dkim import DkimSigner
from publisher.credentials import Reference
from publisher.errors import ConfigError, DeliveryError, OutcomeUnknownError
from publisher.message_translations import MESSAGE_TRANSLATIONS
from tests.channels.email.conftest import BEIJING, PUBLICATION
from tests.channels.email.smtp_server import LIN, channel_of, kind
from tests.channels.email.wire import faults
from tests.support.servers.mail_server import Fault, MailServer

NOW = dt.datetime(2024, 3, 7, 9, 45, tzinfo=BEIJING)
CONFIRM = "https://list.ferry.example.org/a/path/that/is/long/confirm/k3j9x0q7m2abk3j9x0q7m2abk3j9x0"
REFUSE = CONFIRM.replace("confirm", "refuse")
LANGUAGES = ("zh-CN", "en", "eo", *sorted(MESSAGE_TRANSLATIONS))


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def ask(channel: Email, address: str = LIN) -> None:
    channel.send_confirmation(PUBLICATION, address, CONFIRM, REFUSE, NOW)


def parse(wire: bytes) -> tuple[EmailMessage, list[str]]:
    """The message, and the lines of its text."""
    message = email.message_from_bytes(wire, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message, message.get_content().splitlines()


def render(lang: str = "en", name: str = "Night Ferry", address: str = LIN) -> bytes:
    newsletter = replace(PUBLICATION, lang=lang, name=name)
    mail = render_confirmation(Email(), newsletter, address, CONFIRM, REFUSE, NOW)
    return mail.headers + mail.body


def test_what_it_says() -> None:
    message, lines = parse(render())
    assert lines == [
        "Night Ferry · March 7, 2024",
        "",
        "Someone, probably you, asked for Night Ferry at this address. To get it,",
        "open within 7 days:",
        "",
        CONFIRM,
        "",
        "If it was not you, there is nothing to do. Never to get a message like",
        "this again:",
        "",
        REFUSE,
        "",
        "-- ",
        "Night Ferry https://ferry.example.org/weekly/",
    ]
    assert message["Subject"] == "Confirm your subscription to Night Ferry"
    assert message["From"] == "Night Ferry <editor@ferry.example.org>"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_links_are_whole_in_every_language(lang: str) -> None:
    message, lines = parse(render(lang))
    assert [line for line in lines if "list.ferry" in line] == [CONFIRM, REFUSE]
    assert "Night Ferry" in message["Subject"]
    assert sum("Night Ferry" in line for line in lines) >= 2


def test_the_headers_ask_for_no_answer_and_promise_no_list() -> None:
    wire = render("zh-CN", "夜航船周报")
    message, _ = parse(wire)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == LIN
    others = {"Precedence", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID"}
    assert not others & set(message.keys())
    missing = ["List-Id 0 times", "List-Unsubscribe 0 times"]
    assert [fault for fault in faults(wire) if fault not in missing and "over 72" not in fault] == []


def test_each_request_has_a_message_of_its_own() -> None:
    def name(**changes: dt.datetime | str) -> str:
        values = {"address": LIN, "confirm_url": CONFIRM, "refuse_url": REFUSE, "now": NOW} | changes
        mail = render_confirmation(Email(), PUBLICATION, **values)  # type: ignore[arg-type]
        return str(parse(mail.headers + mail.body)[0]["Message-ID"])

    assert name() == name()
    assert len({name(), name(address="zhou@example.net"), name(now=NOW + dt.timedelta(days=1))}) == 3


def test_a_name_with_line_breaks_adds_no_header() -> None:
    message, _ = parse(render(name="Night\r\nBcc: xi@example.net\r\n\r\nFerry"))
    assert message["Bcc"] is None
    assert message["Subject"] == "Confirm your subscription to Night Bcc: xi@example.net Ferry"


# --------------------------------------------------------------------- sending


def test_it_goes_to_the_address_alone(server: MailServer) -> None:
    ask(channel_of(server))
    (sent,) = server.mails
    assert (sent.reader, sent.sender) == (LIN, "captain@ferry.example.org")
    assert parse(sent.body)[1].count(CONFIRM) == 1


def test_it_is_signed(server: MailServer, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    file = tmp_path / "dkim.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    reference = Reference(f"file:{file}")
    ask(channel_of(server, dkim="s1._domainkey.ferry.example.org", dkim_key=reference))
    record = DkimSigner("s1._domainkey.ferry.example.org", reference).dns_record.encode()
    assert dkim.verify(server.mails[0].body, dnsfunc=lambda *_, **__: record)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("RCPT", "550 5.1.1 no such user"), "never"),
        (Fault("RCPT", "451 4.7.1 greylisted"), "again"),
        (Fault("MAIL"), "later"),
        (Fault("."), "unknown"),
    ],
)
def test_what_was_refused_is_not_tried_again(server: MailServer, fault: Fault, expected: str) -> None:
    server.script(fault)
    with pytest.raises((DeliveryError, OutcomeUnknownError)) as caught:
        ask(channel_of(server))
    assert kind(caught.value)[0] == expected
    assert sum(command.upper().startswith("RCPT") for command in server.commands) <= 1
    assert server.connections == 1


def test_without_a_server_there_is_a_hint() -> None:
    for channel in (Email(), Email(server="smtp://localhost", send=False)):
        with pytest.raises(ConfigError, match="no confirmation can be sent"):
            ask(channel)
