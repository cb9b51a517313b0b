"""Requests what a text of others leads to: each address is guarded; time and body size are limited.

A link is checked with its redirects, each guarded like the link itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from publisher import __version__
from publisher.errors import DeliveryError
from publisher.linkcheck.guard import LinkBlocked, LinkTarget, resolve_target
from publisher.linkcheck.verdict import LinkResult, LinkState, classify_response, needs_body
from publisher.links import extract_host, to_ascii_url

if TYPE_CHECKING:
    import httpx

_MAX_REDIRECTS = 5
_MAX_BODY_BYTES = 512 << 10
_HEADERS = {
    "User-Agent": f"newsletter-publisher/{__version__} (checks the links of a newsletter)",
    "Accept": "text/html,*/*;q=0.8",
    "Accept-Encoding": "identity",  # so that a small response stays small
}


def create_client() -> httpx.AsyncClient:
    """Create an HTTP client without proxies, which would resolve names themselves, and without cookies: URLs
    contain the IP address, so cookies would be shared by all hosts at that address."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

    return httpx.AsyncClient(
        headers=_HEADERS,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=httpx.Timeout(10.0, connect=5.0),
        limits=httpx.Limits(max_keepalive_connections=0),
        follow_redirects=False,
        trust_env=False,
    )


async def check_link(
    session: httpx.AsyncClient, url: str, timeout: float, allowed: Collection[tuple[str, int]]
) -> LinkResult:
    """Check a link. Never raises, and takes at most `timeout` seconds."""
    import asyncio

    import httpx

    try:
        async with asyncio.timeout(timeout):
            return await _fetch_link(session, to_ascii_url(url.partition("#")[0]), allowed)
    except LinkBlocked as error:
        return LinkResult(LinkState.UNKNOWN, str(error))
    except TimeoutError:
        return LinkResult(LinkState.UNKNOWN, f"{extract_host(url)} did not answer within {timeout:g} s")
    except (httpx.TimeoutException, httpx.NetworkError) as error:
        reason = f"{extract_host(url)} cannot be reached: {_describe_network_error(error)}"
        return LinkResult(LinkState.UNKNOWN, reason)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return LinkResult(LinkState.UNKNOWN, f"{extract_host(url)}: {_describe_network_error(error)}")


def _describe_network_error(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return " ".join(reason.split()) or type(error).__name__


def fetch_public(url: str, timeout: float, max_bytes: int, allowed: Collection[tuple[str, int]] = ()) -> bytes:
    """Return the body at a URL, without following a redirect, in at most `timeout` seconds.

    `allowed` is as for `resolve_target`. Raises LinkBlocked, DeliveryError when there is no such response.
    """
    import asyncio

    import httpx

    async def fetch() -> bytes:
        async with asyncio.timeout(timeout), create_client() as session:
            target = await resolve_target(url, allowed)
            headers, extensions = {"Host": urlsplit(url).netloc}, {"sni_hostname": target.host}
            request = session.stream("GET", _pin_address(url, target), headers=headers, extensions=extensions)
            async with request as response:
                if response.status_code != 200:
                    raise DeliveryError(f"{target.host} answered {response.status_code}")
                body = bytearray()
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > max_bytes:
                        raise DeliveryError(f"{target.host} sent more than {max_bytes:,} bytes")
                return bytes(body)

    try:
        return asyncio.run(fetch())
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise DeliveryError(f"{extract_host(url)} cannot be reached: {_describe_network_error(error)}") from None


async def _fetch_link(session: httpx.AsyncClient, url: str, allowed: Collection[tuple[str, int]]) -> LinkResult:
    for _ in range(_MAX_REDIRECTS + 1):
        target = await resolve_target(url, allowed)
        # as in the URL: the certificate is checked against the same host
        headers, extensions = {"Host": urlsplit(url).netloc}, {"sni_hostname": target.host}
        async with session.stream("GET", _pin_address(url, target), headers=headers, extensions=extensions) as response:
            location = response.headers.get("location")
            if response.status_code in (301, 302, 303, 307, 308) and location:
                url = to_ascii_url(urljoin(url, location).partition("#")[0])
                continue
            body = await _read_body(response) if needs_body(url) else ""
            return classify_response(url, response.status_code, body)
    return LinkResult(LinkState.UNKNOWN, f"{extract_host(url)} redirects more than {_MAX_REDIRECTS} times")


def _pin_address(url: str, target: LinkTarget) -> str:
    """Return the URL with the IP address that was checked instead of its host."""
    parts = urlsplit(url)
    host = f"[{target.address}]" if target.address.version == 6 else str(target.address)
    return urlunsplit((parts.scheme, f"{host}:{target.port}", parts.path or "/", parts.query, ""))


async def _read_body(response: httpx.Response) -> str:
    """Return the first part of a page, enough to recognize it."""
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= _MAX_BODY_BYTES:
            break
    return body[:_MAX_BODY_BYTES].decode("utf-8", "replace")
