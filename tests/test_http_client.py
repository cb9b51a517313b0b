"""A request ends at its deadline, and it is known whether it may have reached the server."""

from __future__ import annotations

import gzip
import itertools

import httpx
import pytest

from publisher.deadline import Deadline
from publisher.http_client import HttpClient, ResponseTooLargeError
from tests.support.servers.trickling import STAGES, TLS_RECORD, TricklingServer, start_limits_when_held_back

TIMEOUT = 0.5


@pytest.fixture(autouse=True)
def no_proxy_and_limits_of_slow_servers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    start_limits_when_held_back(monkeypatch)


def client(timeout: float = TIMEOUT, max_bytes: int = 1_000_000) -> HttpClient:
    return HttpClient(timeout, read_timeout=30.0, max_bytes=max_bytes)


@pytest.mark.parametrize(("head", "piece"), STAGES.values(), ids=STAGES.keys())
def test_a_response_that_trickles(head: bytes, piece: bytes) -> None:
    with TricklingServer(head, piece) as server, client() as http:
        with pytest.raises(httpx.ReadTimeout, match=r"no complete response within 0.5 seconds"):
            http.request("POST", server.url, json={"a": 1})
        assert server.requests[0].startswith(b"POST / HTTP/1.1\r\n")


def test_a_deadline_that_is_earlier() -> None:
    with TricklingServer(*STAGES["headers"]) as server, client(30.0) as http, pytest.raises(httpx.ReadTimeout):
        http.request("GET", server.url, deadline=Deadline(TIMEOUT, lambda: 0.0))


def test_a_handshake_that_trickles_sends_nothing() -> None:
    with TricklingServer(b"", TLS_RECORD, greets=True) as server, client() as http, pytest.raises(httpx.ConnectTimeout):
        http.request("POST", server.url.replace("http:", "https:"), content=b"secret")


@pytest.mark.parametrize("stage", ["status line", "headers", "nothing"])
def test_a_proxy_that_trickles_sends_nothing(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """CONNECT asks the proxy for a connection; what is to be sent over it stays here until it is open."""
    with TricklingServer(*STAGES[stage]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with client() as http, pytest.raises(httpx.ConnectTimeout):
            http.request("POST", "https://harbour.example/", content=b"secret")
        assert {request.split(b" ")[0] for request in proxy.requests} <= {b"CONNECT"}


def test_without_time_nothing_is_sent() -> None:
    with TricklingServer(*STAGES["headers"]) as server, client(30.0) as http:
        with pytest.raises(httpx.ConnectTimeout):
            http.request("POST", server.url, deadline=Deadline(0.0))
        assert server.requests == []


def test_a_server_that_reads_nothing_may_have_the_request() -> None:
    with TricklingServer(b"", b"") as server, client() as http, pytest.raises(httpx.TimeoutException) as caught:
        http.request("POST", server.url, content=b"x" * 50_000_000)
    assert type(caught.value) is httpx.ReadTimeout


OK = b"HTTP/1.1 200 OK\r\n"
ZIPPED = OK + b"Content-Encoding: gzip\r\nX-a: b\r\nContent-Length: %d\r\n\r\n%b"


@pytest.mark.parametrize("response", [OK + b"\r\n" + b"x" * 200_000, "zipped"], ids=["plain", "compressed"])
def test_a_body_that_is_too_long(response: bytes | str) -> None:
    if isinstance(response, str):
        body = gzip.compress(b"x" * 5_000_000)  # of 5 kB
        response = ZIPPED % (len(body), body)
    with TricklingServer(response, b"") as server, client(30.0, 100_000) as http:
        with pytest.raises(ResponseTooLargeError, match="more than 100000 bytes"):
            http.request("GET", server.url)
        assert server.requests


def test_a_body_of_the_greatest_length() -> None:
    body = gzip.compress(b"x" * 100_000)
    with TricklingServer(ZIPPED % (len(body), body), b"") as server, client(30.0, 100_000) as http:
        response = http.request("GET", server.url)
        assert (response.status_code, response.reason_phrase, response.headers["x-a"]) == (200, "OK", "b")
        assert response.content == b"x" * 100_000
        assert str(response.url) == server.url


def test_a_deadline_goes_by_its_clock() -> None:
    ticks = itertools.count()
    deadline = Deadline(4.0, lambda: float(next(ticks)))  # every look takes a second
    assert deadline.remaining == 3.0
    assert not deadline.has_passed
    assert deadline.require_time() == 1.0
    with pytest.raises(TimeoutError):
        deadline.require_time()


def test_a_part_of_the_time_is_never_more_than_the_rest() -> None:
    deadline = Deadline(10.0, lambda: 0.0)
    assert deadline.within(3.0).remaining == 3.0
    assert deadline.within(30.0).remaining == 10.0
