"""Webhooks of Postmark, Mailgun and SendGrid: what they report, and which are refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from publisher.bounces.mailgun import parse_mailgun
from publisher.bounces.models import Feedback, FeedbackKind
from publisher.bounces.postmark import parse_postmark
from publisher.bounces.sendgrid import parse_sendgrid
from publisher.bounces.webhook import MAX_BODY_BYTES, WebhookRefusedError, WebhookReport, WebhookRequest
from publisher.errors import ConfigError
from tests.bounces.mails import TOKEN
from tests.bounces.webhooks import (
    NOW,
    OTHER_KEY,
    SECRET,
    SENDERS,
    mailgun,
    postmark,
    request,
    sendgrid,
    sendgrid_event,
    sendgrid_public_key,
)

NO_RECIPIENT, FULL, LATER = FeedbackKind.NO_RECIPIENT, FeedbackKind.MAILBOX_FULL, FeedbackKind.LATER
SENDER, CONTENT, UNKNOWN = FeedbackKind.SENDER, FeedbackKind.CONTENT, FeedbackKind.UNKNOWN
COMPLAINT, AUTO_REPLY = FeedbackKind.COMPLAINT, FeedbackKind.AUTO_REPLY


def of_postmark(request: WebhookRequest) -> WebhookReport:
    return parse_postmark(request, SECRET, SENDERS)


def of_mailgun(request: WebhookRequest) -> WebhookReport:
    return parse_mailgun(request, SECRET, SENDERS)


def of_sendgrid(request: WebhookRequest) -> WebhookReport:
    return parse_sendgrid(request, sendgrid_public_key())


def about(report: WebhookReport) -> list[tuple[FeedbackKind, bool]]:
    assert all(one.address == "lin@example.net" and "@" not in one.evidence for one in report.feedback)
    return [(one.kind, one.is_final) for one in report.feedback]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [(NO_RECIPIENT, True)]),
        ({"Details": ""}, [(NO_RECIPIENT, True)]),
        ({"Type": "HardBounce", "Details": "smtp;550 5.7.26 unauthenticated"}, [(SENDER, True)]),
        ({"Type": "HardBounce", "Details": "smtp;552 5.2.2 mailbox full"}, [(FULL, True)]),
        ({"Type": "BadEmailAddress", "Details": ""}, [(NO_RECIPIENT, True)]),
        ({"Type": "SoftBounce", "Details": "smtp;452 4.2.2 over quota"}, [(FULL, False)]),
        ({"Type": "SoftBounce", "Details": ""}, [(LATER, False)]),
        ({"Type": "Transient", "Details": "smtp;550 5.1.1 user unknown"}, [(NO_RECIPIENT, False)]),
        ({"Type": "DnsError", "Details": ""}, [(LATER, False)]),
        ({"Type": "SpamNotification", "Details": ""}, [(CONTENT, False)]),
        ({"Type": "Blocked", "Details": ""}, [(SENDER, False)]),
        ({"Type": "DMARCPolicy", "Details": ""}, [(SENDER, False)]),
        ({"Type": "AutoResponder", "Details": "550 5.1.1 no such user"}, [(AUTO_REPLY, False)]),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, [(COMPLAINT, True)]),
        ({"Type": "Subscribe"}, []),
        ({"Type": "SomethingNew"}, []),
        ({"RecordType": "Delivery", "Type": ""}, []),
        ({"From": "captain@other.example"}, []),
    ],
)
def test_postmark(fields: dict[str, Any], expected: list[tuple[FeedbackKind, bool]]) -> None:
    assert about(of_postmark(postmark(**fields))) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [(NO_RECIPIENT, True)]),
        ({"severity": "temporary"}, []),
        ({"event": "delivered"}, []),
        ({"event": "complained", "severity": ""}, [(COMPLAINT, True)]),
        ({"reason": "old", "delivery_status": {"code": 452, "message": "4.2.2 over quota"}}, [(FULL, False)]),
        ({"reason": "old"}, [(NO_RECIPIENT, False)]),
        ({"reason": "suppress-bounce", "delivery_status": {"code": 605, "message": ""}}, [(UNKNOWN, False)]),
        ({"delivery_status": {"code": 550, "message": "5.7.26 unauthenticated email"}}, [(SENDER, True)]),
        ({"delivery_status": {"code": 550, "message": None, "description": "no such user"}}, [(NO_RECIPIENT, True)]),
        ({"envelope": {"sender": "captain@other.example"}}, []),
    ],
)
def test_mailgun(fields: dict[str, Any], expected: list[tuple[FeedbackKind, bool]]) -> None:
    report = of_mailgun(mailgun(**fields))
    assert about(report) == expected
    assert all(one.token == TOKEN for one in report.feedback)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [(NO_RECIPIENT, True)]),
        ({"event": "spamreport"}, [(COMPLAINT, True)]),
        ({"event": "dropped", "reason": "Bounced Address"}, []),
        ({"event": "deferred"}, []),
        ({"event": "delivered"}, []),
        ({"type": "blocked", "reason": "550 5.7.26 unauthenticated", "status": "5.7.26"}, [(SENDER, False)]),
        ({"type": "blocked", "reason": "", "status": ""}, [(SENDER, False)]),
        ({"reason": "", "status": "", "bounce_classification": "Invalid Address"}, [(NO_RECIPIENT, True)]),
        ({"reason": "552 5.2.2 mailbox full", "status": "5.2.2"}, [(FULL, True)]),
        ({"reason": "", "status": "", "bounce_classification": "Content"}, [(CONTENT, True)]),
    ],
)
def test_sendgrid(fields: dict[str, Any], expected: list[tuple[FeedbackKind, bool]]) -> None:
    assert about(of_sendgrid(sendgrid(sendgrid_event(**fields)))) == expected


def test_sendgrid_reports_many_events_in_one_request() -> None:
    kinds = ("bounce", "delivered", "spamreport")
    assert about(of_sendgrid(sendgrid(*(sendgrid_event(event=kind) for kind in kinds)))) == [
        (NO_RECIPIENT, True),
        (COMPLAINT, True),
    ]


HOURS = dt.timedelta(hours=1)
FORGED: list[tuple[Callable[[WebhookRequest], WebhookReport], WebhookRequest]] = [
    (of_postmark, postmark("another")),
    (of_postmark, postmark("")),
    (of_postmark, postmark(scheme="Bearer")),
    (of_postmark, request({"RecordType": "Bounce"})),
    (of_postmark, request({"RecordType": "Bounce"}, authorization="Basic ?")),
    (of_postmark, postmark(BouncedAt="2026-11-29T07:00:00Z")),
    (of_postmark, postmark(BouncedAt="2026-11-30T08:10:00Z")),
    (of_postmark, postmark(BouncedAt="2026-11-30T08:00:00")),
    (of_postmark, postmark(BouncedAt="0001-01-01T00:00:00+14:00")),
    (of_postmark, postmark(BouncedAt="9999-12-31T23:59:59-14:00")),
    (of_mailgun, mailgun("another")),
    (of_mailgun, mailgun(signature="0" * 64)),
    (of_mailgun, mailgun(signature="é")),
    (of_mailgun, mailgun(at=NOW - 13 * HOURS)),
    (of_mailgun, mailgun(at=NOW + HOURS)),
    (of_mailgun, request({"event-data": {"event": "complained"}})),
    (of_sendgrid, sendgrid(sendgrid_event(), key=OTHER_KEY)),
    (of_sendgrid, sendgrid(sendgrid_event(), change=b" ")),
    (of_sendgrid, sendgrid(sendgrid_event(), at=NOW - 26 * HOURS)),
    (of_sendgrid, sendgrid(sendgrid_event(), at=NOW + HOURS)),
    (of_sendgrid, request([sendgrid_event()])),
]


@pytest.mark.parametrize(("parse", "forged"), FORGED)
def test_forged_and_repeated_requests_are_refused(
    parse: Callable[[WebhookRequest], WebhookReport], forged: WebhookRequest
) -> None:
    with pytest.raises(WebhookRefusedError) as caught:
        parse(forged)
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("secret", ["", SECRET])
def test_a_secret_that_is_not_set_accepts_nothing(secret: str) -> None:
    with pytest.raises(WebhookRefusedError):
        parse_postmark(postmark(""), "", SENDERS)
    with pytest.raises(WebhookRefusedError):
        parse_mailgun(mailgun(secret), "", SENDERS)


def test_a_request_is_known_again_by_its_id() -> None:
    """Of SendGrid by what is signed: the same content has any number of valid signatures."""
    assert of_postmark(postmark()).id == "postmark:Bounce:901542550"
    assert of_mailgun(mailgun()).id == "mailgun:5d0c"
    first, second = sendgrid(sendgrid_event()), sendgrid(sendgrid_event())
    assert first != second
    assert of_sendgrid(first).id == of_sendgrid(second).id != of_sendgrid(sendgrid(sendgrid_event(status=""))).id


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"RecordType": 5}', b"[" * 100_000])
def test_other_json_is_refused(body: bytes) -> None:
    for parse, valid in ((of_postmark, postmark()), (of_mailgun, mailgun()), (of_sendgrid, sendgrid(sendgrid_event()))):
        with pytest.raises(WebhookRefusedError):
            parse(valid._replace(body=body))
    with pytest.raises(WebhookRefusedError, match="bytes"):
        of_postmark(postmark()._replace(body=b" " * (MAX_BODY_BYTES + 1)))


@pytest.mark.parametrize("key", ["", "x", "bm8ga2V5"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(ConfigError, match="not valid"):
        parse_sendgrid(sendgrid(), key)


def test_the_time_and_the_evidence_of_an_event() -> None:
    expected = dt.datetime(2026, 11, 30, 7, 28, 50, 396393, dt.UTC)
    [feedback] = of_postmark(postmark()).feedback
    assert isinstance(feedback, Feedback)
    assert feedback.at == expected
    assert feedback.evidence == "HardBounce 550 5.1.1 The email account that you tried to reach does not exist."
    assert [one.at for one in of_mailgun(mailgun()).feedback] == [NOW]
