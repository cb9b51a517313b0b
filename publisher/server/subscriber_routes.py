"""The routes of the pages for subscribers: from a request to a page, and its headers.

    /subscribe                          the form, and what it sends
    /confirm/TOKEN  /refuse/TOKEN       the links of the confirmation
    /leave/TOKEN  /preferences/TOKEN    the links of each issue
    /altcha/NAME                        the files of the captcha

GET and HEAD show a page, POST acts. No cookie is set or needed. A web server in front may keep the path of
`[subscribers] url` or take it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from publisher.errors import PublisherError
from publisher.media_types import detect_media_type, get_cache_control
from publisher.server.captcha import WIDGET_FOLDER
from publisher.server.client_address import find_client, is_private_path
from publisher.server.forms import MAX_BODY_BYTES, parse_form
from publisher.server.page_views import Page, build_headers
from publisher.server.request_body import BodyError, read_body
from publisher.server.site import find_file
from publisher.server.subscriber_pages import TOKEN_PAGES, SubscriberPages


def build_subscriber_routes(pages: SubscriberPages, proxies: Sequence[IPv4Network | IPv6Network]) -> list[Route]:
    """Return the routes. `proxies` are the web servers in front, which report the address of their client.

    A request that reaches the server over a network, and not through one of them, was not encrypted: it is refused.
    """

    async def subscribe(request: Request) -> Response:
        return await _respond(request, "", "")

    async def open_link(page: str, request: Request) -> Response:
        return await _respond(request, page, request.path_params["token"])

    async def _respond(request: Request, page: str, token: str) -> Response:
        peer = request.client.host if request.client else ""
        if not is_private_path(peer, proxies):
            return PlainTextResponse("open this page with https\n", 403)
        if not pages.url:
            return PlainTextResponse("not found\n", 404)
        try:
            return await _show_or_act(request, page, token, peer)
        except PublisherError as error:
            pages.report(error)
            return PlainTextResponse("this page cannot be shown now; please try again later\n", 503)

    async def _show_or_act(request: Request, page: str, token: str, peer: str) -> Response:
        if request.method != "POST":
            return _build_response(pages, await run_in_threadpool(pages.show, page, token))
        body = await read_body(request, MAX_BODY_BYTES)
        if isinstance(body, BodyError):
            return PlainTextResponse(f"{body.message}\n", body.status, {"connection": "close"})
        form = parse_form(request.headers.get("content-type", ""), body)
        client = find_client(peer, request.headers.getlist("x-forwarded-for"), proxies)
        return _build_response(pages, await run_in_threadpool(pages.act, page, token, form, client))

    def widget(request: Request) -> Response:
        if (file := find_file(WIDGET_FOLDER, f"/{request.path_params['name']}")) is None:
            return PlainTextResponse("not found\n", 404)
        media_type = detect_media_type(file.name, b"")
        headers = {"cache-control": get_cache_control(media_type), "x-content-type-options": "nosniff"}
        return Response(file.read_bytes(), 200, headers, media_type)

    methods = ["GET", "POST"]
    return [
        route
        for prefix in dict.fromkeys((urlsplit(pages.url).path.rstrip("/"), ""))
        for route in (
            Route(f"{prefix}/subscribe", subscribe, methods=methods),
            Route(f"{prefix}/altcha/{{name}}", widget),
            *(Route(f"{prefix}/{page}/{{token}}", partial(open_link, page), methods=methods) for page in TOKEN_PAGES),
        )
    ]


def _build_response(pages: SubscriberPages, page: Page) -> Response:
    return Response(page.body, page.status, build_headers(pages.newsletter, page), "text/html; charset=utf-8")
