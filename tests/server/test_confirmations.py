"""Confirmations: each is sent once, and what goes wrong is reported without letting visitors ring the alarm."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from publisher.channels.email import Email
from publisher.errors import ConfigError, DeliveryError, OutcomeUnknownError, RefusalKind
from publisher.server.confirmations import ConfirmationSender
from publisher.signing import Purpose
from publisher.subscribers.models import SubscriberState as S
from tests.server.subscriber_site import ListSite

CHANNEL = '[channels.email]\nfrom = "Harbour <news@harbour-notes.org>"\nserver = "smtp://127.0.0.1:9"\n'


class Harbour:
    """A site that sends real confirmations through a server that answers with `error`, if there is one."""

    def __init__(self, folder: Path) -> None:
        self.error: Exception | None = None
        self.mails: list[tuple[Any, ...]] = []
        self.reports: list[tuple[str, str]] = []
        self.sender = ConfirmationSender(lambda message, hint: self.reports.append((message, hint)))
        self.site = ListSite(folder, extra=CHANNEL, confirmations=self.sender)  # type: ignore[arg-type]

    def send(self, *mail: Any) -> None:
        self.mails.append(mail)
        if self.error:
            raise self.error

    def finish(self) -> None:
        """Wait until what was asked for is done."""
        self.sender._executor.submit(lambda: None).result()


@pytest.fixture
def harbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harbour]:
    harbour = Harbour(tmp_path)
    monkeypatch.setattr(Email, "send_confirmation", lambda _, *mail: harbour.send(*mail))
    with harbour.site.serve():
        yield harbour
    harbour.sender.close()


def test_the_links_of_a_confirmation(harbour: Harbour) -> None:
    harbour.site.sign_up("ana@example.org")
    harbour.finish()
    [(newsletter, address, confirm_url, refuse_url, now)] = harbour.mails
    assert (newsletter.name, address) == ("Harbour Notes", "ana@example.org")
    assert re.fullmatch(r"https://harbour-notes\.org/list/confirm/[a-z0-9]{30}", confirm_url)
    assert now.utcoffset() == dt.timedelta(hours=8)
    site = harbour.site
    site.url = ""
    assert site.post(confirm_url.removeprefix("https://harbour-notes.org/list"), {"act": "confirm"}).status == 200
    assert site.state("ana@example.org") is S.CONFIRMED
    assert site.post(refuse_url.removeprefix("https://harbour-notes.org/list"), {"act": "refuse"}).status == 200
    assert site.state("ana@example.org") is S.LEFT
    assert harbour.reports == []


@pytest.mark.parametrize(
    ("error", "may_ask_again", "is_reported"),
    [
        (None, False, False),
        (DeliveryError("the server cannot be reached"), True, True),
        (DeliveryError("no such user", permanent=True, kind=RefusalKind.NO_RECIPIENT), False, False),
        (DeliveryError("the server is busy", kind=RefusalKind.LATER), True, True),
        (DeliveryError("full", permanent=True, kind=RefusalKind.MAILBOX_FULL), False, False),
        (DeliveryError("your host is blocked", permanent=True, kind=RefusalKind.SENDER), False, True),
        (OutcomeUnknownError("the connection broke"), False, True),
        (ValueError("what no one expects"), False, True),
        (ConfigError("there is no sender"), True, True),
    ],
    ids=str,
)
def test_what_goes_wrong(harbour: Harbour, error: Exception | None, may_ask_again: bool, is_reported: bool) -> None:
    harbour.error = error
    for _ in range(3):
        harbour.site.sign_up("ana@example.org")
        harbour.finish()
    assert len(harbour.mails) == (3 if may_ask_again else 1)
    assert len(harbour.reports) == int(is_reported)


def test_the_same_problem_is_reported_again_the_next_day(harbour: Harbour) -> None:
    harbour.error = DeliveryError("the server cannot be reached")
    for _ in range(2):
        harbour.site.sign_up("ana@example.org")
        harbour.site.now += dt.timedelta(days=1)
    harbour.finish()
    assert len(harbour.reports) == 2


def test_at_the_end_what_waits_is_not_sent(harbour: Harbour) -> None:
    harbour.sender._is_closed = True
    harbour.site.sign_up("ana@example.org")
    harbour.finish()
    assert harbour.mails == []
    harbour.sender._is_closed = False
    harbour.site.sign_up("ana@example.org")
    harbour.finish()
    assert len(harbour.mails) == 1


def test_without_the_channel_it_is_said_what_is_missing(tmp_path: Path) -> None:
    harbour = Harbour(tmp_path)
    harbour.site.extra = ""
    with harbour.site.serve() as site:
        site.sign_up("ana@example.org")
        harbour.finish()
    harbour.sender.close()
    assert [message for message, _ in harbour.reports] == ["no confirmation can be sent: there is no [channels.email]"]


def test_the_tokens_of_a_confirmation_are_for_one_thing_each(harbour: Harbour) -> None:
    harbour.site.sign_up("ana@example.org")
    harbour.finish()
    [(_, _, confirm_url, refuse_url, _)] = harbour.mails
    settings = harbour.site.config.subscribers
    assert settings
    keys = settings.load_keys()
    for url, purpose, other in (
        (confirm_url, Purpose.CONFIRM, Purpose.REFUSE),
        (refuse_url, Purpose.REFUSE, Purpose.CONFIRM),
    ):
        token = url.rpartition("/")[2]
        assert keys.verify(token, purpose)
        assert not keys.verify(token, other)
