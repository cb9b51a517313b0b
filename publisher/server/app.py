"""The HTTP application: the site, /healthz and /metrics."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from email.utils import formatdate
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from publisher.media_types import SNIFF_BYTES, detect_media_type, get_cache_control, is_feed, to_browser_type
from publisher.server.site import CONTENT_CODINGS, choose_coding, find_file, is_not_modified
from publisher.server.state import METRICS_TYPE, DaemonState, build_health, render_metrics

STATE_PATHS = ("/healthz", "/metrics")
"""What monitoring requests."""

refuse = PlainTextResponse("too many requests at the same time\n", 503, {"connection": "close", "retry-after": "10"})
"""The application for requests that there is no room for."""

_CHUNK_SIZE = 65536
_NO_STORE = {"cache-control": "no-store"}


def build_app(folder: Path, state: Callable[[], DaemonState], routes: Sequence[Route]) -> Starlette:
    """Build the application for the site in `folder`, the state of the daemon, and further routes."""

    def healthz(_: Request) -> Response:
        try:
            current = state()
        except Exception:  # any error means that a person has to look
            return JSONResponse({"status": "unknown"}, 503, _NO_STORE)
        return JSONResponse(build_health(current), 200 if current.health == "ok" else 503, _NO_STORE)

    def metrics(_: Request) -> Response:
        try:
            text = render_metrics(state())
        except Exception:
            return PlainTextResponse("the state is unknown\n", 503, _NO_STORE)
        return Response(text, headers=_NO_STORE, media_type=METRICS_TYPE)

    def page(request: Request) -> Response:
        path: str = request.scope["path"]
        if file := find_file(folder, path):
            with suppress(OSError):  # deleted just now, or not readable
                return _build_file_response(file, request)
        elif not path.endswith("/") and find_file(folder, f"{path}/"):  # so that relative links work
            return Response(status_code=308, headers={"location": f"./{quote(path.rpartition('/')[2])}/"})
        return PlainTextResponse("not found\n", 404)

    own = [Route("/healthz", healthz), Route("/metrics", metrics)]
    return Starlette(routes=[*own, *routes, Route("/{path:path}", page)])


def _build_file_response(file: Path, request: Request) -> Response:
    """Return the file or a compressed form of it; no body if the client has it already. Raises OSError.

    An open file keeps its content, even when it is replaced by a new version meanwhile.
    """
    with ExitStack() as resources:
        raw = resources.enter_context(file.open("rb"))
        modified = os.fstat(raw.fileno()).st_mtime_ns
        media_type = detect_media_type(file.name, raw.read(SNIFF_BYTES))
        raw.seek(0)
        forms = _find_compressed(file, modified)
        coding = choose_coding(request.headers.get("accept-encoding", ""), forms)
        body = resources.enter_context(forms[coding].open("rb")) if coding else raw
        status = os.fstat(body.fileno())
        etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}{coding and f"-{coding}"}"'
        headers = {
            "cache-control": get_cache_control(media_type),
            "etag": etag,
            "last-modified": formatdate(modified // 10**9, usegmt=True),
        }
        if vary := [*(["Accept"] if is_feed(media_type) else []), *(["Accept-Encoding"] if forms else [])]:
            headers["vary"] = ", ".join(vary)
        if is_not_modified(
            etag,
            modified // 10**9,
            request.headers.get("if-none-match", ""),
            request.headers.get("if-modified-since", ""),
        ):
            return Response(status_code=304, headers=headers)
        headers["content-length"] = str(status.st_size)
        is_browser = "text/html" in request.headers.get("accept", "")
        headers["content-type"] = to_browser_type(media_type) if is_browser else media_type
        headers["x-content-type-options"] = "nosniff"
        if coding:
            headers["content-encoding"] = coding
        return _FileResponse(body, resources.pop_all(), headers)


def _find_compressed(file: Path, modified: int) -> dict[str, Path]:
    """Return the compressed forms of a file by coding, without those older than the file."""
    forms = {}
    for name, ending in CONTENT_CODINGS.items():
        form = file.with_name(file.name + ending)
        with suppress(OSError):
            status = form.lstat()
            if S_ISREG(status.st_mode) and status.st_mtime_ns >= modified:
                forms[name] = form
    return forms


class _FileResponse(Response):
    """An open file, sent in chunks as fast as the client reads. Closes `resources` at the end."""

    def __init__(self, body: BinaryIO, resources: ExitStack, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self._file = body
        self._resources = resources

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        with self._resources:
            await send(start)
            while scope["method"] != "HEAD" and (chunk := await run_in_threadpool(self._file.read, _CHUNK_SIZE)):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})
