"""Messages of Amazon SNS: which are accepted, and what they are signed with.

A message is checked in an order in which a forged one is refused before anything is connected to: the topic has to be
one of those in publisher.toml, for anyone can have a topic of their own sign messages; the certificate has to be at
Amazon; the message has to be new. Only then the certificate is fetched, and the signature verified.
Source: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import binascii
import datetime as dt
from base64 import b64decode
from collections.abc import Callable, Collection
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct, field

from publisher.bounces.webhook import (
    WebhookRefusedError,
    WebhookReport,
    WebhookRequest,
    decode_body,
    parse_iso_time,
    require_recent,
)
from publisher.errors import ConfigError
from publisher.installation import install_command
from publisher.patterns import lazy_pattern

_MAX_AGE = dt.timedelta(hours=1)
"""SNS tries at most so long by default: docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html"""

_HOST = lazy_pattern(r"sns\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?")
_CERTIFICATE_PATH = lazy_pattern(r"/SimpleNotificationService-[0-9a-f]{32}\.pem")
_TOPIC = lazy_pattern(r"arn:aws(?:-cn|-us-gov)?:sns:([a-z0-9-]+):\d{12}:[\w.-]{1,256}")

_NOTIFICATION, _CONFIRMATION = "Notification", "SubscriptionConfirmation"


class SnsMessage(Struct, frozen=True):
    """A message of SNS; the text in `message` is that of the service that published it."""

    type: str = field(name="Type")
    id: str = field(name="MessageId")
    topic: str = field(name="TopicArn")
    timestamp: str = field(name="Timestamp")
    message: str = field(name="Message")
    signature: str = field(name="Signature")
    signature_version: str = field(name="SignatureVersion")
    certificate_url: str = field(name="SigningCertURL")
    subject: str | None = field(name="Subject", default=None)
    token: str = field(name="Token", default="")
    subscribe_url: str = field(name="SubscribeURL", default="")


def parse_sns(
    request: WebhookRequest, topics: Collection[str], load_certificate: Callable[[str], bytes]
) -> tuple[SnsMessage | None, WebhookReport]:
    """Return the notification of a request, and what is to be done about the request itself.

    `topics` are the ARNs of the topics that may send. `load_certificate` returns the certificate (PEM) at a URL of
    Amazon. The confirmation of a subscription has a URL to be requested; that of its end is not answered, since its URL
    would subscribe again. Raises WebhookRefusedError.
    """
    message = decode_body(request.body, SnsMessage)
    if message.topic not in topics:
        raise WebhookRefusedError(f"the topic {message.topic[:300]!r} is not one of those in publisher.toml")
    region = _find_topic_region(message.topic)
    if not _is_at(message.certificate_url, region) or not _CERTIFICATE_PATH.fullmatch(
        urlsplit(message.certificate_url).path
    ):
        raise WebhookRefusedError("the certificate is not one of Amazon SNS in the region of the topic")
    if message.type == _CONFIRMATION and not _is_subscribe_url(message.subscribe_url, message.topic):
        raise WebhookRefusedError("the subscription would not be confirmed at Amazon SNS, or not for this topic")
    require_recent(parse_iso_time(message.timestamp), request.at, _MAX_AGE)
    _verify_message(message, load_certificate(message.certificate_url), request.at)
    id_ = f"sns:{message.id}"
    if message.type == _CONFIRMATION:
        return None, WebhookReport(id=id_, subscribe_url=message.subscribe_url)
    return message if message.type == _NOTIFICATION else None, WebhookReport(id=id_)


def _find_topic_region(topic: str) -> str:
    """Return the region of a topic's ARN, "" if it is none."""
    found = _TOPIC.fullmatch(topic)
    return found[1] if found else ""


def _is_subscribe_url(url: str, topic: str) -> bool:
    """Return whether a URL confirms a subscription to a topic, and does nothing else."""
    if not _is_at(url, _find_topic_region(topic)):
        return False
    query = parse_qs(urlsplit(url).query)
    return query.get("Action") == ["ConfirmSubscription"] and query.get("TopicArn") == [topic]


def _is_at(url: str, region: str) -> bool:
    """Return whether a URL leads to SNS in a region, by https and at the usual port."""
    try:
        parts = urlsplit(url)
        found = _HOST.fullmatch(parts.netloc)  # no user name, no port
    except ValueError:
        return False
    return parts.scheme == "https" and bool(found) and bool(found and found[1] == region)


def _build_signed_text(message: SnsMessage) -> bytes:
    fields = [("Message", message.message), ("MessageId", message.id)]
    if message.type == _NOTIFICATION:
        fields += [("Subject", message.subject)] if message.subject is not None else []
    else:
        fields += [("SubscribeURL", message.subscribe_url)]
    fields += [("Timestamp", message.timestamp)]
    fields += [("Token", message.token)] if message.type != _NOTIFICATION else []
    fields += [("TopicArn", message.topic), ("Type", message.type)]
    return "".join(f"{name}\n{value}\n" for name, value in fields).encode()


def _verify_message(message: SnsMessage, certificate: bytes, now: dt.datetime) -> None:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.hashes import SHA1, SHA256
        from cryptography.x509 import load_pem_x509_certificate
    except ImportError:
        raise ConfigError("webhooks of Amazon SES need cryptography", install_command("webhooks")) from None
    algorithm = {"1": SHA1, "2": SHA256}.get(message.signature_version)
    try:
        loaded = load_pem_x509_certificate(certificate)
        key = loaded.public_key()
        is_valid = loaded.not_valid_before_utc <= now <= loaded.not_valid_after_utc
        if algorithm is None or not is_valid or not isinstance(key, RSAPublicKey):
            raise WebhookRefusedError("the certificate or the version of the signature is not valid")
        key.verify(b64decode(message.signature, validate=True), _build_signed_text(message), PKCS1v15(), algorithm())
    except (InvalidSignature, ValueError, binascii.Error):
        raise WebhookRefusedError("the signature is not right") from None
