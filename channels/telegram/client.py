"""python-telegram-bot's Bot for synchronous code: one call at a time.

https://docs.python-telegram-bot.org/en/stable/telegram.bot.html
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

from publisher.credentials import Reference, resolve_secret

if TYPE_CHECKING:
    import httpx
    from telegram import Bot

CALL_TIMEOUT = 40.0
"""For a call in all, from the connection to the end of the answer, in seconds."""

READ_TIMEOUT = 30.0
"""How long to wait for the answer once the whole call was sent, in seconds."""

_T = TypeVar("_T")


class BotClient:
    """A bot at a Bot API server. `token` is a reference to its token, `api` the URL of the server."""

    def __init__(self, token: Reference, api: str) -> None:
        self._token = token
        self._api = api.rstrip("/")
        self._exit_stack = ExitStack()

    def __enter__(self) -> Self:
        """Resolve the token, without a call. Raises ConfigError if it cannot be read."""
        import asyncio
        import os

        token = resolve_secret(self._token)
        os.environ["PTB_TIMEDELTA"] = "true"  # otherwise every 429 logs a warning about a future change of RetryAfter
        from telegram import Bot

        from publisher.channels.telegram.request import BotApiRequest

        request = BotApiRequest(
            CALL_TIMEOUT,
            limits=_build_connection_limits(),
            connect_timeout=10.0,
            write_timeout=20.0,
            read_timeout=READ_TIMEOUT,
            pool_timeout=5.0,
        )
        # no `async with`: it would call getMe in every session
        self._bot = Bot(token, f"{self._api}/bot", request=request, get_updates_request=request)
        self._exit_stack.enter_context(_silence_logging())
        self._runner = self._exit_stack.enter_context(asyncio.Runner())
        self._exit_stack.callback(lambda: self._runner.run(request.shutdown()))
        return self

    def __exit__(self, *error: object) -> None:
        self._exit_stack.close()

    def call(self, request: Callable[[Bot], Coroutine[Any, Any, _T]]) -> _T:
        """Return the bot's answer, after `CALL_TIMEOUT` seconds at the latest.

        Raises what BotApiRequest and python-telegram-bot raise, which may contain the token.
        """
        return self._runner.run(request(self._bot))


def _build_connection_limits() -> httpx.Limits:
    """Never reuses a connection: the server may close a kept one while it is being used again, and then it is
    unknown whether the message arrived."""
    import httpx

    return httpx.Limits(max_connections=1, max_keepalive_connections=0)


@contextmanager
def _silence_logging() -> Iterator[None]:
    """python-telegram-bot logs answers that are not JSON; without a handler Python prints them."""
    import logging

    log, handler = logging.getLogger("telegram"), logging.NullHandler()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
