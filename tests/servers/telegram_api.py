"""A Bot API server on this machine, in a thread of a test or as a program.

    python -m tests.servers.telegram_api --port 0 --state FILE

prints its address and serves until its standard input ends. FILE holds all messages, as JSON, at any time.

    GET  /__messages      the messages as they are now
    GET  /__calls         all calls, with the moment each came in
    POST /__script        a list of faults, as JSON: [{"kind": "flood", "call": 2, "value": 7}]
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args
from urllib.parse import parse_qsl

from tests.servers.telegram_rules import TOKEN, BotApi, RefusedError, bad

Kind = Literal[
    "reset",  # resets the connection
    "drop_before",  # reads the call, and closes the connection
    "drop_after",  # acts, and closes the connection
    "hang",  # acts, and never answers
    "slow",  # acts after `value` seconds, and answers
    "flood",  # 429 with a retry_after of `value`
    "html",  # a page of the status `value`, as a proxy sends it
    "not_ok",  # acts, and answers 200 with ok: false
    "unauthorized",  # 401
    "forbidden",  # 403, for the reason `text`
    "bad_request",  # 400, for the reason `text`
    "migrate",  # the group becomes a supergroup of the number `value`
]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the `call`-th call of a method, counted from when the fault was given; 0 is every
    one, and an empty method any."""

    kind: Kind
    call: int = 0
    method: str = ""
    value: float = 0
    text: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"there is no fault {self.kind}")


class TelegramServer:
    """The server, from `up` to `down`, which a `with` does. `api` is its rules and all it holds."""

    def __init__(self, api: BotApi | None = None, *, port: int = 0, state: Path | None = None) -> None:
        self.api = api or BotApi()
        self.calls: list[dict[str, Any]] = []
        self.port = port
        self.ended = threading.Event()
        self._state = state
        self._faults: list[tuple[Fault, list[int]]] = []
        self._lock = threading.Lock()
        self.api.changed = self._save

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.api.messages

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

    def made(self, *methods: str) -> list[dict[str, Any]]:
        """The calls of some methods."""
        return [call for call in self.calls if call["method"] in methods]

    def receive(self, method: str, parameters: Mapping[str, Any], port: int) -> Fault | None:
        """Note a call, and the port it came from; what goes wrong with it."""
        with self._lock:
            at = self.api.monotonic()
            self.calls.append({"method": method, "at": at, "port": port, "parameters": dict(parameters)})
            found = None
            for fault, seen in self._faults:
                if fault.method in ("", method):
                    seen[0] += 1
                    if found is None and fault.call in (0, seen[0]):
                        found = fault
            return found

    def answer(self, token: str, method: str, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a call."""
        try:
            with self._lock:
                return 200, {"ok": True, "result": self.api.answer(token, method, parameters)}
        except RefusedError as error:
            return _refusal(error)

    def _save(self) -> None:
        if self._state:
            unfinished = self._state.with_suffix(".new")
            unfinished.write_text(json.dumps(self.messages, ensure_ascii=False), "utf-8")
            unfinished.replace(self._state)


def _refusal(error: RefusedError) -> tuple[int, dict[str, Any]]:
    body = {"ok": False, "error_code": error.code, "description": error.description}
    return error.code, body | ({"parameters": error.parameters} if error.parameters else {})


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    fake: TelegramServer

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
        shown = {"/__messages": fake.messages, "/__calls": fake.calls}.get(self.path)
        if shown is None:
            self._call({})
        else:
            self._send(200, shown)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if self.path == "/__script":
            self.server.fake.script(*(Fault(**one) for one in json.loads(self.rfile.read(length))))
            self._send(200, [])
            return
        self._call(self._parameters(self.rfile.read(length)))

    def _parameters(self, body: bytes) -> dict[str, Any]:
        if self.headers.get_content_type() == "application/json":
            return dict(json.loads(body))
        return dict(parse_qsl(body.decode(), keep_blank_values=True))

    def _call(self, parameters: dict[str, Any]) -> None:
        fake = self.server.fake
        token, _, method = self.path.removeprefix("/bot").partition("/")
        fault = fake.receive(method, parameters, self.client_address[1])

        def act() -> tuple[int, Any]:
            return fake.answer(token, method, parameters)

        match fault.kind if fault else None:
            case None:
                self._send(*act())
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
                self._send(*act())
            case "not_ok":
                act()
                self._send(200, {"ok": False, "description": "Bad Request: proxied"})
            case "html":
                self._reply(int(fault.value), b"<html><h1>nginx</h1></html>", "text/html")
            case "migrate":
                fake.api.migrate(fake.api.chat(parameters["chat_id"]), int(fault.value))
                self._send(*act())
            case "flood":
                after = int(fault.value)
                self._send(
                    *_refusal(RefusedError(429, f"Too Many Requests: retry after {after}", retry_after=after))
                )
            case "unauthorized":
                self._send(*_refusal(RefusedError(401, "Unauthorized")))
            case "forbidden":
                self._send(*_refusal(RefusedError(403, f"Forbidden: {fault.text}")))
            case "bad_request":
                self._send(*_refusal(bad(fault.text)))

    def _send(self, status: int, shown: object) -> None:
        self._reply(status, json.dumps(shown, ensure_ascii=False).encode(), "application/json")

    def _reply(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(description="a Bot API server for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--enforce-pace", action="store_true")
    options = parser.parse_args()
    api = BotApi()
    api.token, api.enforces_pace = options.token, options.enforce_pace
    with TelegramServer(api, port=options.port, state=options.state) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
