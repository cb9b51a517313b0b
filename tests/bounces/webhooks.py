"""Webhooks as providers send them, signed with keys of our own."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from base64 import b64encode
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from publisher.bounces.webhook import Senders, WebhookRequest
from tests.bounces.mails import BOUNCES, sender

NOW = dt.datetime(2026, 11, 30, 8, 0, tzinfo=dt.UTC)
SENDERS = Senders("news.example", BOUNCES)
SECRET = "7hE-s3cret"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE_URL = f"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{'0a' * 16}.pem"


def request(content: Any, at: dt.datetime = NOW, **headers: str) -> WebhookRequest:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return WebhookRequest(body, {name.replace("_", "-"): value for name, value in headers.items()}, at)


# ------------------------------------------------------------------- Postmark


def postmark(password: str = SECRET, scheme: str = "Basic", **fields: Any) -> WebhookRequest:
    event = {
        "RecordType": "Bounce",
        "ID": 901542550,
        "Type": "HardBounce",
        "TypeCode": 1,
        "ServerID": 23,
        "Name": "Hard bounce",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "Email": "lin@example.net",
        "From": "captain@news.example",
        "BouncedAt": "2026-11-30T03:28:50.3963933-04:00",
    }
    credentials = b64encode(f"publisher:{password}".encode()).decode()
    return request(event | fields, authorization=f"{scheme} {credentials}")


# -------------------------------------------------------------------- Mailgun


def mailgun(
    key: str = SECRET, at: dt.datetime = NOW, token: str = "5d0c", signature: str = "", **fields: Any
) -> WebhookRequest:
    timestamp = str(int(at.timestamp()))
    event: dict[str, Any] = {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "recipient": "lin@example.net",
        "timestamp": NOW.timestamp(),
        "envelope": {"sender": sender(), "transport": "smtp", "targets": "lin@example.net"},
        "delivery-status": {"code": 550, "message": "5.1.1 The email account does not exist", "description": ""},
    }
    signed = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    content = {"signature": {"timestamp": timestamp, "token": token, "signature": signature or signed}}
    return request(content | {"event-data": event | {name.replace("_", "-"): value for name, value in fields.items()}})


# ------------------------------------------------------------------- SendGrid

SENDGRID_KEY, OTHER_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def sendgrid_public_key() -> str:
    return b64encode(SENDGRID_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def sendgrid(
    *events: dict[str, Any], at: dt.datetime = NOW, key: ec.EllipticCurvePrivateKey = SENDGRID_KEY, change: bytes = b""
) -> WebhookRequest:
    body = json.dumps(events).encode()
    timestamp = str(int(at.timestamp()))
    signature = b64encode(key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    return request(
        body + change,
        x_twilio_email_event_webhook_signature=signature,
        x_twilio_email_event_webhook_timestamp=timestamp,
    )


def sendgrid_event(**fields: Any) -> dict[str, Any]:
    event = {
        "event": "bounce",
        "type": "bounce",
        "email": "lin@example.net",
        "timestamp": int(NOW.timestamp()),
        "status": "5.1.1",
        "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
        "sg_event_id": "lC0Rc-FuQmKbnxCWxX1jRQ",
    }
    return event | fields


# ------------------------------------------------------------- Amazon SES, SNS


class Amazon:
    """Signs messages of SNS, and has the certificate for it; counts how often it was asked for."""

    def __init__(self, valid: tuple[int, int] = (-1, 1)) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        begin, end = (NOW + dt.timedelta(days=days) for days in valid)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        builder = builder.serial_number(1).not_valid_before(begin).not_valid_after(end)
        self.certificate = builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM)
        self.connections: list[str] = []

    def load(self, url: str) -> bytes:
        self.connections.append(url)
        return self.certificate

    def message(self, content: Any, version: str = "2", **fields: str) -> dict[str, str]:
        """A message, signed as docs.aws.amazon.com/sns says: names and values of its fields in order, a line each."""
        message = {
            "Type": "Notification",
            "MessageId": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc",
            "TopicArn": TOPIC,
            "Message": content if isinstance(content, str) else json.dumps(content),
            "Timestamp": "2026-11-30T07:58:59.675Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
        } | fields
        extra = ["Subject"] if message["Type"] == "Notification" else ["SubscribeURL", "Token"]
        names = sorted(name for name in ["Message", "MessageId", "Timestamp", "TopicArn", "Type", *extra])
        signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()
        algorithm = SHA1() if version == "1" else SHA256()
        return message | {"Signature": b64encode(self._key.sign(signed, PKCS1v15(), algorithm)).decode()}


def ses_event(source: str = "", **objects: Any) -> dict[str, Any]:
    return {"notificationType": "…", "mail": {"source": source or sender(), "messageId": "0"}} | objects


def ses_bounce(type_: str = "Permanent", sub_type: str = "General", **recipient: str) -> dict[str, Any]:
    return {
        "bounceType": type_,
        "bounceSubType": sub_type,
        "bouncedRecipients": [{"emailAddress": "lin@example.net"} | recipient],
        "timestamp": "2026-11-30T07:58:58.101Z",
        "feedbackId": "0",
    }


def ses_complaint(**fields: str | None) -> dict[str, Any]:
    return {
        "complainedRecipients": [{"emailAddress": "lin@example.net"}],
        "timestamp": "2026-11-30T07:58:58.101Z",
        "feedbackId": "0",
    } | fields
