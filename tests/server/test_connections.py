"""Clients that only take up places: they lose them, and monitoring gets its answers.

The loopback network has many addresses: 127.0.0.2 is another client than 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from ipaddress import ip_network
from pathlib import Path

import pytest

from publisher.listen_address import ListenAddress
from publisher.server import connections, run_server
from publisher.server.state import DaemonState
from tests.server.test_state import NOON

HEAD = b"GET /small.txt HTTP/1.1\r\nHost: e.org\r\n"
UNFINISHED = HEAD + b"X-a: "
MAX_WAIT = 300.0
"""Seconds after which a test gives up; nothing here waits for that long."""


class Site:
    """A running server, and what clients do to it."""

    def __init__(self, port: int, stack: ExitStack) -> None:
        self.port = port
        self._stack = stack

    def connect(self, client: str = "127.0.0.2", sends: bytes = UNFINISHED, buffer: int = 0) -> socket.socket:
        """Connect from an address, and send something. A small `buffer` holds little that is not read."""
        connection = self._stack.enter_context(closing(socket.socket()))
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(MAX_WAIT)
        connection.bind((client, 0))
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(sends)
        return connection

    def hold(self, client: str, forwarded: str = "") -> tuple[int, socket.socket]:
        """Request much, and read nothing but the status; return it."""
        more = f"X-Forwarded-For: {forwarded}\r\n" if forwarded else ""
        request = f"GET /large.bin HTTP/1.1\r\nHost: e.org\r\n{more}\r\n"
        connection = self.connect(client, request.encode(), buffer=4096)
        return read_status(connection), connection

    def get(self, path: str = "/small.txt", client: str = "127.0.0.1", **headers: str | bytes) -> int:
        """Return the status of a request over a connection of its own."""
        source = (client, 0)
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, MAX_WAIT, source_address=source)) as one:
            one.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = one.getresponse()
            response.read(1)
            return response.status

    def assert_is_watched(self) -> None:
        """Monitoring gets its answers, from any address."""
        for client in ("127.0.0.1", "127.0.0.2", "127.0.0.99"):
            assert (self.get("/healthz", client), self.get("/metrics", client)) == (200, 200)


def read_status(connection: socket.socket) -> int:
    line = b""
    while not line.endswith(b"\r\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionError
        line += byte
    return int(line.split()[1])


def is_closed(connection: socket.socket) -> bool:
    """Wait until the other side closes a connection to which nothing is sent."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def is_served(connection: socket.socket) -> bool:
    """Finish the request of an open connection."""
    try:
        connection.sendall(b"b\r\n\r\n")
        return read_status(connection) == 200
    except OSError:
        return False


def wait_for(done: Callable[[], bool]) -> None:
    end = time.monotonic() + MAX_WAIT
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Site]]:
    """serve("127.0.0.1") runs a server behind such proxies, which closes no idle connection by itself."""
    monkeypatch.setattr(connections, "HEAD_TIMEOUT", 600.0)
    (tmp_path / "small.txt").write_text("tide", "utf-8")
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(64 << 20)
    state = DaemonState(NOON, NOON, deliveries={("chat", f"state {number}"): 1 for number in range(1000)})
    with ExitStack() as stack:

        def run(*proxies: str) -> Site:
            listen, known = ListenAddress("127.0.0.1", 0), [*map(ip_network, proxies)]
            address = stack.enter_context(run_server(listen, tmp_path, lambda: state, known))
            return Site(int(address.rstrip("/").rpartition(":")[2]), stack)

        yield run


# ---------------------------------------------------------------- too many


@pytest.mark.parametrize("sends", [b"", UNFINISHED, HEAD + b"\r\n"], ids=["nothing", "half a head", "a request"])
@pytest.mark.parametrize("clients", [1, 5])
def test_idle_connections_do_not_stop_monitoring(serve, sends: bytes, clients: int) -> None:
    site = serve()
    for number in range(130):
        site.connect(f"127.0.0.{1 + number % clients}", sends)
    site.assert_is_watched()
    wait_for(lambda: site.get("/small.txt", "127.0.0.1") == 200)  # once the requests above are answered


def test_an_address_has_32_connections(serve) -> None:
    """The one that has waited longest gives way to a new one, and none of another address."""
    site = serve()
    other = site.connect("127.0.0.3")
    held = [site.connect("127.0.0.2") for _ in range(40)]
    assert [*map(is_closed, held[:8])] == [True] * 8
    assert [*map(is_served, held[8:])] == [True] * 32
    assert is_served(other)


def test_all_addresses_have_128(serve) -> None:
    site = serve()
    held = [site.connect(f"127.0.1.{number % 8}") for number in range(160)]
    assert [*map(is_closed, held[:32])] == [True] * 32
    site.assert_is_watched()
    assert sum(map(is_served, held[32:])) >= 122, "each of the six requests before took the place of one"


def test_connections_that_are_gone_do_not_count(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_PER_CLIENT", 8)
    monkeypatch.setattr(connections, "MAX_RESPONSES", 8)
    site = serve()
    for _ in range(12):
        site.connect(sends=HEAD + b"\r\n").close()
        site.connect(sends=HEAD + b"Connection: close\r\n\r\n").close()
        site.connect("127.0.0.2", b"GET /large.bin HTTP/1.1\r\nHost: e.org\r\n\r\n").close()
        wait_for(lambda: site.get(client="127.0.0.2", connection="close") == 200)


def test_responses_that_are_not_read_leave_room_for_monitoring(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_RESPONSES", 3)
    site = serve()
    held = [site.hold(f"127.0.0.{number}") for number in (2, 3, 4)]
    assert [status for status, _ in held] == [200] * 3
    refused = site.connect("127.0.0.5", HEAD + b"\r\n")
    answer = refused.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 10\r\n" in answer
    assert answer.endswith(b"\r\n\r\ntoo many requests at the same time\n")
    for number in range(130):
        site.connect(f"127.0.0.{1 + number % 5}")
    site.assert_is_watched()
    held[0][1].close()
    wait_for(lambda: site.get(client="127.0.0.5") == 200)


def test_an_address_with_all_its_responses_in_progress(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_PER_CLIENT", 2)
    site = serve()
    assert [site.hold("127.0.0.2")[0] for _ in range(3)] == [200, 200, 503]
    assert site.get(client="127.0.0.2") == 503
    assert site.get(client="127.0.0.3") == 200
    site.assert_is_watched()


# ---------------------------------------------------------------- too slow


@pytest.mark.parametrize(
    "sends",
    [
        b"",
        UNFINISHED,
        HEAD + b"\r\n" + UNFINISHED,
        HEAD + b"Content-Length: 100000\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n10000\r\n",
        HEAD + b"\r\n" + HEAD + b"Content-Length: 100000\r\n\r\n",
    ],
    ids=["nothing", "a head", "a second head", "a body", "a chunk", "a body after a request"],
)
def test_a_request_that_never_ends(serve, monkeypatch: pytest.MonkeyPatch, sends: bytes) -> None:
    """However often another byte comes."""
    monkeypatch.setattr(connections, "HEAD_TIMEOUT", 0.3)
    site = serve()
    slow = site.connect(sends=sends)
    slow.settimeout(0.05)
    end = time.monotonic() + MAX_WAIT

    def is_over() -> bool:
        try:
            if sends:
                slow.send(b"x")
            return not slow.recv(1000)
        except TimeoutError:
            return False
        except OSError:
            return True

    while not is_over():
        assert time.monotonic() < end
    assert site.get() == 200


def test_a_head_in_pieces_is_answered(serve) -> None:
    site = serve()
    slow = site.connect(sends=b"")
    for number in range(len(HEAD)):
        slow.send(HEAD[number : number + 1])
        time.sleep(0.002)
    slow.send(b"\r\n")
    assert read_status(slow) == 200


@pytest.mark.parametrize(("path", "requests"), [("/large.bin", 1), ("/large.bin", 3), ("/metrics", 150)])
@pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
def test_a_response_that_is_not_read_ends(
    serve, monkeypatch: pytest.MonkeyPatch, path: str, requests: int, more: str
) -> None:
    """Also one that is complete here, and waits behind others."""
    monkeypatch.setattr(connections, "SEND_TIMEOUT", 0.3)
    monkeypatch.setattr(connections, "MAX_RESPONSES", 1)
    site = serve()
    request = f"GET {path} HTTP/1.1\r\nHost: e.org\r\n{more}\r\n".encode()
    assert read_status(site.connect(sends=request * requests, buffer=4096)) == 200
    wait_for(lambda: site.get(client="127.0.0.3") == 200)


def test_a_response_that_is_read_in_pieces_is_complete(serve) -> None:
    connection = serve().hold("127.0.0.2")[1]
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(4096)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: 67108864" in head
    size = len(body)
    while size < 64 << 20:
        size += len(connection.recv(1 << 20))
    connection.sendall(HEAD + b"\r\n")
    assert read_status(connection) == 200


# ---------------------------------------------------------------- proxies


def test_a_proxy_has_as_many_as_it_needs(serve) -> None:
    site = serve("127.0.0.1", "::1")
    held = [site.connect("127.0.0.1") for _ in range(60)]
    assert [*map(is_served, held)] == [True] * 60


def test_behind_a_proxy_each_client_has_its_own_limit(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_PER_CLIENT", 2)
    site = serve("127.0.0.0/29")

    def hold(forwarded: str, client: str = "127.0.0.1") -> int:
        return site.hold(client, forwarded)[0]

    assert [hold("203.0.113.5") for _ in range(3)] == [200, 200, 503]
    assert hold("198.51.100.7, 203.0.113.5") == 503, "the first address may be made up"
    assert hold("203.0.113.5, 127.0.0.3", "127.0.0.2") == 503
    assert hold("203.0.113.5, 203.0.113.6") == 200
    assert [hold(f"2001:db8::{number}") for number in range(3)] == [200, 200, 503]
    assert hold("2001:db8:0:1::") == 200
    assert [hold("") for _ in range(4)] == [200] * 4
    assert [hold(f"203.0.113.{number}", "127.0.0.8") for number in range(3)] == [200, 200, 503], "that is no proxy"
    assert site.get("/healthz", X_Forwarded_For="203.0.113.5") == 200


NO_ADDRESS = (b"", b",", b"unknown", b"\xff\xfe", b"203.0.113.999", b"[::1", b"1" * 9000, b"a," * 4000, b"::" * 900)


@pytest.mark.parametrize("forwarded", NO_ADDRESS, ids=[repr(text[:9]) for text in NO_ADDRESS])
def test_a_forwarded_address_that_is_none(serve, forwarded: bytes, caplog: pytest.LogCaptureFixture) -> None:
    site = serve("127.0.0.1")
    assert site.get(X_Forwarded_For=forwarded) == 200
    assert site.get("/healthz", X_Forwarded_For=forwarded) == 200
    with contextlib.suppress(OSError):
        read_status(site.connect("127.0.0.1", HEAD + b"X-Forwarded-For: 1.1.1.1\r\n" * 80 + b"\r\n"))
    assert site.get() == 200
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
