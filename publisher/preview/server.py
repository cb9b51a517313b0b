"""Serves the preview on loopback, at a port of its own, with a token that is new in each run."""

from __future__ import annotations

import logging
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

import uvicorn

from publisher.errors import ConfigError
from publisher.preview.app import Broadcast, PreviewApp
from publisher.preview.guard import Guard
from publisher.preview.previewer import Previewer
from publisher.preview.worker import PreviewWorker

_SHUTDOWN_SECONDS = 2
_SWITCH_SECONDS = 0.0002
"""For so long the thread that renders keeps the one that answers waiting."""


@contextmanager
def run_preview(previewer: Previewer, path: str, port: int = 0) -> Iterator[str]:
    """Show the issue in a file until the end of the block; yields the URL of the page.

    `port` is 0 for any that is free. Raises ConfigError if it cannot be used.
    """
    broadcast = Broadcast()
    worker = PreviewWorker(previewer, path, broadcast.publish)
    token = secrets.token_urlsafe(24)
    with closing(_bind(port)) as listener:
        bound = listener.getsockname()[1]
        settings = uvicorn.Config(
            Guard(PreviewApp(worker, broadcast).build(), bound, token),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
        server = uvicorn.Server(settings)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        worker.start()
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound}/?token={token}"
        finally:
            broadcast.publish(None)
            # a page that reads nothing, as in a tab that sleeps, is cut off, which is no error
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            server.should_exit = True
            thread.join(_SHUTDOWN_SECONDS + 1)
            worker.close()
            sys.setswitchinterval(interval)


def _bind(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise ConfigError(f"cannot listen on 127.0.0.1:{port}: {reason}", "choose another --port") from None
