"""One visit to one link: every redirect is looked at again, nothing takes for ever, nothing fills memory."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from publisher import __version__
from publisher.linkcheck.guard import Place, Refused, resolve
from publisher.linkcheck.verdict import State, Verdict, judge, needs_body
from publisher.links import extract_host, to_ascii_url

if TYPE_CHECKING:
    import httpx

_REDIRECTS = 5
_LARGEST = 512 << 10
_HEADERS = {
    "User-Agent": f"newsletter-publisher/{__version__} (checks the links of a newsletter)",
    "Accept": "text/html,*/*;q=0.8",
    "Accept-Encoding": "identity",  # what is small on the wire stays small
}


def client() -> httpx.AsyncClient:
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


async def visit(
    session: httpx.AsyncClient, url: str, seconds: float, allowed: Collection[tuple[str, int]] = ()
) -> Verdict:
    """What is to be said of a link. Never raises, and takes at most so many seconds."""
    import asyncio

    import httpx

    try:
        async with asyncio.timeout(seconds):
            return await _follow(session, to_ascii_url(url.partition("#")[0]), allowed)
    except Refused as refusal:
        return Verdict(State.UNKNOWN, str(refusal))
    except TimeoutError:
        return Verdict(State.UNKNOWN, f"{extract_host(url)} did not answer within {seconds:g} s")
    except (httpx.TimeoutException, httpx.NetworkError) as error:
        return Verdict(State.UNKNOWN, f"{extract_host(url)} cannot be reached: {_reason(error)}")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return Verdict(State.UNKNOWN, f"{extract_host(url)}: {_reason(error)}")


def _reason(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error)
    return " ".join(said.split()) or type(error).__name__


async def _follow(session: httpx.AsyncClient, url: str, allowed: Collection[tuple[str, int]]) -> Verdict:
    for _ in range(_REDIRECTS + 1):
        place = await resolve(url, allowed)
        headers, extensions = {"Host": _named(url)}, {"sni_hostname": place.host}
        async with session.stream("GET", _at(url, place), headers=headers, extensions=extensions) as answer:
            target = answer.headers.get("location")
            if answer.status_code in (301, 302, 303, 307, 308) and target:
                url = to_ascii_url(urljoin(url, target).partition("#")[0])
                continue
            body = await _text(answer) if needs_body(url) else ""
            return judge(url, answer.status_code, body)
    return Verdict(State.UNKNOWN, f"{extract_host(url)} redirects more than {_REDIRECTS} times")


def _at(url: str, place: Place) -> str:
    """The link with the address that was looked at in the place of its host."""
    parts = urlsplit(url)
    host = f"[{place.address}]" if place.address.version == 6 else str(place.address)
    return urlunsplit((parts.scheme, f"{host}:{place.port}", parts.path or "/", parts.query, ""))


def _named(url: str) -> str:
    """The host as the server knows itself; its certificate is checked against the same name."""
    return urlsplit(url).netloc


async def _text(answer: httpx.Response) -> str:
    """The first part of a page, no more than is needed to know it."""
    body = b""
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) >= _LARGEST:
            break
    return body[:_LARGEST].decode("utf-8", "replace")
