"""WeChat's interface on this machine, in a thread of a test or as a program.

    python -m tests.servers.wechat_api --port 0 --state FILE

prints its address and serves until its standard input ends. FILE holds the drafts, as JSON, at any time.

    GET  /__drafts        the drafts as they are now, by media_id
    GET  /__calls         all calls, in order
    POST /__script        a list of faults, as JSON: [{"kind": "drop_after", "call": 1, "path": "draft/add"}]
    POST /__expire        from now on no token works that was given before
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, get_args
from urllib.parse import parse_qsl, urlsplit

from tests.servers.wechat_rules import RefusedError, WeChat

Kind = Literal[
    "reset",  # resets the connection
    "drop_before",  # reads the call, and closes the connection
    "drop_after",  # acts, and closes the connection
    "hang",  # acts, and never answers
    "slow",  # acts after `value` seconds, and answers
    "html",  # a page of the status `value`, as a proxy sends it
    "html_after",  # acts, and answers such a page
    "refuse",  # the error code `value` with the words `text`
    "busy_after",  # acts, and says that it was too busy: -1
    "expire",  # no token works from here on, that of this call neither
]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the `call`-th call of a path, counted from when the fault was given; 0 is every
    one, and an empty path any."""

    kind: Kind
    call: int = 0
    path: str = ""
    value: float = 0
    text: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"there is no fault {self.kind}")


class Call(NamedTuple):
    """A call as it came in; `path` is below /cgi-bin/."""

    path: str
    query: dict[str, str]
    body: bytes


class WeChatServer:
    """The server, from `up` to `down`, which a `with` does. `api` is its rules and all it holds."""

    def __init__(self, api: WeChat | None = None, *, port: int = 0, state: Path | None = None) -> None:
        self.api = api or WeChat()
        self.calls: list[Call] = []
        self.port = port
        self.ended = threading.Event()
        self._state = state
        self._faults: list[tuple[Fault, list[int]]] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def drafts(self) -> dict[str, dict[str, Any]]:
        return self.api.drafts

    @property
    def paths(self) -> list[str]:
        """What was called, in order."""
        return [call.path for call in self.calls]

    def up(self) -> None:
        """Begin to listen, at the port of the last time."""
        self.ended.clear()
        self._http = _Http(("127.0.0.1", self.port), _Handler)
        self._http.fake = self
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

    def script(self, *faults: Fault) -> None:
        """From now on, misbehave; what was scripted before is forgotten."""
        with self._lock:
            self._faults = [(fault, [0]) for fault in faults]

    def receive(self, call: Call) -> Fault | None:
        """Note a call; what goes wrong with it."""
        with self._lock:
            self.calls.append(call)
            found = None
            for fault, seen in self._faults:
                if fault.path in ("", call.path):
                    seen[0] += 1
                    if found is None and fault.call in (0, seen[0]):
                        found = fault
            return found

    def answer(self, call: Call, kind: str, ip: str) -> dict[str, Any]:
        """The answer to a call."""
        with self._lock:
            try:
                return self.api.answer(call.path, call.query, call.body, kind, ip)
            except RefusedError as error:
                return {"errcode": error.code, "errmsg": error.said}
            finally:
                self._save()

    def _save(self) -> None:
        if self._state:
            unfinished = self._state.with_suffix(".new")
            unfinished.write_text(json.dumps(self.drafts, ensure_ascii=False), "utf-8")
            unfinished.replace(self._state)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    fake: WeChatServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client may go before it has its answer
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        fake = self.server.fake
        calls = [{"path": call.path, "query": call.query} for call in fake.calls]
        self._send({"/__drafts": fake.drafts, "/__calls": calls}.get(self.path, {"errcode": 40066}))

    def do_POST(self) -> None:
        fake = self.server.fake
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match self.path:
            case "/__script":
                fake.script(*(Fault(**one) for one in json.loads(body)))
                self._send([])
            case "/__expire":
                fake.api.expire()
                self._send([])
            case _:
                self._call(body)

    def _call(self, body: bytes) -> None:
        fake, parts = self.server.fake, urlsplit(self.path)
        call = Call(parts.path.removeprefix("/cgi-bin/"), dict(parse_qsl(parts.query)), body)
        fault = fake.receive(call)

        def act() -> dict[str, Any]:
            return fake.answer(call, self.headers.get("Content-Type", ""), self.client_address[0])

        match fault.kind if fault else None:
            case None:
                self._send(act())
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
                fake.ended.wait(600)
                self.close_connection = True
            case "slow":
                fake.ended.wait(fault.value)
                self._send(act())
            case "html":
                self._reply(int(fault.value), b"<html><h1>nginx</h1></html>")
            case "html_after":
                act()
                self._reply(int(fault.value), b"<html><h1>nginx</h1></html>")
            case "refuse":
                self._send({"errcode": int(fault.value), "errmsg": fault.text})
            case "busy_after":
                act()
                self._send({"errcode": -1, "errmsg": "system error"})
            case "expire":
                fake.api.expire()
                self._send(act())

    def _send(self, shown: object) -> None:
        self._reply(200, json.dumps(shown, ensure_ascii=False).encode())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")  # as WeChat does
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(description="WeChat's interface for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    with WeChatServer(port=options.port, state=options.state) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
