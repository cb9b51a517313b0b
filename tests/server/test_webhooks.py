"""Webhooks over HTTP: who is taken off the list, and that a forged one does nothing and connects to nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from publisher.bounces.effects import Effect
from publisher.bounces.receiver import WebhookReceiver
from publisher.bounces.webhook import MAX_BODY_BYTES, WebhookRequest
from publisher.config import ListenAddress
from publisher.errors import PublisherError
from publisher.ledger import Ledger
from publisher.server import run_server
from publisher.server.state import DaemonState
from publisher.subscribers.models import SubscriberState
from publisher.theme import Theme
from tests.bounces.mailing import LIN, XI, Mailing
from tests.bounces.mails import BOUNCES
from tests.bounces.webhooks import (
    CERTIFICATE_URL,
    NOW,
    SECRET,
    TOPIC,
    Amazon,
    mailgun,
    postmark,
    sendgrid,
    sendgrid_event,
    sendgrid_public_key,
    ses_complaint,
    ses_event,
)
from tests.server.subscriber_site import Answer, ListSite

KEY = "0123456789abcdef"
CONFIRMED, GONE, COMPLAINED = SubscriberState.CONFIRMED, SubscriberState.GONE, SubscriberState.COMPLAINED
SUBSCRIBE = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
SETTINGS = f"""bounces = "{BOUNCES}"

[bounces]
ses = ["{TOPIC}"]
postmark = "env:WEBHOOK_SECRET"
mailgun = "env:WEBHOOK_SECRET"
sendgrid = "{sendgrid_public_key()}"

[channels.email]
from = "Tide <captain@news.example>"
server = "smtp://127.0.0.1:1"
"""


@dataclass
class WebhookSite(ListSite):
    """A list with webhooks; `requested` is what was requested of Amazon."""

    secret: str = KEY
    extra: str = SETTINGS
    amazon: Amazon = field(default_factory=Amazon)
    requested: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    errors: list[PublisherError] = field(default_factory=list)

    @contextmanager
    def serve(self) -> Iterator[WebhookSite]:
        self.now = NOW
        self.write()
        theme = Theme.load()
        receiver = WebhookReceiver(lambda: (self.config, theme), lambda: self.now, self.report, self.load)
        listen, site = ListenAddress("127.0.0.1", 0), self.folder / "public"
        with run_server(listen, site, lambda: DaemonState(self.now), webhooks=receiver) as address:
            self.address = address
            yield self

    def load(self, url: str) -> bytes:
        self.requested.append(url)
        return self.amazon.certificate

    def report(self, effects: tuple[Effect, ...], error: PublisherError | None) -> None:
        self.effects += effects
        self.errors += [error] if error else []

    def send(self, provider: str, request: WebhookRequest) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name != "content-type"}
        return self.request("POST", f"/webhooks/{provider}", request.body, "application/json", **headers)

    def send_sns(self, message: dict[str, str]) -> Answer:
        return self.send("ses", WebhookRequest(json.dumps(message).encode(), {}, NOW))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebhookSite]:
    """A list of two, who got an issue."""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    with WebhookSite(tmp_path).serve() as site:
        (tmp_path / ".publisher").mkdir()
        with closing(Ledger(tmp_path / ".publisher" / "ledger.db")) as ledger:
            mailing = Mailing(ledger, site.config.newsletter.id)
            mailing.subscribe(LIN, XI)
            mailing.send("1")
        yield site


@pytest.mark.parametrize(
    ("provider", "request_", "state"),
    [
        ("postmark", postmark(), GONE),
        ("postmark", postmark(RecordType="SpamComplaint", Type="SpamComplaint"), COMPLAINED),
        ("mailgun", mailgun(event="complained", envelope={"sender": BOUNCES}), COMPLAINED),
        ("sendgrid", sendgrid(sendgrid_event(), sendgrid_event(event="delivered")), GONE),
    ],
)
def test_a_webhook_takes_effect_once(
    site: WebhookSite, provider: str, request_: WebhookRequest, state: SubscriberState
) -> None:
    assert site.send(provider, request_).status == 200
    assert (site.state(LIN), site.state(XI)) == (state, CONFIRMED)
    assert [effect.key for effect in site.effects] == [LIN]
    assert site.send(provider, request_).status == 200  # the provider has not got the answer
    assert len(site.effects) == 1


def test_amazon_ses(site: WebhookSite) -> None:
    message = site.amazon.message(ses_event(BOUNCES, complaint=ses_complaint()))
    assert site.send_sns(message).status == 200
    assert (site.state(LIN), site.state(XI)) == (COMPLAINED, CONFIRMED)
    assert site.requested == [CERTIFICATE_URL]


def test_a_subscription_is_confirmed_and_its_end_is_not_answered(site: WebhookSite) -> None:
    fields = {"SubscribeURL": SUBSCRIBE, "Token": "2336"}
    assert site.send_sns(site.amazon.message("…", Type="SubscriptionConfirmation", **fields)).status == 200
    assert site.requested == [CERTIFICATE_URL, SUBSCRIBE]
    assert site.send_sns(site.amazon.message("…", Type="UnsubscribeConfirmation", **fields)).status == 200
    assert site.requested == [CERTIFICATE_URL, SUBSCRIBE]


@pytest.mark.parametrize(
    "fields",
    [
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:bounces"},
        {"SigningCertURL": "https://evil.example/SimpleNotificationService-" + "0a" * 16 + ".pem"},
        {"Timestamp": "2026-11-29T08:00:00.000Z"},
        {"Type": "SubscriptionConfirmation", "Token": "2", "SubscribeURL": "http://169.254.169.254/latest/meta-data/"},
    ],
)
def test_a_forged_message_has_no_effect_and_makes_no_connection(site: WebhookSite, fields: dict[str, str]) -> None:
    message = site.amazon.message(ses_event(BOUNCES, complaint=ses_complaint()), **fields)
    assert site.send_sns(message).status == 403
    assert site.requested == []
    assert (site.effects, site.errors, site.state(LIN)) == ([], [], CONFIRMED)


def test_a_message_with_another_signature_has_no_effect(site: WebhookSite) -> None:
    message = Amazon().message(ses_event(BOUNCES, complaint=ses_complaint()))
    assert site.send_sns(message).status == 403
    assert (site.effects, site.state(LIN)) == ([], CONFIRMED)


@pytest.mark.parametrize("provider", ["postmark", "mailgun", "sendgrid", "ses"])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff"])
def test_what_is_not_signed_is_refused(site: WebhookSite, provider: str, body: bytes) -> None:
    assert site.send(provider, WebhookRequest(body, {}, NOW)).status == 403
    assert site.effects == []


def test_requests_that_are_none(site: WebhookSite) -> None:
    assert site.send("sparkpost", postmark()).status == 404
    assert site.request("GET", "/webhooks/postmark").status == 404
    assert site.send("postmark", postmark()._replace(body=b" " * (MAX_BODY_BYTES + 1))).status == 413
    site.extra = f'bounces = "{BOUNCES}"\n'
    site.write()
    assert site.send("postmark", postmark()).status == 404
    assert site.state(LIN) is CONFIRMED


def test_the_answer_does_not_say_who_is_on_the_list(site: WebhookSite) -> None:
    known, unknown = site.send("postmark", postmark()), site.send("postmark", postmark(ID=2, Email="x@example.net"))
    assert (known.status, known.text) == (unknown.status, unknown.text) == (200, "ok\n")


def test_the_provider_tries_again_when_the_ledger_cannot_be_used(site: WebhookSite) -> None:
    (site.folder / ".publisher" / "ledger.db").write_bytes(b"no database" * 1000)
    answer = site.send("postmark", postmark())
    assert (answer.status, answer.text) == (503, "try again later\n")
    assert len(site.errors) == 1
