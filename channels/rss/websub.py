"""Notifies a WebSub hub of changed feeds; the hub notifies their subscribers.

W3C WebSub does not define how a publisher notifies its hub; hubs accept the request of PubSubHubbub 0.3,
section 7.1: https://pubsubhubbub.github.io/PubSubHubbub/pubsubhubbub-core-0.3.html#publishing
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import urlsplit

from msgspec import Struct

from publisher import __version__
from publisher.channel import (
    Capabilities,
    Context,
    Finding,
    FindingLevel,
    MessageChannel,
    Part,
    Receipt,
    Rendering,
    Session,
)
from publisher.errors import ConfigError, DeliveryError, RefusalKind
from publisher.http_client import HttpClient, ResponseTooLargeError
from publisher.links import is_loopback_url
from publisher.model import Issue
from publisher.named_tuple import NamedTuple

if TYPE_CHECKING:
    import httpx

REQUEST_TIMEOUT, READ_TIMEOUT = 30.0, 10.0
"""Seconds for a request with its response in all, and for each read or write."""

_MAX_RESPONSE_BYTES = 1_000_000

_MAX_RETRY_AFTER_DIGITS = 9
"""Of Retry-After in seconds: thirty years."""

_HUB_HINT = "check `hub` in [channels.rss]"


class Topic(NamedTuple):
    """A feed: its name, unique among the feeds, its absolute URL as in its self link, and the SHA-256 (hex) of its
    file."""

    name: str
    url: str
    sha256: str


class WebSub(MessageChannel, Struct, frozen=True):
    """A channel that sends to the hub at an absolute URL. Repeated pings do no harm."""

    name: ClassVar[str] = "websub"
    capabilities: ClassVar[Capabilities] = Capabilities(can_edit=True, idempotent=True)

    hub: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.hub)
            host = parts.hostname if parts.scheme in ("http", "https") else None
            parts.port  # noqa: B018 - raises ValueError if it is invalid
        except ValueError:
            host = None
        if not host or re.search(r"\s", self.hub):
            raise ConfigError(
                f"hub must be an absolute http or https URL, not {self.hub}",
                'for example hub = "https://pubsubhubbub.appspot.com/"',
            )

    @property
    def destination(self) -> str:
        """The URL of the hub."""
        return self.hub

    @property
    def is_local(self) -> bool:
        """Whether the hub is on this machine."""
        return is_loopback_url(self.hub)

    def render(self, issue: Issue, context: Context) -> Rendering:  # noqa: ARG002 - part of the interface
        """Return an empty rendering: the hub is notified of feeds, not of issues; see `render_pings`."""
        return Rendering(())

    def render_pings(self, topics: Iterable[Topic]) -> Rendering:
        """Return one part per feed, which changes when the feed does."""
        return Rendering(tuple(map(_build_ping_part, topics)))

    def session(self) -> Session:
        """Return a session that connects to the hub when it delivers the first part."""
        return _HubSession(_build_hub_client())

    def diagnose(self) -> Iterator[Finding]:
        """Check whether the hub answers."""
        import httpx

        try:
            with _build_hub_client() as client:
                response = client.request("GET", self.hub)
                status = f"{response.status_code} {response.reason_phrase}"
                is_suspect = response.status_code == 404 or response.is_server_error
        except (httpx.HTTPError, ResponseTooLargeError) as error:
            yield Finding(
                FindingLevel.ERROR, f"the hub {self.hub} does not answer: {_describe_http_error(error)}", _HUB_HINT
            )
        else:
            level, hint = (FindingLevel.WARNING, _HUB_HINT) if is_suspect else (FindingLevel.OK, "")
            yield Finding(level, f"the hub {self.hub} answers {status}", hint)


class _HubSession(Session):
    """Sends one request per part to the hub."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def __enter__(self) -> Self:
        self._client.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._client.__exit__(*error)

    def deliver(self, part: Part, destination: str, *_: object) -> Receipt:
        import httpx

        topic = json.loads(part.body)["topic"]
        try:
            response = self._client.request("POST", destination, data={"hub.mode": "publish", "hub.url": topic})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise DeliveryError(
                f"the hub {destination} cannot be reached: {_describe_http_error(error)}",
                _HUB_HINT,
                kind=RefusalKind.LATER,
            ) from error
        _check_hub_response(response)
        return Receipt(remote_id=topic)

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - part of the interface
        return self.deliver(part, destination)

    def delete(self, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - part of the interface
        return Receipt(changed=False)  # the hub stores nothing


def _build_ping_part(topic: Topic) -> Part:
    body = json.dumps({"topic": topic.url, "sha256": topic.sha256}).encode()
    return Part(f"websub/{topic.name}", "application/json", body)


def _build_hub_client() -> HttpClient:
    return HttpClient(
        REQUEST_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        max_bytes=_MAX_RESPONSE_BYTES,
        headers={"User-Agent": f"publisher/{__version__}"},
    )


def _check_hub_response(response: httpx.Response) -> None:
    """Raise DeliveryError when the hub refuses, and httpx.HTTPStatusError when the outcome is unknown."""
    message = f"the hub {response.url} answered {response.status_code} {response.reason_phrase}"
    match response.status_code:
        case 429 | 503:
            raise DeliveryError(
                message,
                "it is busy, try again later",
                retry_after=_parse_retry_after(response.headers),
                kind=RefusalKind.LATER,
            )
        case code if 300 <= code < 400 and "Location" in response.headers:
            raise DeliveryError(message, f"it may have moved to {response.headers['Location']}", permanent=True)
        case code if 300 <= code < 500:
            is_plain_text = response.headers.get("Content-Type", "").startswith("text/plain")
            explanation = " ".join(response.text.split())[:200] if is_plain_text else ""
            raise DeliveryError(message, explanation or _HUB_HINT, permanent=True)
        case _:
            response.raise_for_status()


def _parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return Retry-After in seconds; a date is relative to that of the response (RFC 9110, 10.2.3)."""
    from email.utils import parsedate_to_datetime

    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdecimal():
        return float(value[:_MAX_RETRY_AFTER_DIGITS])
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return wait.total_seconds()


def _describe_http_error(error: Exception) -> str:
    return str(error) or type(error).__name__
