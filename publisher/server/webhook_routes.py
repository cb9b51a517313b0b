"""The routes of webhooks, by which providers report bounces and complaints: POST /webhooks/PROVIDER.

They are below `[subscribers] url`, whose path a web server in front may take away.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from publisher.bounces.receiver import WebhookReceiver
from publisher.bounces.webhook import MAX_BODY_BYTES
from publisher.server.client_address import is_private_path
from publisher.server.request_body import BodyError, read_body


def build_webhook_routes(receiver: WebhookReceiver, proxies: Sequence[IPv4Network | IPv6Network]) -> list[Route]:
    """Return the routes. `proxies` are the web servers in front.

    A request that came over a network, and not through one of them, was not encrypted: it is refused.
    """

    async def webhook(request: Request) -> Response:
        if not is_private_path(request.client.host if request.client else "", proxies):
            return PlainTextResponse("use https\n", 403)
        body = await read_body(request, MAX_BODY_BYTES)
        if isinstance(body, BodyError):
            return PlainTextResponse(f"{body.message}\n", body.status, {"connection": "close"})
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = await run_in_threadpool(receiver.receive, request.path_params["provider"], body, headers)
        return PlainTextResponse(f"{answer.text}\n", answer.status)

    prefixes = dict.fromkeys((urlsplit(receiver.url).path.rstrip("/"), ""))
    return [Route(f"{prefix}/webhooks/{{provider}}", webhook, methods=["POST"]) for prefix in prefixes]
