"""The webhooks of providers: what a request has, what is read from it, and why one is refused."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Mapping
from typing import TypeVar

from publisher.bounces.models import Feedback
from publisher.errors import PublisherError
from publisher.named_tuple import NamedTuple
from publisher.verp import find_verp_token

MAX_BODY_BYTES = 1_000_000
"""Providers send up to some hundred events in one request, each of a few hundred bytes."""

MAX_CLOCK_DIFFERENCE = dt.timedelta(minutes=5)
"""How far ahead the clock of a provider may be."""

_Value = TypeVar("_Value")


class WebhookRefusedError(PublisherError):
    """A request that is not from the provider, or not for this newsletter. It has no effect."""


class WebhookRequest(NamedTuple):
    """A POST of a provider: its body, its headers by name in lower case, and when it arrived (aware)."""

    body: bytes
    headers: Mapping[str, str]
    at: dt.datetime


class Senders(NamedTuple):
    """Who sends this newsletter: the domain of `from`, and the address for bounces, "" if there is none.

    An account of a provider may send other newsletters as well, and their complaints are none about this one.
    """

    domain: str
    bounces: str = ""

    def include(self, sender: str) -> bool:
        """Return whether an email with this sender, as in SMTP or in From, can be one of this newsletter."""
        domain = sender.strip().removesuffix(">").rpartition("@")[2].lower()
        return domain in (self.domain.lower(), self.bounces.rpartition("@")[2].lower() or self.domain.lower())

    def find_token(self, sender: str) -> str:
        """Return the token of an envelope sender, "" if it has none."""
        return find_verp_token(sender, self.bounces) if self.bounces else ""


class WebhookReport(NamedTuple):
    """What a request reports.

    `id` is that of the request: another one with the same id has no effect. It is "" if there is nothing to repeat.
    `subscribe_url` is the URL with which a topic of SNS is subscribed to.
    """

    feedback: tuple[Feedback, ...] = ()
    id: str = ""
    subscribe_url: str = ""


def decode_body(body: bytes, form: type[_Value]) -> _Value:
    """Return the JSON of a request. Raises WebhookRefusedError, also for JSON of another form."""
    import msgspec

    if len(body) > MAX_BODY_BYTES:
        raise WebhookRefusedError(f"the request has more than {MAX_BODY_BYTES:,} bytes")
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, RecursionError) as error:
        raise WebhookRefusedError(f"the request is not what the provider sends: {error}") from None


def require_secret(given: str, expected: str) -> None:
    """Compare a secret or a signature in constant time. Raises WebhookRefusedError if it differs or is empty."""
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise WebhookRefusedError("the signature or the password is not right")


def require_recent(sent_at: dt.datetime, now: dt.datetime, max_age: dt.timedelta) -> None:
    """Refuse a request that is too old, such as one that somebody else sends again.

    `max_age` must be longer than the provider tries again. Raises WebhookRefusedError.
    """
    if not -MAX_CLOCK_DIFFERENCE <= now - sent_at <= max_age:
        raise WebhookRefusedError(
            f"the request is of {sent_at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC: too long ago, or not yet"
        )


def parse_timestamp(seconds: float | str) -> dt.datetime:
    """Return a time given in seconds since 1970. Raises WebhookRefusedError."""
    try:
        return dt.datetime.fromtimestamp(float(seconds), dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise WebhookRefusedError("the request has no valid time") from None


def parse_iso_time(text: str) -> dt.datetime:
    """Return a time in the format of ISO 8601 with its offset, in UTC. Raises WebhookRefusedError."""
    try:
        time = dt.datetime.fromisoformat(text)
        if time.tzinfo is not None:
            return time.astimezone(dt.UTC)
    except (ValueError, OverflowError):  # the latter before the year 1 in UTC
        pass
    raise WebhookRefusedError("the request has no valid time")
