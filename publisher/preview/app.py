"""The HTTP application of the preview.

GET  /                     the page; with ?token=TOKEN at first
GET  /assets/NAME          its style sheets and scripts
GET  /state                the view as JSON
GET  /events               the view at each change, as server-sent events, with the documents of its new panes
GET  /pane/KIND/DIGEST     the document of a pane, for a frame; ?images=1 lets it load images of other hosts
GET  /part/KEY             a part as it is published
GET  /file/KEY             an image or file of the issue
POST /buffer               {path, text}: a text that is not saved yet, or null to go back to the file
POST /issue                {path}: the issue to show
POST /sight                {channels}: those whose panes are in sight, to be rendered first
POST /open                 {line}: opens the issue in the editor, or returns the URL that does
"""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Callable
from pathlib import PurePosixPath
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from publisher.errors import ConfigError
from publisher.file_kinds import MAX_ISSUE_BYTES, choose_linked_kind
from publisher.local_files import Refusal
from publisher.preview.editors import find_editor_url, open_editor
from publisher.preview.frames import PAGE_FOLDER
from publisher.preview.worker import PreviewWorker

_Body = TypeVar("_Body", bound=Struct)

_HEARTBEAT_SECONDS = 15

_MAX_BODY_BYTES = 2 * MAX_ISSUE_BYTES
"""Of a request: in JSON, a character of a text may take twice its bytes or more."""

_FRAME_POLICY = "default-src 'none'; style-src 'unsafe-inline' data:; img-src 'self' data:{}"
_FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class BufferRequest(Struct, forbid_unknown_fields=True):
    """The body of POST /buffer."""

    path: str
    text: str | None


class IssueRequest(Struct, forbid_unknown_fields=True):
    """The body of POST /issue."""

    path: str


class SightRequest(Struct, forbid_unknown_fields=True):
    """The body of POST /sight."""

    channels: list[str]


class OpenRequest(Struct, forbid_unknown_fields=True):
    """The body of POST /open."""

    line: Annotated[int, Meta(ge=1)] = 1


class Broadcast:
    """Wakes the connections of the pages when the worker's thread has a new view."""

    def __init__(self) -> None:
        self._listeners: dict[asyncio.Queue[int | None], asyncio.AbstractEventLoop] = {}

    def publish(self, version: int | None) -> None:
        """Wake the connections for a version; None ends them. Can be called in any thread."""
        for queue, loop in [*self._listeners.items()]:
            if not loop.is_closed():
                loop.call_soon_threadsafe(queue.put_nowait, version)

    async def listen(self, write: Callable[[], bytes]) -> AsyncIterator[bytes]:
        """Yield the events for a page: what `write` returns, one line, at once and after each change."""
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        self._listeners[queue] = asyncio.get_running_loop()
        version: int | None = 0
        try:
            while version is not None:
                yield b"event: state\ndata: %b\n\n" % write()
                while True:
                    try:
                        version = await asyncio.wait_for(queue.get(), _HEARTBEAT_SECONDS)
                        break
                    except TimeoutError:
                        yield b"event: ping\ndata:\n\n"
                while version is not None and not queue.empty():  # only the newest view is shown
                    version = queue.get_nowait()
        finally:
            del self._listeners[queue]


class PreviewApp:
    """The handlers of the requests."""

    def __init__(self, worker: PreviewWorker, broadcast: Broadcast) -> None:
        self._worker = worker
        self._broadcast = broadcast

    def build(self) -> Starlette:
        """Return the application, which needs a Guard in front of it."""
        get = {
            "/": self._send_page,
            "/assets/{name}": self._send_asset,
            "/state": self._send_state,
            "/events": self._send_events,
            "/pane/{kind}/{digest}": self._send_pane,
            "/part/{key:path}": self._send_part,
            "/file/{key:path}": self._send_file,
        }
        post = {
            "/buffer": self._set_buffer,
            "/issue": self._show_issue,
            "/sight": self._set_sight,
            "/open": self._open_editor,
        }
        return Starlette(
            routes=[
                *(Route(path, handler, methods=["GET"]) for path, handler in get.items()),
                *(Route(path, handler, methods=["POST"]) for path, handler in post.items()),
            ]
        )

    async def _send_page(self, _: Request) -> Response:
        return _send_own_file("preview.html")

    async def _send_asset(self, request: Request) -> Response:
        return _send_own_file(request.path_params["name"])

    async def _send_state(self, _: Request) -> Response:
        return Response(self._worker.view.to_json(), media_type="application/json")

    async def _send_events(self, _: Request) -> Response:
        present: set[str] = set()  # digests of the panes that the page has been sent

        def write() -> bytes:
            nonlocal present
            view, known = self._worker.view, present
            present = {pane.digest for pane in view.panes}
            return view.to_json(known)

        return StreamingResponse(self._broadcast.listen(write), media_type="text/event-stream")

    async def _send_pane(self, request: Request) -> Response:
        document = self._worker.view.documents.get(request.path_params["digest"])
        if document is None:
            return PlainTextResponse("not found\n", 404)
        policy = _FRAME_POLICY.format(" https: http:" if request.query_params.get("images") == "1" else "")
        return Response(document, headers={"content-security-policy": policy}, media_type="text/html; charset=utf-8")

    async def _send_part(self, request: Request) -> Response:
        part = self._worker.view.parts.get(request.path_params["key"])
        if part is None:
            return PlainTextResponse("not found\n", 404)
        headers = {"content-security-policy": _FILE_POLICY, "content-type": part.media_type}
        return Response(part.body, headers=headers)

    async def _send_file(self, request: Request) -> Response:
        source = self._worker.view.images.get(request.path_params["key"])
        kind = choose_linked_kind(source) if source else None
        if source is None or kind is None:
            return PlainTextResponse("not found\n", 404)
        found = await run_in_threadpool(self._worker.previewer.read_file, source, kind)
        if isinstance(found, Refusal):
            return PlainTextResponse(f"{source} {found.reason}\n", 404)
        media_type = mimetypes.guess_type(source)[0] or "application/octet-stream"
        return Response(found, headers={"content-security-policy": _FILE_POLICY}, media_type=media_type)

    async def _set_buffer(self, request: Request) -> Response:
        wanted = await _read_body(request, BufferRequest)
        if isinstance(wanted, Response):
            return wanted
        if wanted.path not in self._worker.previewer.files:
            return _refuse_unknown_issue(wanted.path)
        self._worker.set_text(wanted.path, wanted.text)
        return Response(status_code=204)

    async def _show_issue(self, request: Request) -> Response:
        wanted = await _read_body(request, IssueRequest)
        if isinstance(wanted, Response):
            return wanted
        if wanted.path not in self._worker.previewer.files:
            return _refuse_unknown_issue(wanted.path)
        self._worker.show(wanted.path)
        return Response(status_code=204)

    async def _set_sight(self, request: Request) -> Response:
        wanted = await _read_body(request, SightRequest)
        if isinstance(wanted, Response):
            return wanted
        self._worker.set_sight(wanted.channels)
        return Response(status_code=204)

    async def _open_editor(self, request: Request) -> Response:
        wanted = await _read_body(request, OpenRequest)
        if isinstance(wanted, Response):
            return wanted
        config = self._worker.previewer.config
        file = config.root / self._worker.view.path
        if not config.editor:
            return JSONResponse({"error": 'no editor is set: editor = "vscode" in [preview]'}, 409)
        if url := find_editor_url(config.editor, file, wanted.line):
            return JSONResponse({"url": url})
        try:
            await run_in_threadpool(open_editor, config.editor, file, wanted.line)
        except ConfigError as error:
            return JSONResponse({"error": f"{error.message} · {error.hint}"}, 409)
        return Response(status_code=204)


def _send_own_file(name: str) -> Response:
    """Return a file of the page."""
    files = {path.name: path for path in PAGE_FOLDER.iterdir() if path.is_file()}
    path = files.get(name)
    if path is None:
        return PlainTextResponse("not found\n", 404)
    kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    kind = kinds.get(PurePosixPath(name).suffix, "application/octet-stream")
    return Response(path.read_bytes(), media_type=f"{kind}; charset=utf-8")


async def _read_body(request: Request, kind: type[_Body]) -> _Body | Response:
    """Return the body of a request, or the response to one that is too large or not of this kind."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return JSONResponse({"error": "send JSON, with content-type: application/json"}, 415)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            return JSONResponse({"error": f"more than {_MAX_BODY_BYTES:,} bytes"}, 413)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return JSONResponse({"error": str(error)}, 400)


def _refuse_unknown_issue(path: str) -> Response:
    return JSONResponse({"error": f"{path} is no issue of this newsletter"}, 404)
