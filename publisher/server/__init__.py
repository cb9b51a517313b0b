"""The site and the state of the daemon over HTTP, for those without a web server: `[server] listen`.

    /healthz    200 while the clock ticks, else 503
    /metrics    what Prometheus collects
    /…          the folder that a web server shows

It speaks plain HTTP, and waits for readers as long as they like: the world belongs in front of a web server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.config import ListenAddress
from publisher.errors import ConfigError
from publisher.server.state import DaemonState

if TYPE_CHECKING:
    from socket import socket

# more would take the open files that the ledger and the channels need
_MAX_CONNECTIONS = 128
_SHUTDOWN_TIMEOUT = 5
"""Seconds that answers under way have left at the end."""


@contextmanager
def run_server(listen: ListenAddress, folder: Path, state: Callable[[], DaemonState]) -> Iterator[str]:
    """Serve, in a thread, as long as the context lasts; gives the address, as `http://127.0.0.1:8080/`.

    `folder` need not be there yet. `state` is called in other threads than this one, for each request of
    /healthz and /metrics; when it raises, the answer is 503. Raises ConfigError when the extra `serve` is
    not installed or the place cannot be listened at.
    """
    from threading import Thread

    try:
        import uvicorn

        from publisher.server.app import build_app
    except ImportError:
        raise ConfigError(
            "[server] listen needs starlette and uvicorn", "pip install 'newsletter-publisher[server]'"
        ) from None
    settings = uvicorn.Config(
        build_app(folder, state),
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT,
    )
    with _open_socket(listen) as place:
        server = uvicorn.Server(settings)
        thread = Thread(target=server.run, kwargs={"sockets": [place]}, name="http", daemon=True)
        thread.start()
        try:
            yield _format_server_url(listen.host, place.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(_SHUTDOWN_TIMEOUT + 1)


def build_exposure_warning(listen: ListenAddress) -> str:
    """What to warn of when other machines may reach the place; else nothing."""
    if listen.is_loopback:
        return ""
    return (
        f'[server] listen = "{listen}" shows the site, /healthz and /metrics to other machines, unencrypted'
    )


def _open_socket(listen: ListenAddress) -> socket:
    import socket

    try:
        found = socket.getaddrinfo(*listen, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(found[0][4][:2], family=found[0][0], backlog=_MAX_CONNECTIONS)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise ConfigError(
            f"cannot listen at {listen}: {reason}", "choose another place: [server] listen"
        ) from None


def _format_server_url(host: str, port: int) -> str:
    return f"http://{ListenAddress(host, port)}/"
