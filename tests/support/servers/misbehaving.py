"""A platform on this machine that answers calls over HTTP and misbehaves on request: what such servers share.

Each adds its rules, and the ways to misbehave that only its platform has.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from tests.support.servers.smtp_sink import free_port
from tests.support.servers.trickling import STAGES, trickle

Answer = tuple[int, object]
"""The status of an answer, and what it is as JSON."""

KINDS = {
    "reset",  # resets the connection
    "drop_before",  # reads the call, and closes the connection
    "drop_after",  # acts, and closes the connection
    "hang",  # acts, and never answers
    "trickle",  # acts, and answers a byte at a time; `text` is how, a name in STAGES
    "slow",  # acts after `value` seconds, and answers
    "html",  # a page of the status `value`, as a proxy sends it
    "html_after",  # acts, and answers such a page
    "body",  # `text` as it is, as JSON, with the status `value`
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the `call`-th call of a kind, counted from when the fault was given; 0 is every
    one. `of` is what is called, and empty for anything."""

    kind: str
    call: int = 0
    of: str = ""
    value: float = 0
    text: str = ""


class Server:
    """A platform, from `up` to `down`, which a `with` does. With a `state` it has `kept` in that file, as
    JSON, at any time."""

    kinds: ClassVar[frozenset[str]]
    handler: ClassVar[type[Handler]]

    def __init__(self, port: int = 0, state: Path | None = None) -> None:
        self.port = port or free_port()
        self.ended = threading.Event()
        self._state = state
        self._faults: list[tuple[Fault, list[int]]] = []
        self._lock = threading.Lock()

    @property
    def kept(self) -> object:
        """The state that outlives the publishing process."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Begin to listen, at the port of the last time."""
        self.ended.clear()
        self._http = _Http(("127.0.0.1", self.port), self.handler)
        self._http.platform = self
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        """Stop listening: who connects now is refused."""
        self.ended.set()
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def serve(self) -> None:
        """Say where it is, and serve until the standard input ends."""
        with self:
            print(self.url, flush=True)
            sys.stdin.read()

    def script(self, *faults: Fault) -> None:
        """From now on, misbehave; what was scripted before is forgotten."""
        for fault in faults:
            if fault.kind not in KINDS | self.kinds:
                raise ValueError(f"there is no fault {fault.kind}")
        with self._lock:
            self._faults = [(fault, [0]) for fault in faults]

    def _fault(self, called: str) -> Fault | None:
        """What goes wrong with this call; the lock is held."""
        found = None
        for fault, seen in self._faults:
            if fault.of in ("", called):
                seen[0] += 1
                if found is None and fault.call in (0, seen[0]):
                    found = fault
        return found

    def _save(self) -> None:
        if self._state:
            unfinished = self._state.with_suffix(".new")
            unfinished.write_text(json.dumps(self.kept, ensure_ascii=False), "utf-8")
            unfinished.replace(self._state)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    platform: Any

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client may go before it has its answer
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection. `media_type` is that of answers in JSON."""

    server: _Http
    protocol_version = "HTTP/1.1"
    media_type: ClassVar[str] = "application/json"

    def log_message(self, *_: object) -> None:
        pass

    @property
    def body(self) -> bytes:
        """What came with the request, once."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def obey(self, fault: Fault | None, act: Callable[[], Answer]) -> None:
        """Answer a call with what `act` gives, or go wrong."""
        match fault.kind if fault else None:
            case None:
                self.send(*act())
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
            case "drop_before":
                self.close_connection = True
            case "drop_after":
                act()
                self.close_connection = True
            case "hang":
                act()
                trickle(self.connection, *STAGES["nothing"], self.server.platform.ended)
                self.close_connection = True
            case "trickle":
                act()
                trickle(self.connection, *STAGES[fault.text], self.server.platform.ended)
                self.close_connection = True
            case "slow":
                self.server.platform.ended.wait(fault.value)
                self.send(*act())
            case "html" | "html_after":
                if fault.kind == "html_after":
                    act()
                self.reply(int(fault.value), b"<html><h1>nginx</h1></html>", "text/html")
            case "body":
                self.reply(int(fault.value), fault.text.encode(), self.media_type)
            case _:
                self.misbehave(fault, act)

    def misbehave(self, fault: Fault, act: Callable[[], Answer]) -> None:
        """Go wrong as only this platform does."""
        raise NotImplementedError

    def send(self, status: int, shown: object) -> None:
        self.reply(status, json.dumps(shown, ensure_ascii=False).encode(), self.media_type)

    def reply(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
