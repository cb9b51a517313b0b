"""Serves the site and the state of the daemon over HTTP: `[server] listen`.

    /healthz    200 while the scheduler runs, else 503
    /metrics    metrics for Prometheus
    /…          the files of the site

Plain HTTP: put a web server in front of it for public access. `connections` limits what clients can occupy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.errors import ConfigError
from publisher.installation import install_command
from publisher.listen_address import ListenAddress
from publisher.server.state import DaemonState

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network
    from socket import socket

_BACKLOG = 128
"""Connections that the system keeps until they are accepted, and that are accepted at once."""

_SHUTDOWN_TIMEOUT = 5
"""Seconds for responses in progress to finish at shutdown."""


@contextmanager
def run_server(
    listen: ListenAddress,
    folder: Path,
    state: Callable[[], DaemonState],
    proxies: Sequence[IPv4Network | IPv6Network] = (),
) -> Iterator[str]:
    """Serve in a thread until the end of the block. Yields the URL, such as `http://127.0.0.1:8080/`.

    `folder` need not exist yet. `state` is called in other threads, for each request of /healthz and
    /metrics; if it raises, the response is 503. `proxies` are the web servers in front of it, whose header
    X-Forwarded-For is trusted. Raises ConfigError when the extra `server` is not installed or the address
    cannot be bound.
    """
    from threading import Thread

    try:
        import uvicorn

        from publisher.server.app import build_app
        from publisher.server.connections import build_protocol
    except ImportError:
        raise ConfigError("[server] listen needs starlette and uvicorn", install_command("server")) from None
    settings = uvicorn.Config(
        build_app(folder, state),
        http=build_protocol(proxies),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # a warning for each invalid request would fill the log
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT,
    )
    with _open_socket(listen) as listener:
        server = uvicorn.Server(settings)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True)
        thread.start()
        try:
            yield f"http://{ListenAddress(listen.host, listener.getsockname()[1])}/"
        finally:
            server.should_exit = True
            thread.join(_SHUTDOWN_TIMEOUT + 1)


def build_exposure_warning(listen: ListenAddress) -> str:
    """Return a warning if other machines can reach the server, else ""."""
    if listen.is_loopback:
        return ""
    return f'[server] listen = "{listen}" exposes the site, /healthz and /metrics to other machines, unencrypted'


def _open_socket(listen: ListenAddress) -> socket:
    import socket

    try:
        addresses = socket.getaddrinfo(*listen, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(addresses[0][4][:2], family=addresses[0][0], backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise ConfigError(f"cannot listen on {listen}: {reason}", "choose another address: [server] listen") from None
