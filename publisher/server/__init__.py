"""Serves the site and the state of the daemon over HTTP: `[server] listen`.

    /healthz    200 while the scheduler runs, else 503
    /metrics    metrics for Prometheus
    /subscribe  and the other pages for subscribers, if there is a list: see `subscriber_routes`
    /webhooks/  what providers report about bounces and complaints: see `webhook_routes`
    /…          the files of the site

Plain HTTP: put a web server in front of it for public access. `connections` limits what clients can occupy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.config import Config
from publisher.errors import ConfigError
from publisher.installation import install_command
from publisher.listen_address import ListenAddress
from publisher.server.state import DaemonState

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network
    from socket import socket

    from publisher.bounces.receiver import WebhookReceiver
    from publisher.server.subscriber_pages import SubscriberPages

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
    pages: SubscriberPages | None = None,
    webhooks: WebhookReceiver | None = None,
) -> Iterator[str]:
    """Serve in a thread until the end of the block. Yields the URL, such as `http://127.0.0.1:8080/`.

    `folder` need not exist yet. `state` is called in other threads, for each request of /healthz and
    /metrics; if it raises, the response is 503. `proxies` are the web servers in front of it, whose header
    X-Forwarded-For is trusted. `pages` are those for subscribers, `webhooks` takes what providers report. Raises
    ConfigError when the extra `server` is not installed or the address cannot be bound.
    """
    from threading import Thread

    try:
        import uvicorn

        from publisher.server.app import build_app
        from publisher.server.connections import build_protocol
        from publisher.server.subscriber_routes import build_subscriber_routes
        from publisher.server.webhook_routes import build_webhook_routes
    except ImportError:
        raise ConfigError("[server] listen needs starlette and uvicorn", install_command("server")) from None
    routes = build_webhook_routes(webhooks, proxies) if webhooks else []
    routes += build_subscriber_routes(pages, proxies) if pages else []
    settings = uvicorn.Config(
        build_app(folder, state, routes),
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


def require_private_pages(config: Config) -> None:
    """Raise ConfigError if the pages for subscribers would not be served, or not over https.

    The links to them are secrets. This server has no https, so a web server that does has to be in front of it, and has
    to be known: else all visitors would have its address, and the limits would hold for all of them together.
    """
    if config.subscribers is None or config.subscribers.url.startswith("http://"):  # that is only for this machine
        return
    if config.listen is None:
        raise ConfigError(
            "the pages of [subscribers] are not served: [server] listen is missing",
            'let the daemon serve them to your web server: [server] listen = "127.0.0.1:8080"',
        )
    if not config.proxies:
        raise ConfigError(
            "the pages of [subscribers] need a web server with https in front of the daemon",
            'name it, for one on this machine: [server] proxies = ["127.0.0.1"]',
        )


def _open_socket(listen: ListenAddress) -> socket:
    import socket

    try:
        addresses = socket.getaddrinfo(*listen, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(addresses[0][4][:2], family=addresses[0][0], backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise ConfigError(f"cannot listen on {listen}: {reason}", "choose another address: [server] listen") from None
