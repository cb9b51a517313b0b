"""What is requested from Amazon SNS: the certificates that messages are signed with, and confirmations.

Anyone can send the URLs to the webhook. They are requested after `sns` has refused what does not lead to Amazon, and
through the guard of link checks, which refuses a name that leads to another network.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from threading import Lock

from publisher.bounces.webhook import WebhookRefusedError
from publisher.errors import DeliveryError
from publisher.linkcheck.guard import LinkBlocked
from publisher.linkcheck.request import fetch_public

_TIMEOUT = 10.0
_MAX_BYTES = 100_000
_MAX_CERTIFICATES = 20

_PAUSE = dt.timedelta(minutes=1)
"""After a request that found no certificate, no other is made for so long: made-up names cannot cause many requests."""


def request_amazon(url: str) -> bytes:
    """Return the body at a URL of Amazon SNS. Raises DeliveryError."""
    try:
        return fetch_public(url, _TIMEOUT, _MAX_BYTES)
    except LinkBlocked as error:
        raise DeliveryError(f"the URL of Amazon SNS is blocked: {error}") from None


class AmazonCertificates:
    """The certificates by URL, which never change: each is requested once."""

    def __init__(self, now: Callable[[], dt.datetime], request: Callable[[str], bytes] = request_amazon) -> None:
        self._now = now
        self._request = request
        self._known: dict[str, bytes] = {}
        self._failed_at: dt.datetime | None = None
        self._lock = Lock()

    def load(self, url: str) -> bytes:
        """Return a certificate (PEM). Raises DeliveryError when it cannot be had now, WebhookRefusedError if it is
        none."""
        with self._lock:
            if known := self._known.get(url):
                return known
            now = self._now()
            if self._failed_at and now - self._failed_at < _PAUSE:
                raise DeliveryError("a certificate of Amazon SNS could not be had less than a minute ago")
            self._failed_at = now
            body = self._request(url)
            if not body.startswith(b"-----BEGIN CERTIFICATE-----"):
                raise WebhookRefusedError("there is no certificate at the URL of Amazon SNS")
            self._failed_at = None
            while len(self._known) >= _MAX_CERTIFICATES:
                del self._known[next(iter(self._known))]
            self._known[url] = body
            return body
