"""The requests that are answered, and how: the only door to Starlette."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
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

from publisher.server.site import (
    CONTENT_CODINGS,
    SNIFF_BYTES,
    choose_coding,
    detect_media_type,
    find_file,
    get_cache_control,
    is_feed,
    is_not_modified,
    to_browser_type,
)
from publisher.server.state import METRICS_TYPE, DaemonState, build_health, render_metrics

_CHUNK_SIZE = 65536
_NO_STORE = {"cache-control": "no-store"}


def build_app(folder: Path, state: Callable[[], DaemonState]) -> Starlette:
    """The site in `folder`, and what `state` says."""

    def healthz(_: Request) -> Response:
        try:
            now = state()
        except Exception:  # whatever it is, somebody has to look
            return JSONResponse({"status": "unknown"}, 503, _NO_STORE)
        return JSONResponse(build_health(now), 200 if now.health == "ok" else 503, _NO_STORE)

    def numbers(_: Request) -> Response:
        try:
            text = render_metrics(state())
        except Exception:
            return PlainTextResponse("the state is unknown\n", 503, _NO_STORE)
        return Response(text, headers=_NO_STORE, media_type=METRICS_TYPE)

    def page(request: Request) -> Response:
        return _respond(folder, request)

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/metrics", numbers), Route("/{path:path}", page)]
    )


def _respond(folder: Path, request: Request) -> Response:
    path: str = request.scope["path"]
    file = find_file(folder, path)
    if file is None:
        if not path.endswith("/") and find_file(folder, f"{path}/"):  # relative links count from the folder
            return Response(status_code=308, headers={"location": f"./{quote(path.rpartition('/')[2])}/"})
        return PlainTextResponse("not found\n", 404)
    try:
        return _build_file_response(file, request)
    except OSError:  # gone this very moment, or not ours to read
        return PlainTextResponse("not found\n", 404)


def _build_file_response(file: Path, request: Request) -> Response:
    """The file or a compressed form of it; no body if the reader has that already. Raises OSError.

    What is opened stays one version of the file, even while the next one takes its place.
    """
    with ExitStack() as opened:
        raw = opened.enter_context(file.open("rb"))
        modified = os.fstat(raw.fileno()).st_mtime_ns
        kind = detect_media_type(file.name, raw.read(SNIFF_BYTES))
        raw.seek(0)
        forms = _find_compressed(file, modified)
        chosen = choose_coding(request.headers.get("accept-encoding", ""), forms)
        body = opened.enter_context(forms[chosen].open("rb")) if chosen else raw
        status = os.fstat(body.fileno())
        etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}{chosen and f"-{chosen}"}"'
        headers = {
            "cache-control": get_cache_control(kind),
            "etag": etag,
            "last-modified": formatdate(modified // 10**9, usegmt=True),
        }
        if vary := [*(["Accept"] if is_feed(kind) else []), *(["Accept-Encoding"] if forms else [])]:
            headers["vary"] = ", ".join(vary)
        if is_not_modified(
            etag,
            modified // 10**9,
            request.headers.get("if-none-match", ""),
            request.headers.get("if-modified-since", ""),
        ):
            return Response(status_code=304, headers=headers)
        headers["content-length"] = str(status.st_size)
        headers["content-type"] = to_browser_type(kind) if _is_browser(request) else kind
        headers["x-content-type-options"] = "nosniff"
        if chosen:
            headers["content-encoding"] = chosen
        return _FileResponse(body, opened.pop_all(), headers)


def _find_compressed(file: Path, modified: int) -> dict[str, Path]:
    """The compressed forms of a file by their coding, without those that an older version left."""
    forms = {}
    for name, ending in CONTENT_CODINGS.items():
        form = file.with_name(file.name + ending)
        with suppress(OSError):
            status = form.lstat()
            if S_ISREG(status.st_mode) and status.st_mtime_ns >= modified:
                forms[name] = form
    return forms


def _is_browser(request: Request) -> bool:
    """Whether a person is going to look at the answer."""
    return "text/html" in request.headers.get("accept", "")


class _FileResponse(Response):
    """An open file, sent in pieces as the reader takes them; closes all that was `opened`."""

    def __init__(self, body: BinaryIO, resources: ExitStack, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self._file = body
        self._resources = resources

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        with self._resources:
            await send(start)
            while scope["method"] != "HEAD" and (
                piece := await run_in_threadpool(self._file.read, _CHUNK_SIZE)
            ):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body"})
