"""Mails made from Markdown, read back by Python's own email package."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import socket
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from publisher import redaction
from publisher.channel import Context, Entry, Rendering
from publisher.channels.email import Email
from publisher.derived_texts import build_display_title, build_summary
from publisher.model import Issue
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.theme import Theme
from publisher.transforms import make_publishable, make_urls_absolute
from tests.support.servers.certificates import write_certificates
from tests.support.servers.mail_server import MailServer

BEIJING = dt.timezone(dt.timedelta(hours=8))
NAME = "mail.ferry.example.org"
"""Of a mail server that is not known to be on this machine."""

SAMPLE = Path(__file__).with_name("issue.md").read_text("utf-8")

PUBLICATION = Newsletter(
    name="夜航船周报",
    url="https://ferry.example.org/weekly/{date}/",
    base="https://ferry.example.org/weekly/",
    id="tag:ferry.example.org,2019:weekly",
    email="editor@ferry.example.org",
    license="CC-BY-SA-4.0",
    contacts=("公众号：夜航船",),
)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test hides what is a secret in another."""
    monkeypatch.setattr(redaction, "_known_secrets", set())


def entry_of(issue: Issue, newsletter: Newsletter) -> Entry:
    """What the archive would know of the issue."""
    day = issue.date or dt.date(2024, 3, 7)
    published = dt.datetime.combine(day, dt.time(9, 45), BEIJING)
    return Entry(
        id=f"{newsletter.id}/{issue.id}",
        date=day,
        title=build_display_title(issue, newsletter),
        summary=build_summary(issue),
        url=newsletter.issue_url(issue.id, day),
        published=published,
        updated=published,
        minutes=2,
    )


def render(issue: Issue, channel: Email, newsletter: Newsletter = PUBLICATION, **entry: object) -> Rendering:
    """The channel's rendering of an issue as it was read; `entry` are changes to its entry."""
    document = make_publishable(issue)
    known = replace(entry_of(document, newsletter), **entry)  # type: ignore[arg-type]
    context = Context(newsletter, Theme.load(None), known)
    return channel.render(make_urls_absolute(document, known.url), context)


@dataclass(frozen=True)
class Mail:
    """A rendered mail: the message as it was written, and as Python reads it."""

    rendering: Rendering

    @property
    def wire(self) -> bytes:
        return self.rendering.parts[0].body

    @property
    def shown(self) -> str:
        return self.rendering.parts[1].body.decode()

    @property
    def lines(self) -> list[str]:
        return self.shown.split("\n")

    @property
    def message(self) -> EmailMessage:
        found = email.message_from_bytes(self.wire, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        assert not found.defects
        return found

    @property
    def text(self) -> str:
        """The text of the body, decoded, as it came."""
        payload = self.message.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode()

    def header(self, name: str) -> bytes:
        """A header line as it was written, folds and all; there must be one."""
        head = self.wire.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b"\0").split(b"\r\n")
        (found,) = [line for line in head if line.lower().startswith(f"{name.lower()}:".encode())]
        return found.replace(b"\0", b"\r\n ").partition(b": ")[2]


@pytest.fixture
def mail() -> Callable[..., Mail]:
    """mail(markdown, newsletter=…, **options): the mail about an issue."""

    def make(
        markdown: str = SAMPLE,
        newsletter: Newsletter = PUBLICATION,
        entry: dict[str, object] | None = None,
        **options: object,
    ) -> Mail:
        issue = parse_issue(markdown, "2024-03-07.md")
        return Mail(render(issue, Email(**options), newsletter, **(entry or {})))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_certificates(tmp_path_factory.mktemp("certificates"), NAME)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, certificates: tuple[Path, Path]) -> Callable[..., str]:
    """elsewhere(server) has a name lead to it that is not known to be on this machine; its authority is
    trusted."""
    real = socket.getaddrinfo
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[0]))

    def name(server: MailServer, called: str = NAME) -> str:
        def found(host: str, *rest: Any, **more: Any) -> Any:
            return real("127.0.0.1" if host == called else host, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", found)
        return server.url.replace("127.0.0.1", called)

    return name
