"""Lets in only the page itself, and programs of this user that know the token.

Any web page can send requests to 127.0.0.1, under any host name that leads there (DNS rebinding), and any program on
this machine can connect. So each request needs the address of the server as its host, no other origin, and the token:
in a cookie that other sites' requests do not carry, or in the URL.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PAGE_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """An application in front of another one. `port` is that of the server, `token` the secret of this run."""

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._token = token
        # cookies are shared by all ports of a host
        self._cookie = f"publish-preview-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if refusal := self._find_refusal(headers, query):
            await PlainTextResponse(f"{refusal}\n", 403, _HEADERS)(scope, receive, send)
        elif scope["path"] == "/" and "token" in query:
            await self._exchange_token(query)(scope, receive, send)
        else:
            await self._app(scope, receive, _add_headers(send))

    def _find_refusal(self, headers: Headers, query: Mapping[str, list[str]]) -> str:
        """Return why a request is refused; "" if it is not."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            return "this host is not the preview"
        if origin is not None and origin != f"http://{host}":
            return "another site must not use the preview"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "another site must not use the preview"
        given = query.get("token", [""])[0] or self._read_cookie(headers.get("cookie", ""))
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return "open the address that publish preview has printed"
        return ""

    def _read_cookie(self, header: str) -> str:
        try:
            cookie = SimpleCookie(header).get(self._cookie)
        except CookieError:
            return ""
        return cookie.value if cookie else ""

    def _exchange_token(self, query: Mapping[str, list[str]]) -> RedirectResponse:
        """Return the response that puts the token into the cookie, and removes it from the address bar."""
        others = urlencode([(name, value) for name, values in query.items() if name != "token" for value in values])
        response = RedirectResponse(f"/{others and f'?{others}'}", 303, _HEADERS)
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
        return response


def _add_headers(send: Send) -> Send:
    """Return a `send` that adds the headers that every response has; a policy of its own is kept."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name for name, _ in message["headers"]}
            added = {**_HEADERS, "content-security-policy": _PAGE_POLICY}
            extra = [(n.encode(), v.encode()) for n, v in added.items() if n.encode() not in present]
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return send_with_headers
