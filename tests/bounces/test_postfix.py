"""Refusals and bounces of a real Postfix: eight kinds, and what becomes of each subscriber."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from publisher.bounces.maildir import read_maildir
from publisher.bounces.returned_mail import parse_returned_mail
from publisher.channels.email import Email
from publisher.credentials import Reference
from publisher.delivery.sender import Sender
from publisher.ledger import Delivery, Ledger, Result
from publisher.ledger.bounces import select_bounces
from publisher.subscriber_settings import SubscriberSettings
from publisher.subscribers.models import SubscriberState
from publisher.subscription import SubscriberAddress
from tests.bounces.mailing import NEWSLETTER, Mailing
from tests.bounces.mails import BOUNCES
from tests.channels.email.smtp_server import part_of
from tests.support.servers import postfix
from tests.support.servers.certificates import write_certificates
from tests.support.servers.postfix import Postfix

KINDS = {
    "bounce": ("reply", "no recipient", 1),
    "full": ("reply", "mailbox full", 1),
    "defer": ("reply", "later", 0),
    "late-bounce": ("email", "no recipient", 1),
    "late-full": ("email", "mailbox full", 1),
    "late-blocked": ("email", "sender", 1),
    "late-spam": ("email", "content", 1),
}
"""What is recorded of an issue to `KIND-1@…`. A server that refuses the sender, `blocked-1@…`, leaves nothing."""


@pytest.fixture
def server(need: Callable[[str], str], tmp_path: Path) -> Iterator[Postfix]:
    need(postfix.PROGRAM)
    if os.getuid():
        pytest.skip("only root may run Postfix")
    _, own = write_certificates(tmp_path, "mx.news.example")
    with Postfix(own) as running:
        yield running


@pytest.fixture
def mailing(tmp_path: Path) -> Iterator[Mailing]:
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        yield Mailing(ledger)


@pytest.fixture
def deliver(server: Postfix, mailing: Mailing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Sends as a delivery job does."""
    monkeypatch.setenv("LIST_KEY", "0123456789abcdef")
    settings = SubscriberSettings("https://news.example/list", Reference("env:LIST_KEY"), bounces=BOUNCES)
    channel = Email(from_="captain@news.example", server=server.url, _subscribers=settings, _subscribers_of=NEWSLETTER)
    part = part_of(channel)
    sender = Sender(channel, lambda _: part, lambda: mailing.now, dt.UTC)

    def send(delivery: Delivery, address: SubscriberAddress) -> Result:
        return sender.send(delivery, delivery.recipient, address)

    yield send
    sender.close()


def read_bounces(server: Postfix, mailing: Mailing, count: int, others: int) -> None:
    """Wait until so many were recorded, and so many mails in all have come that are none."""

    def handle(raw: bytes) -> bool:
        feedback = parse_returned_mail(raw, BOUNCES).feedback
        return feedback is not None and mailing.recorder.record(feedback, mailing.now) is not None

    recorded = 0
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if (server.maildir / "cur").exists():
            recorded += read_maildir(server.maildir, handle)
        if recorded >= count and len([*server.maildir.glob("cur/*")]) >= others:
            return
        time.sleep(0.02)
    pytest.fail(f"{recorded} of {count} bounces came")


def test_eight_kinds(server: Postfix, mailing: Mailing, deliver: Callable[..., Result]) -> None:
    addresses = {kind: f"{kind}-1@example.net" for kind in (*KINDS, "blocked", "reader")}
    mailing.subscribe(*addresses.values())
    accepted = {key for kind, key in addresses.items() if kind.startswith(("late", "reader"))}
    assert set(mailing.send("1", deliver=deliver)) == accepted
    read_bounces(server, mailing, 4, others=1)
    with mailing.ledger.transaction() as tx:
        recorded = {
            kind: [(row.source, row.kind, row.is_final) for row in select_bounces(tx, NEWSLETTER, key)]
            for kind, key in addresses.items()
        }
    assert recorded == {kind: [found] for kind, found in KINDS.items()} | {"blocked": [], "reader": []}
    mailing.recorder.review_replies(mailing.now)
    assert {kind for kind, key in addresses.items() if mailing.state(key) is SubscriberState.GONE} == {"late-bounce"}

    mailing.wait(7)
    mailing.send("2", deliver=deliver)
    read_bounces(server, mailing, 3, others=2)
    mailing.recorder.review_replies(mailing.now)
    gone = {kind for kind, key in addresses.items() if mailing.state(key) is SubscriberState.GONE}
    assert gone == {"late-bounce", "bounce"}

    delivered = {str(mail["Delivered-To"]): str(mail["Return-Path"]) for mail in server.wait(0)}
    assert delivered == {}  # the reports are gone, and what is no report was looked at
    kept = [file.read_bytes() for file in (server.maildir / "cur").iterdir()]
    assert len(kept) == 2
    for mail in kept:
        assert b"Delivered-To: reader-1@example.net" in mail
        assert b"Return-Path: <bounces+" in mail
