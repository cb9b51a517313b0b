"""Mail on its way to a server of our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from publisher.channel import Part
from publisher.channels.email import Email
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError
from publisher.reader import parse_issue
from tests.channels.email.conftest import SAMPLE, render
from tests.support.servers.mail_server import MailServer

READERS = ("lin@example.net", "Xi <Xi@example.net>", "zhou@example.net")
LIN, XI, ZHOU = "lin@example.net", "xi@example.net", "zhou@example.net"


def channel_of(running: MailServer, **settings: Any) -> Email:
    known = {"from_": "captain@ferry.example.org", "server": running.url, "recipients_": READERS}
    return Email(**known | settings)


def part_of(channel: Email) -> Part:
    return render(parse_issue(SAMPLE, "2024-03-07.md"), channel).parts[0]


def fails(act: Callable[[], object]) -> PublisherError:
    with pytest.raises(PublisherError) as caught:
        act()
    assert "\n" not in caught.value.message
    return caught.value


def kind(error: PublisherError) -> tuple[str, float | None]:
    """Classify an error: retry now, retry later, permanent, or unknown; and the delay in seconds, if any."""
    if not isinstance(error, DeliveryError):
        assert isinstance(error, OutcomeUnknownError)
        return "unknown", None
    if error.permanent:
        return "never", None
    return ("again", None) if error.retry_after is None else ("later", error.retry_after)
