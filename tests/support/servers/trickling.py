"""A server that accepts whatever comes and answers a byte at a time, for much longer than a test waits; and time
limits that such a server must reach, and nothing else can.
"""

from __future__ import annotations

import asyncio
import socket
import socketserver
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle, islice, repeat
from types import TracebackType
from typing import Self

import pytest

PAUSE, MOST_PIECES = 0.02, 30_000
"""Seconds between two pieces, and how many come before the server hangs up."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

STAGES: dict[str, tuple[bytes, bytes]] = {
    "status line": (b"", b"HTTP/1.1 200 O"),
    "informational responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "header line": (HEAD + b"X-Long: ", b"a"),
    "headers": (HEAD, b"X-n: a\r\n"),
    "body": (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "body without length": (HEAD + b"\r\n", b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "nothing": (b"", b""),
}
"""What comes at once, and then what comes byte by byte, again and again."""

TLS_RECORD = b"\x16\x03\x03\x3f\xff\x02"
"""The beginning of a handshake's record of 16 kB, whose rest takes its time."""


_held_back: list[socket.socket] = []
"""Whose requests have been left without a complete response so far."""


def start_limits_when_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, the time limit of a request begins when a server has it and holds its response back.

    So it may be short, however long a busy machine takes for what comes before, and for requests that are answered.
    """
    timeout = asyncio.timeout

    async def start(limit: asyncio.Timeout, seconds: float, before: int) -> None:
        while len(_held_back) == before:
            await asyncio.sleep(0.01)
        limit.reschedule(asyncio.get_running_loop().time() + seconds)

    @asynccontextmanager
    async def start_late(seconds: float) -> AsyncIterator[None]:
        async with timeout(300 if seconds else 0) as limit:
            starting = asyncio.create_task(start(limit, seconds, len(_held_back)))
            try:
                yield
            finally:
                starting.cancel()

    monkeypatch.setattr(asyncio, "timeout", start_late)


def trickle(connection: socket.socket, head: bytes, piece: bytes, stopped: threading.Event) -> None:
    """Send `head`, and then `piece` byte by byte, until the other side is gone."""
    _held_back.append(connection)
    rest = islice(cycle(piece), MOST_PIECES) if piece else repeat(None, MOST_PIECES)
    with suppress(OSError):
        connection.sendall(head)
        for byte in rest:
            if byte is not None:
                connection.sendall(bytes([byte]))
            if stopped.wait(PAUSE):
                return


class TricklingServer:
    """Reads once, sends `head`, and then `piece` byte by byte. With `greets` it does not wait for a request."""

    def __init__(self, head: bytes, piece: bytes, *, greets: bool = False) -> None:
        self.requests: list[bytes] = []
        self.stopped = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                if not greets:
                    outer.requests.append(self.request.recv(65536))
                trickle(self.request, head, piece, outer.stopped)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """The other side hung up."""

        self._server = Server(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
