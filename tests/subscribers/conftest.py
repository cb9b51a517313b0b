"""A list of subscribers, on each database in turn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.mail_address import parse_recipient
from publisher.signing import SigningKeys
from publisher.subscribers.models import Origin, Subscriber
from publisher.subscribers.subscriber_list import SubscriberList

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
KEYS = SigningKeys("the secret of this list")
NEWSLETTER = "tag:e.org,2021:n"


def form(day: float = 0) -> Origin:
    """A change by the form, so many days after the start."""
    return Origin(START + day * DAY, "form", network="192.0.2.0/24")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a new ledger can be."""
    if request.param == "sqlite":
        return tmp_path / ".publisher" / "ledger.db"
    address: str = request.getfixturevalue("postgres").address()
    return address


@pytest.fixture
def ledger(place: Path | str) -> Iterator[Ledger]:
    with closing(Ledger(place)) as ledger:
        yield ledger


@pytest.fixture
def subscribers(ledger: Ledger) -> SubscriberList:
    return SubscriberList(ledger, NEWSLETTER, KEYS)


def subscribe(subscribers: SubscriberList, address: str, day: float = 0) -> Subscriber:
    """Let someone ask for the newsletter and confirm it."""
    asked = subscribers.ask(parse_recipient(address), form(day)).subscriber
    assert asked
    confirmed = subscribers.confirm(asked.key, form(day))
    assert confirmed
    return confirmed
