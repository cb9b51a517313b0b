"""A server that answers by path, and resolvers that answer what a test wants."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from publisher.linkcheck import LinkCache, LinkCheckLimits, LinkResult, check_links


@dataclass
class Server:
    """What was asked of a server, and how many asked at once at most."""

    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    together: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    pages: dict[str, str] = field(default_factory=dict)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    @property
    def allowed(self) -> frozenset[tuple[str, int]]:
        return frozenset({("127.0.0.1", self.port)})


@pytest.fixture
def server() -> Iterator[Server]:
    """/200 answers 200, /404 404; /to/URL redirects there, /slow never ends, /cookie gives
    one; `pages` are the bodies."""
    record = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            record.asked.append((self.headers["Host"], self.path))
            record.cookies += self.headers.get_all("Cookie", [])
            with record.lock:
                record.now += 1
                record.together = max(record.together, record.now)
            time.sleep(0.01)  # others that were asked for at once have come, too
            with record.lock:
                record.now -= 1
            with suppress(OSError):  # the client has closed the connection
                self.answer()

        def answer(self) -> None:
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/to/"))
                self.end_headers()
            elif self.path == "/slow":
                for _ in range(3000):
                    self.wfile.write(b"H")
                    time.sleep(0.02)
            else:
                body = record.pages.get(self.path, "").encode()
                status = self.path.strip("/").partition("?")[0]
                self.send_response(int(status) if status.isdigit() else 200)
                if self.path == "/cookie":
                    self.send_header("Set-Cookie", "who=you")
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    record.port = httpd.server_port
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield record
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def ask(server: Server) -> Callable[..., LinkResult]:
    """ask(url) gives the verdict on one link; the server may be asked unless `allowed` says otherwise."""

    def one(url: str, *, seconds: float = 60.0, allowed: frozenset[tuple[str, int]] | None = None) -> LinkResult:
        limits = LinkCheckLimits(0.0, seconds, allowed=server.allowed if allowed is None else allowed)
        return check_links([url], LinkCache(None, 0.0), limits)[url]

    return one


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """names({"example.org": ["127.0.0.1"]}) is all that can be resolved; gives back what was asked."""

    def answer(known: dict[str, list[str]]) -> list[str]:
        asked: list[str] = []

        def lookup(host: str, port: int, *rest: object, **more: object) -> list[tuple[object, ...]]:
            asked.append(host)
            if host not in known:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            kinds = [(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip) for ip in known[host]]
            return [(kind, socket.SOCK_STREAM, 6, "", (ip, port)) for kind, ip in kinds]

        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        return asked

    return answer


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "links.json"
