"""Amazon SES over SNS: what it reports, and that a forged message has no effect and makes no connection."""

from __future__ import annotations

from typing import Any

import pytest

from publisher.bounces.models import FeedbackKind
from publisher.bounces.ses import parse_ses
from publisher.bounces.webhook import WebhookRefusedError, WebhookReport
from tests.bounces.mails import TOKEN
from tests.bounces.webhooks import (
    CERTIFICATE_URL,
    SENDERS,
    TOPIC,
    Amazon,
    request,
    ses_bounce,
    ses_complaint,
    ses_event,
)

NO_RECIPIENT, FULL, LATER = FeedbackKind.NO_RECIPIENT, FeedbackKind.MAILBOX_FULL, FeedbackKind.LATER
SENDER, CONTENT, UNKNOWN = FeedbackKind.SENDER, FeedbackKind.CONTENT, FeedbackKind.UNKNOWN
COMPLAINT = FeedbackKind.COMPLAINT
AMAZON = Amazon()
SUBSCRIBE = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"


def report(message: dict[str, str], amazon: Amazon = AMAZON) -> WebhookReport:
    return parse_ses(request(message), [TOPIC], SENDERS, amazon.load)


def about(content: Any, version: str = "2") -> list[tuple[FeedbackKind, bool]]:
    found = report(AMAZON.message(content, version)).feedback
    assert all(one.token == TOKEN and one.address == "lin@example.net" for one in found)
    return [(one.kind, one.is_final) for one in found]


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    ("bounce", "expected"),
    [
        (ses_bounce(diagnosticCode="smtp; 550 5.1.1 <lin@example.net>... User unknown"), (NO_RECIPIENT, True)),
        (ses_bounce(status="5.1.1"), (NO_RECIPIENT, True)),
        (ses_bounce(), (UNKNOWN, True)),
        (ses_bounce(sub_type="NoEmail"), (NO_RECIPIENT, True)),
        (ses_bounce(sub_type="Suppressed", status="5.1.1"), (UNKNOWN, False)),
        (ses_bounce(sub_type="OnAccountSuppressionList", status="5.1.1"), (UNKNOWN, False)),
        (ses_bounce("Transient", "MailboxFull"), (FULL, False)),
        (ses_bounce("Transient", "General", status="4.4.7"), (LATER, False)),
        (ses_bounce("Transient", "ContentRejected"), (CONTENT, False)),
        (ses_bounce(diagnosticCode="smtp; 550-5.7.26 unauthenticated", status="5.7.26"), (SENDER, True)),
        (ses_bounce("Undetermined", "Undetermined"), (UNKNOWN, False)),
    ],
)
def test_bounces(bounce: dict[str, Any], expected: tuple[FeedbackKind, bool], version: str) -> None:
    assert about(ses_event(bounce=bounce), version) == [expected]


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        (ses_complaint(complaintFeedbackType="abuse"), [(COMPLAINT, True)]),
        (ses_complaint(), [(COMPLAINT, True)]),
        (ses_complaint(complaintSubType=None), [(COMPLAINT, True)]),
        (ses_complaint(complaintFeedbackType="not-spam"), []),
        (ses_complaint(complaintSubType="OnAccountSuppressionList"), []),
    ],
)
def test_complaints(complaint: dict[str, Any], expected: list[tuple[FeedbackKind, bool]]) -> None:
    assert about(ses_event(complaint=complaint)) == expected


def test_what_reports_nothing() -> None:
    assert about(ses_event(delivery={"recipients": ["lin@example.net"]})) == []
    assert about(ses_event("captain@other.example", complaint=ses_complaint())) == []
    assert about("Successfully validated SNS topic for Amazon SES event publishing.") == []
    assert report(AMAZON.message(ses_event(), Subject="Amazon SES", MessageId="4f")).id == "sns:4f"


def test_a_subscription_is_confirmed_at_amazon_only() -> None:
    message = AMAZON.message("You have chosen …", Type="SubscriptionConfirmation", SubscribeURL=SUBSCRIBE, Token="2336")
    assert report(message).subscribe_url == SUBSCRIBE


def test_the_end_of_a_subscription_is_not_answered() -> None:
    """Its SubscribeURL would subscribe again."""
    message = AMAZON.message("…", Type="UnsubscribeConfirmation", SubscribeURL=SUBSCRIBE, Token="2336")
    assert report(message) == WebhookReport(id="sns:19ba9823-d7f2-53c1-860e-cb10e0d13dfc")


_EVENT = ses_event(complaint=ses_complaint())
_OWN_TOPIC = "arn:aws:sns:eu-west-1:999999999999:bounces"
_CONFIRMATION = {"Type": "SubscriptionConfirmation", "Token": "2336"}


@pytest.mark.parametrize(
    "fields",
    [
        {"TopicArn": _OWN_TOPIC},
        {"TopicArn": _OWN_TOPIC, **_CONFIRMATION, "SubscribeURL": SUBSCRIBE},
        {"SigningCertURL": "https://evil.example/SimpleNotificationService-" + "0a" * 16 + ".pem"},
        {"SigningCertURL": CERTIFICATE_URL.replace("https:", "http:")},
        {"SigningCertURL": CERTIFICATE_URL.replace(".com/", ".com.evil.example/")},
        {"SigningCertURL": CERTIFICATE_URL.replace("https://", "https://evil.example#")},
        {"SigningCertURL": CERTIFICATE_URL.replace("https://", "https://evil.example/@")},
        {"SigningCertURL": CERTIFICATE_URL.replace("https://", "https://user@")},
        {"SigningCertURL": CERTIFICATE_URL.replace(".com/", ".com:8443/")},
        {"SigningCertURL": CERTIFICATE_URL.replace("eu-west-1", "us-east-1")},
        {"SigningCertURL": CERTIFICATE_URL.replace("/Simple", "/my-bucket/Simple")},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/?Action=GetTopic"},
        {"SigningCertURL": "https://[::1"},
        {"Timestamp": "2026-11-30T06:59:00.000Z"},
        {"Timestamp": "2026-11-30T08:06:00.000Z"},
        {"Timestamp": "yesterday"},
        {"Timestamp": "0001-01-01T00:00:00+14:00"},
        {**_CONFIRMATION, "SubscribeURL": "http://169.254.169.254/latest/meta-data/"},
        {**_CONFIRMATION, "SubscribeURL": SUBSCRIBE.replace("https:", "http:")},
        {**_CONFIRMATION, "SubscribeURL": SUBSCRIBE.replace("sns.eu-west-1.amazonaws.com", "localhost")},
        {**_CONFIRMATION, "SubscribeURL": SUBSCRIBE.replace(TOPIC, _OWN_TOPIC)},
        {**_CONFIRMATION, "SubscribeURL": SUBSCRIBE.replace("ConfirmSubscription", "DeleteTopic")},
        {**_CONFIRMATION, "SubscribeURL": f"{SUBSCRIBE}&Action=DeleteTopic"},
        {**_CONFIRMATION, "SubscribeURL": "https://[::1"},
        {**_CONFIRMATION, "SubscribeURL": ""},
    ],
)
@pytest.mark.parametrize("version", ["1", "2"])
def test_forged_messages_have_no_effect_and_make_no_connection(fields: dict[str, str], version: str) -> None:
    amazon = Amazon()
    with pytest.raises(WebhookRefusedError):
        report(amazon.message(_EVENT, version, **fields), amazon)
    assert amazon.connections == []


@pytest.mark.parametrize("field", ["Message", "MessageId", "Timestamp", "Signature", "SignatureVersion", "Subject"])
def test_a_message_that_was_changed_is_refused(field: str) -> None:
    changes = {"Timestamp": "2026-11-30T07:59:00.000Z", "SignatureVersion": "1", "Signature": "AAAA"}
    message = AMAZON.message(_EVENT, Subject="Amazon SES")
    with pytest.raises(WebhookRefusedError):
        report(message | {field: changes.get(field, message[field] + " ")})


@pytest.mark.parametrize("amazon", [Amazon((-3, -1)), Amazon((1, 3))])
def test_a_certificate_that_is_not_valid_now(amazon: Amazon) -> None:
    with pytest.raises(WebhookRefusedError, match="certificate"):
        report(amazon.message(_EVENT), amazon)


def test_another_certificate_or_version() -> None:
    other = Amazon()
    with pytest.raises(WebhookRefusedError, match="signature"):
        report(other.message(_EVENT))
    with pytest.raises(WebhookRefusedError, match="version"):
        report(AMAZON.message(_EVENT) | {"SignatureVersion": "3"})
    other.certificate = b"no certificate"
    with pytest.raises(WebhookRefusedError):
        report(other.message(_EVENT), other)
