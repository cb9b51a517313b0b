"""The Event Webhook of SendGrid: bounces, blocks and spam reports, many in one request, signed with ECDSA.

Source: twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features,
…/tracking-events/event and …/sending-email/bounce-classifications
"""

import binascii
import datetime as dt
import hashlib
from base64 import b64decode

from msgspec import Struct

from publisher.bounces.models import Feedback, FeedbackKind, FeedbackSource, build_evidence, classify_diagnosis
from publisher.bounces.webhook import (
    WebhookRefusedError,
    WebhookReport,
    WebhookRequest,
    decode_body,
    parse_timestamp,
    require_recent,
)
from publisher.errors import ConfigError
from publisher.installation import install_command

_MAX_AGE = dt.timedelta(hours=25)
"""SendGrid tries for 24 hours to deliver a webhook."""

_KINDS = {
    "Invalid Address": FeedbackKind.NO_RECIPIENT,
    "Mailbox Unavailable": FeedbackKind.MAILBOX_FULL,
    "Technical": FeedbackKind.LATER,
    "Content": FeedbackKind.CONTENT,
    "Reputation": FeedbackKind.SENDER,
    "Frequency or Volume Too High": FeedbackKind.SENDER,
}
"""The kind of each class of bounces, for reasons that do not say it."""


class SendGridEvent(Struct, frozen=True):
    """The fields that are used of any event."""

    event: str
    email: str = ""
    timestamp: float = 0.0
    type: str = ""
    reason: str = ""
    status: str = ""
    bounce_classification: str = ""


def parse_sendgrid(request: WebhookRequest, public_key: str) -> WebhookReport:
    """Return what a webhook reports. `public_key` is the "verification key" of the account: base64 of DER.

    Raises WebhookRefusedError, and ConfigError for a key that is not valid.
    """
    timestamp = request.headers.get("x-twilio-email-event-webhook-timestamp", "")
    signature = request.headers.get("x-twilio-email-event-webhook-signature", "")
    _verify_request(timestamp.encode() + request.body, signature, public_key)
    require_recent(parse_timestamp(timestamp), request.at, _MAX_AGE)
    events = decode_body(request.body, list[SendGridEvent])
    digest = hashlib.sha256(timestamp.encode() + request.body).hexdigest()  # there are other signatures of the same
    return WebhookReport(
        tuple(one for event in events if (one := _read_sendgrid_event(event))), id=f"sendgrid:{digest}"
    )


def _verify_request(signed: bytes, signature: str, public_key: str) -> None:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_der_public_key
    except ImportError:
        raise ConfigError("webhooks of SendGrid need cryptography", install_command("webhooks")) from None
    try:
        key = load_der_public_key(b64decode(public_key, validate=True))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, EllipticCurvePublicKey):
        raise ConfigError("the key for webhooks of SendGrid is not valid", "copy the verification key from SendGrid")
    try:
        key.verify(b64decode(signature, validate=True), signed, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        raise WebhookRefusedError("the signature is not right") from None


def _read_sendgrid_event(event: SendGridEvent) -> Feedback | None:
    match event.event:
        case "spamreport":
            kind, is_final = FeedbackKind.COMPLAINT, True
        case "bounce":
            otherwise = FeedbackKind.SENDER if event.type == "blocked" else FeedbackKind.UNKNOWN
            otherwise = _KINDS.get(event.bounce_classification, otherwise)
            kind, is_permanent = classify_diagnosis(event.reason, event.status, otherwise)
            is_final = is_permanent and event.type != "blocked"
        case _:  # tried again, not tried at all because of an earlier event, or no failure
            return None
    return Feedback(
        kind,
        FeedbackSource.WEBHOOK,
        is_final,
        build_evidence(event.event, event.reason),
        address=event.email,
        at=parse_timestamp(event.timestamp) if event.timestamp else None,
    )
