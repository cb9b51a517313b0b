"""A running server, and a client that sends exactly the given requests."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from publisher.listen_address import ListenAddress
from publisher.server import run_server
from publisher.server.state import DaemonState
from tests.server.subscriber_site import ListSite


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes


class Daemon:
    """What the server asks for the state."""

    def __init__(self) -> None:
        self.state: DaemonState | None = None

    def __call__(self) -> DaemonState:
        if self.state is None:
            raise OSError("the disk is gone")
        return self.state


class Get:
    """get("/path", method="GET", **headers): no path is tidied up, _ in the name of a header is a hyphen."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.port = parts.hostname or "", parts.port

    def __call__(self, path: str, method: str = "GET", **headers: str) -> Answer:
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=300)) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read())


@pytest.fixture(scope="session")
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, publish: Callable[..., str]) -> Path:
    """The public folder of the sample newsletter, beside which lies a secret."""
    folder = tmp_path_factory.mktemp("server")
    publish("init", "--lang", "zh", "letter", folder=folder)
    publish(folder=folder / "letter")
    (folder / "letter" / "secret.txt").write_text("tide", "utf-8")
    return folder / "letter" / "public"


@pytest.fixture(scope="session")
def get(site: Path, daemon: Daemon) -> Iterator[Get]:
    with run_server(ListenAddress("127.0.0.1", 0), site, daemon) as address:
        yield Get(address)


@pytest.fixture
def list_site(tmp_path: Path) -> Iterator[ListSite]:
    """A newsletter with a list, whose pages are served."""
    with ListSite(tmp_path).serve() as site:
        yield site
