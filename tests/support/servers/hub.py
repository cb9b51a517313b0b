"""A WebSub hub, which records each ping and answers as configured."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.servers.trickling import STAGES, trickle


class Answering(BaseHTTPRequestHandler):
    """Records every POST, then behaves as the hub is configured."""

    protocol_version = "HTTP/1.1"
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.pings.append((self.path, self.headers["Content-Type"], body))
        self.server.received.append(dict(self.headers))
        self.do_GET()

    def do_GET(self) -> None:
        match self.server.does:
            case "hang":
                trickle(self.connection, *STAGES["nothing"], self.server.over)
                self.close_connection = True
            case "drop":
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            case "answer":
                self.send_response_only(self.server.status)
                for name, value in self.server.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(self.server.body)))
                self.end_headers()
                self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


class Hub(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.pings: list[tuple[str, str, str]] = []
        self.received: list[dict[str, str]] = []
        """The headers of each."""
        self.does, self.status, self.body = "answer", 204, b""
        self.headers: dict[str, str] = {}
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/hub"
