"""Bounces and complaints of Amazon SES, which arrive as messages of SNS.

Notifications and published events have the same fields.
Source: docs.aws.amazon.com/ses/latest/dg/notification-contents.html and …/event-publishing-retrieving-sns-contents.html
"""

from collections.abc import Callable, Collection

from msgspec import UNSET, Struct, UnsetType

from publisher.bounces.models import Feedback, FeedbackKind, FeedbackSource, build_evidence, classify_diagnosis
from publisher.bounces.sns import parse_sns
from publisher.bounces.webhook import Senders, WebhookReport, WebhookRequest, decode_body, parse_iso_time

_KINDS = {
    "NoEmail": FeedbackKind.NO_RECIPIENT,
    "MailboxFull": FeedbackKind.MAILBOX_FULL,
    "MessageTooLarge": FeedbackKind.CONTENT,
    "ContentRejected": FeedbackKind.CONTENT,
    "AttachmentRejected": FeedbackKind.CONTENT,
}
"""The kind of each subtype of bounces, for replies that do not say it."""

_NOT_TRIED = ("Suppressed", "OnAccountSuppressionList", "UnsubscribedRecipient")
"""Subtypes of emails that SES did not try to send, because of an earlier event, maybe of another newsletter."""

_NO_COMPLAINT = ("not-spam", "virus", "auth-failure")


class SesRecipient(Struct, frozen=True, rename="camel"):
    """A recipient, and what the server said."""

    email_address: str
    status: str = ""
    diagnostic_code: str = ""


class SesBounce(Struct, frozen=True, rename="camel"):
    """The bounce of one email to some of its recipients."""

    bounce_type: str
    bounce_sub_type: str
    bounced_recipients: list[SesRecipient]
    timestamp: str


class SesComplaint(Struct, frozen=True, rename="camel"):
    """The complaint about one email by some of its recipients."""

    complained_recipients: list[SesRecipient]
    timestamp: str
    complaint_feedback_type: str | None = None
    complaint_sub_type: str | None = None


class SesMail(Struct, frozen=True):
    """The email: its envelope sender."""

    source: str = ""


class SesEvent(Struct, frozen=True):
    """The fields that are used of any notification or event."""

    mail: SesMail = SesMail()
    bounce: SesBounce | UnsetType = UNSET
    complaint: SesComplaint | UnsetType = UNSET


def parse_ses(
    request: WebhookRequest, topics: Collection[str], senders: Senders, load_certificate: Callable[[str], bytes]
) -> WebhookReport:
    """Return what a message of SNS reports; see `parse_sns`. Raises WebhookRefusedError."""
    notification, report = parse_sns(request, topics, load_certificate)
    if notification is None:
        return report
    if notification.message.startswith("Successfully validated SNS topic"):  # sent once, when SES is set up
        return report
    event = decode_body(notification.message.encode(), SesEvent)
    if not senders.include(event.mail.source):
        return report
    feedback: list[Feedback] = []
    if event.bounce is not UNSET:
        feedback += _read_bounce(event.bounce, senders.find_token(event.mail.source))
    if event.complaint is not UNSET:
        feedback += _read_complaint(event.complaint, senders.find_token(event.mail.source))
    return report._replace(feedback=tuple(feedback))


def _read_bounce(bounce: SesBounce, token: str) -> list[Feedback]:
    feedback = []
    for recipient in bounce.bounced_recipients:
        reply = recipient.diagnostic_code.partition(";")[2] or recipient.diagnostic_code
        kind, is_permanent = classify_diagnosis(
            reply, recipient.status, _KINDS.get(bounce.bounce_sub_type, FeedbackKind.UNKNOWN)
        )
        is_final = is_permanent and bounce.bounce_type == "Permanent"
        if bounce.bounce_sub_type in _NOT_TRIED:
            kind, is_final = FeedbackKind.UNKNOWN, False
        evidence = build_evidence(f"{bounce.bounce_type}/{bounce.bounce_sub_type}", reply or recipient.status)
        at = parse_iso_time(bounce.timestamp)
        feedback.append(Feedback(kind, FeedbackSource.WEBHOOK, is_final, evidence, token, recipient.email_address, at))
    return feedback


def _read_complaint(complaint: SesComplaint, token: str) -> list[Feedback]:
    if complaint.complaint_sub_type in _NOT_TRIED or complaint.complaint_feedback_type in _NO_COMPLAINT:
        return []
    evidence = build_evidence("complaint", complaint.complaint_feedback_type or "")
    at = parse_iso_time(complaint.timestamp)
    return [
        Feedback(FeedbackKind.COMPLAINT, FeedbackSource.WEBHOOK, True, evidence, token, recipient.email_address, at)
        for recipient in complaint.complained_recipients
    ]
