"""The hub is told which feeds changed, and tells their subscribers.

W3C WebSub leaves open how a publisher tells its hub; hubs take the form of PubSubHubbub 0.3, section 7.1:
https://pubsubhubbub.github.io/PubSubHubbub/pubsubhubbub-core-0.3.html#publishing
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from publisher import __version__
from publisher.channel import Context, EditableSession, Finding, FindingLevel, Part, Receipt, Rendering
from publisher.dataclass import dataclass
from publisher.errors import ConfigError, DeliveryError
from publisher.model import Issue

if TYPE_CHECKING:
    import httpx

_TIMEOUT = 10.0
"""How long to wait for the connection, and then for each sign of life."""

_HUB_HINT = "look at hub in [channels.rss]"


@dataclass(frozen=True, slots=True)
class WebSub:
    """`hub` is the absolute address of the hub, which is the destination. To tell it twice does no harm."""

    name: ClassVar[str] = "websub"
    can_edit: ClassVar[bool] = True
    ordered: ClassVar[bool] = False
    idempotent: ClassVar[bool] = True
    concurrency: ClassVar[int] = 1
    timeout: ClassVar[float] = 60.0

    hub: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.hub)
            host = parts.hostname if parts.scheme in ("http", "https") else None
            parts.port  # noqa: B018 - reading it checks it
        except ValueError:
            host = None
        if not host or re.search(r"\s", self.hub):
            raise ConfigError(
                f"hub must be an absolute http or https address, not {self.hub}",
                'like hub = "https://pubsubhubbub.appspot.com/"',
            )

    @property
    def destination(self) -> str:
        """The hub."""
        return self.hub

    @property
    def test_recipient(self) -> str:
        """Nothing: a hub has no place for proofs."""
        return ""

    def recipients(self) -> tuple[str, ...]:
        """The hub alone."""
        return (self.hub,)

    def render(self, issue: Issue, context: Context) -> Rendering:  # noqa: ARG002 - the protocol's
        """Nothing: a hub is not told of issues but of feeds; see `announcement`."""
        return Rendering(())

    def build_ping(self, topics: Mapping[str, str]) -> Rendering:
        """One part for each feed, whose digest changes when the feed does. `topics` maps the absolute address
        of a feed, as it stands in it, to the SHA-256 (hex) of its file."""
        return Rendering(tuple(_build_ping_part(topic, digest) for topic, digest in topics.items()))

    @contextmanager
    def session(self) -> Iterator[EditableSession]:
        """A connection to the hub, made for the first part."""
        with _open_hub_client() as client:
            yield _HubSession(client)

    def diagnose(self) -> Iterator[Finding]:
        """Whether the hub answers."""
        import httpx

        try:
            with _open_hub_client() as client, client.stream("GET", self.hub) as response:
                status = f"{response.status_code} {response.reason_phrase}"
                doubtful = response.status_code == 404 or response.is_server_error
        except httpx.HTTPError as error:
            yield Finding(
                FindingLevel.ERROR,
                f"the hub {self.hub} does not answer: {_describe_http_error(error)}",
                _HUB_HINT,
            )
        else:
            level, hint = (FindingLevel.WARNING, _HUB_HINT) if doubtful else (FindingLevel.OK, "")
            yield Finding(level, f"the hub {self.hub} answers {status}", hint)


class _HubSession:
    """Tells the hub, one request for each part."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def deliver(self, part: Part, destination: str) -> Receipt:
        import httpx

        topic = json.loads(part.body)["topic"]
        try:
            answer = self._client.post(destination, data={"hub.mode": "publish", "hub.url": topic})
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise DeliveryError(
                f"the hub {destination} cannot be reached: {_describe_http_error(error)}", _HUB_HINT
            ) from error
        _check_hub_response(answer)
        return Receipt(remote_id=topic)

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - the protocol's
        return self.deliver(part, destination)

    def delete(self, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - the protocol's
        return Receipt(changed=False)  # the hub keeps nothing


def _build_ping_part(topic: str, digest: str) -> Part:
    body = json.dumps({"topic": topic, "sha256": digest}).encode()
    return Part(f"websub/{topic.rpartition('/')[2]}", "application/json", body)


def _open_hub_client() -> httpx.Client:
    import httpx

    return httpx.Client(timeout=_TIMEOUT, headers={"User-Agent": f"publisher/{__version__}"})


def _check_hub_response(response: httpx.Response) -> None:
    """Raise DeliveryError when the hub refuses, and httpx.HTTPStatusError when nobody knows what it did."""
    what = f"the hub {response.url} answered {response.status_code} {response.reason_phrase}"
    match response.status_code:
        case 429 | 503:
            raise DeliveryError(
                what, "it is busy, try again later", retry_after=_parse_retry_after(response.headers)
            )
        case code if 300 <= code < 400 and "Location" in response.headers:
            raise DeliveryError(what, f"it may have moved to {response.headers['Location']}", permanent=True)
        case code if 300 <= code < 500:
            plain = response.headers.get("Content-Type", "").startswith("text/plain")
            told = " ".join(response.text.split())[:200] if plain else ""
            raise DeliveryError(what, told or _HUB_HINT, permanent=True)
        case _:
            response.raise_for_status()


def _parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of Retry-After. A date counts from that of the answer: RFC 9110, section 10.2.3."""
    from email.utils import parsedate_to_datetime

    value = headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, wait.total_seconds())


def _describe_http_error(error: Exception) -> str:
    return str(error) or type(error).__name__
