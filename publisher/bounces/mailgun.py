"""Webhooks of Mailgun: permanent failures and spam complaints.

The signature covers a time and a token, not the event. So a token counts once: what is sent again, with this or another
event, has no effect. Source: documentation.mailgun.com/docs/mailgun/user-manual/webhooks
"""

import datetime as dt
import hashlib
import hmac

from msgspec import Struct, field

from publisher.bounces.models import Feedback, FeedbackKind, FeedbackSource, build_evidence, classify_diagnosis
from publisher.bounces.webhook import (
    Senders,
    WebhookReport,
    WebhookRequest,
    decode_body,
    parse_timestamp,
    require_recent,
    require_secret,
)

_MAX_AGE = dt.timedelta(hours=12)
"""Mailgun tries for 8 hours to deliver a webhook."""

_GAVE_UP = "old"
"""The reason of a failure after too many temporary ones."""

_SUPPRESSED = "suppress-"
"""How reasons begin of failures of emails that Mailgun did not try to send, because of an earlier event."""


class MailgunSignature(Struct, frozen=True):
    """What a webhook is signed with: seconds since 1970, a random token, and HMAC-SHA256 (hex) of both."""

    timestamp: str
    token: str
    signature: str


class DeliveryStatus(Struct, frozen=True):
    """The reply of the server that was tried last."""

    code: int | str | None = None
    message: str | None = None
    description: str | None = None


class Envelope(Struct, frozen=True):
    """Sender and recipient as in SMTP."""

    sender: str = ""


class MailgunEvent(Struct, frozen=True, rename="kebab"):
    """The fields that are used of any event."""

    event: str
    recipient: str = ""
    severity: str = ""
    reason: str = ""
    timestamp: float = 0.0
    envelope: Envelope = Envelope()
    delivery_status: DeliveryStatus = DeliveryStatus()


class MailgunBody(Struct, frozen=True):
    """The JSON of a webhook."""

    signature: MailgunSignature
    event: MailgunEvent = field(name="event-data")


def parse_mailgun(request: WebhookRequest, signing_key: str, senders: Senders) -> WebhookReport:
    """Return what a webhook reports. `signing_key` is the "HTTP webhook signing key" of the account.

    Raises WebhookRefusedError.
    """
    body = decode_body(request.body, MailgunBody)
    signed = body.signature
    digest = hmac.new(signing_key.encode(), f"{signed.timestamp}{signed.token}".encode(), hashlib.sha256)
    require_secret(signed.signature, digest.hexdigest() if signing_key else "")
    require_recent(parse_timestamp(signed.timestamp), request.at, _MAX_AGE)
    feedback = _read_mailgun_event(body.event, senders) if senders.include(body.event.envelope.sender) else None
    return WebhookReport((feedback,) if feedback else (), id=f"mailgun:{signed.token}")


def _read_mailgun_event(event: MailgunEvent, senders: Senders) -> Feedback | None:
    if event.event == "complained":
        kind, is_final, text = FeedbackKind.COMPLAINT, True, "complained"
    elif event.event == "failed" and event.severity == "permanent":
        status = event.delivery_status
        text = " ".join(str(word) for word in (status.code, status.message or status.description) if word)
        kind, is_final = classify_diagnosis(text)
        if event.reason == _GAVE_UP:
            is_final = False
        elif event.reason.startswith(_SUPPRESSED):
            kind, is_final = FeedbackKind.UNKNOWN, False
    else:
        return None
    return Feedback(
        kind,
        FeedbackSource.WEBHOOK,
        is_final,
        build_evidence(text, event.reason),
        token=senders.find_token(event.envelope.sender),
        address=event.recipient,
        at=parse_timestamp(event.timestamp) if event.timestamp else None,
    )
