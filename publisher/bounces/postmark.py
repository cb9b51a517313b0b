"""Webhooks of Postmark: bounces and spam complaints.

Postmark does not sign them: the URL that is entered there has a user name and a password, which arrive as Basic
authentication. Source: postmarkapp.com/developer/webhooks/bounce-webhook, …/spam-complaint-webhook and
…/api/bounce-api#bounce-types
"""

import binascii
import datetime as dt
from base64 import b64decode

from msgspec import Struct, field

from publisher.bounces.models import Feedback, FeedbackKind, FeedbackSource, build_evidence, classify_diagnosis
from publisher.bounces.webhook import (
    Senders,
    WebhookReport,
    WebhookRequest,
    decode_body,
    parse_iso_time,
    require_recent,
    require_secret,
)

_KINDS = {
    "HardBounce": FeedbackKind.NO_RECIPIENT,
    "BadEmailAddress": FeedbackKind.NO_RECIPIENT,
    "SoftBounce": FeedbackKind.LATER,
    "Transient": FeedbackKind.LATER,
    "DnsError": FeedbackKind.LATER,
    "SpamNotification": FeedbackKind.CONTENT,
    "VirusNotification": FeedbackKind.CONTENT,
    "Blocked": FeedbackKind.SENDER,
    "DMARCPolicy": FeedbackKind.SENDER,
    "Unknown": FeedbackKind.UNKNOWN,
    "SpamComplaint": FeedbackKind.COMPLAINT,
    "AutoResponder": FeedbackKind.AUTO_REPLY,
    "ChallengeVerification": FeedbackKind.AUTO_REPLY,
    "AddressChange": FeedbackKind.AUTO_REPLY,
}
"""The kind of each type of bounce, for details that do not say it. Other types are no bounces."""

_UNCLASSIFIED = (FeedbackKind.COMPLAINT, FeedbackKind.AUTO_REPLY)
"""Kinds that are known from the type alone."""

_PERMANENT = ("HardBounce", "BadEmailAddress")

_MAX_AGE = dt.timedelta(hours=24)
"""Postmark tries for about 12 hours to deliver a webhook, which says when the email bounced, not when it was sent."""


class PostmarkEvent(Struct, frozen=True, rename="pascal"):
    """The fields that are used of any webhook; `type` and `email` are empty for those that are about something else."""

    record_type: str
    type: str = ""
    email: str = ""
    details: str = ""
    description: str = ""
    bounced_at: str = ""
    id: int = field(name="ID", default=0)
    from_: str = field(name="From", default="")


def parse_postmark(request: WebhookRequest, password: str, senders: Senders) -> WebhookReport:
    """Return what a webhook reports. `password` is the one in its URL, as in https://publisher:PASSWORD@….

    Raises WebhookRefusedError.
    """
    require_secret(_read_password(request.headers.get("authorization", "")), password)
    event = decode_body(request.body, PostmarkEvent)
    kind = _KINDS.get(event.type)
    if kind is None or event.record_type not in ("Bounce", "SpamComplaint") or not senders.include(event.from_):
        return WebhookReport()
    bounced_at = parse_iso_time(event.bounced_at)
    require_recent(bounced_at, request.at, _MAX_AGE)
    is_final = event.type in _PERMANENT or kind is FeedbackKind.COMPLAINT
    reply = event.details.partition(";")[2] or event.details
    if kind not in _UNCLASSIFIED:
        kind, is_permanent = classify_diagnosis(reply, otherwise=kind)
        is_final = is_final and is_permanent
    feedback = Feedback(
        kind,
        FeedbackSource.WEBHOOK,
        is_final,
        build_evidence(event.type, reply or event.description),
        address=event.email,
        at=bounced_at,
    )
    return WebhookReport((feedback,), id=f"postmark:{event.record_type}:{event.id}")


def _read_password(authorization: str) -> str:
    """Return the password of Basic authentication (RFC 7617), "" for none."""
    scheme, _, credentials = authorization.partition(" ")
    try:
        text = b64decode(credentials.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2] if scheme.lower() == "basic" else ""
