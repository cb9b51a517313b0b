"""One visit to one link: every redirect is looked at again, nothing takes for ever, nothing fills memory."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from publisher import __version__
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
    "Accept-Encoding": "identity",  # what is small on the wire stays small
}


def create_client() -> httpx.AsyncClient:
    """A client for visits. Proxies are not used: they would resolve names by themselves. Nor are cookies: one
    address has many hosts, and none is to know what another said."""
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
    session: httpx.AsyncClient, url: str, timeout: float, allowed: Collection[tuple[str, int]] = ()
) -> LinkResult:
    """What is to be said of a link. Never raises, and takes at most so many seconds."""
    import asyncio

    import httpx

    try:
        async with asyncio.timeout(timeout):
            return await _fetch_link(session, to_ascii_url(url.partition("#")[0]), allowed)
    except LinkBlocked as refusal:
        return LinkResult(LinkState.UNKNOWN, str(refusal))
    except TimeoutError:
        return LinkResult(LinkState.UNKNOWN, f"{extract_host(url)} did not answer within {timeout:g} s")
    except (httpx.TimeoutException, httpx.NetworkError) as error:
        return LinkResult(
            LinkState.UNKNOWN, f"{extract_host(url)} cannot be reached: {_describe_network_error(error)}"
        )
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return LinkResult(LinkState.UNKNOWN, f"{extract_host(url)}: {_describe_network_error(error)}")


def _describe_network_error(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error)
    return " ".join(said.split()) or type(error).__name__


async def _fetch_link(
    session: httpx.AsyncClient, url: str, allowed: Collection[tuple[str, int]]
) -> LinkResult:
    for _ in range(_MAX_REDIRECTS + 1):
        place = await resolve_target(url, allowed)
        headers, extensions = {"Host": _get_host_header(url)}, {"sni_hostname": place.host}
        async with session.stream(
            "GET", _pin_address(url, place), headers=headers, extensions=extensions
        ) as answer:
            target = answer.headers.get("location")
            if answer.status_code in (301, 302, 303, 307, 308) and target:
                url = to_ascii_url(urljoin(url, target).partition("#")[0])
                continue
            body = await _read_body(answer) if needs_body(url) else ""
            return classify_response(url, answer.status_code, body)
    return LinkResult(LinkState.UNKNOWN, f"{extract_host(url)} redirects more than {_MAX_REDIRECTS} times")


def _pin_address(url: str, place: LinkTarget) -> str:
    """The link with the address that was looked at in the place of its host."""
    parts = urlsplit(url)
    host = f"[{place.address}]" if place.address.version == 6 else str(place.address)
    return urlunsplit((parts.scheme, f"{host}:{place.port}", parts.path or "/", parts.query, ""))


def _get_host_header(url: str) -> str:
    """The host as the server knows itself; its certificate is checked against the same name."""
    return urlsplit(url).netloc


async def _read_body(answer: httpx.Response) -> str:
    """The first part of a page, no more than is needed to know it."""
    body = b""
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) >= _MAX_BODY_BYTES:
            break
    return body[:_MAX_BODY_BYTES].decode("utf-8", "replace")
