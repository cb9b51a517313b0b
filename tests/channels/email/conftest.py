"""Mails made from Markdown, read back by Python's own email package."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from publisher import credentials
from publisher.channel import Context, Entry, Rendering
from publisher.channels.email import Email
from publisher.model import Issue, Publication
from publisher.reader import read
from publisher.theme import Theme
from publisher.transforms import absolute, display_title, publishable, summary

BEIJING = dt.timezone(dt.timedelta(hours=8))
SAMPLE = Path(__file__).with_name("issue.md").read_text("utf-8")

PUBLICATION = Publication(
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
    monkeypatch.setattr(credentials, "_known_secrets", set())


def entry_of(issue: Issue, publication: Publication) -> Entry:
    """What the archive would know of the issue."""
    day = issue.date or dt.date(2024, 3, 7)
    published = dt.datetime.combine(day, dt.time(9, 45), BEIJING)
    return Entry(
        id=f"{publication.id}/{issue.id}",
        date=day,
        title=display_title(issue, publication),
        summary=summary(issue),
        url=publication.address(issue.id, day),
        published=published,
        updated=published,
    )


def render(
    issue: Issue, channel: Email, publication: Publication = PUBLICATION, **entry: object
) -> Rendering:
    """The channel's rendering of an issue as it was read; `entry` are changes to its entry."""
    document = publishable(issue)
    known = replace(entry_of(document, publication), **entry)  # type: ignore[arg-type]
    context = Context(publication, Theme.load(None), known)
    return channel.render(absolute(document, known.url), context)


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
    """mail(markdown, publication=…, **options): the mail about an issue."""

    def make(
        markdown: str = SAMPLE,
        publication: Publication = PUBLICATION,
        entry: dict[str, object] | None = None,
        **options: object,
    ) -> Mail:
        issue = read(markdown, "2024-03-07.md")
        return Mail(render(issue, Email(**options), publication, **(entry or {})))  # type: ignore[arg-type]

    return make
