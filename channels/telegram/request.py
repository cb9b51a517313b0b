"""The HTTP requests of python-telegram-bot: they end at a deadline, and their responses are checked before the
library interprets them.

The library goes by the status alone: it takes the error page of a proxy for a refusal by Telegram, and a 429
without a time to wait for an error whose outcome is unknown.
"""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from telegram.error import RetryAfter, TelegramError, TimedOut
from telegram.request import HTTPXRequest

from publisher.http_client import RequestTracker

if TYPE_CHECKING:
    import httpx

_DEFAULT_WAIT = 1


class ForeignResponseError(TelegramError):
    """The response is not the Bot API's: a proxy answers, or a server that has no Bot API."""

    def __init__(self, status: int) -> None:
        phrase = HTTPStatus(status).phrase if status in {*HTTPStatus} else ""
        super().__init__(f"a proxy answers instead of Telegram ({status} {phrase}".rstrip() + ")")


class BotApiRequest(HTTPXRequest):
    """Raises RetryAfter for every 429, ForeignResponseError for a body that is not the Bot API's, and else what
    python-telegram-bot raises.

    `timeout` is the maximum for a request with its response in all, in seconds: the limits of the library are for each
    read and write. The other arguments are those of the library.
    """

    def __init__(self, timeout: float, *, limits: httpx.Limits, **settings: float) -> None:
        self._timeout = timeout
        self._tracker = RequestTracker()
        # **settings are the timeouts, which mypy takes for every parameter of the class
        super().__init__(**settings, httpx_kwargs={"limits": limits, "event_hooks": {"request": [self._track]}})  # type: ignore[arg-type]

    async def _track(self, request: httpx.Request) -> None:
        request.extensions["trace"] = self._tracker

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Return status and body, as the library's own method does."""
        import asyncio

        self._tracker = RequestTracker()
        try:
            async with asyncio.timeout(self._timeout):
                status, body = await super().do_request(*args, **kwargs)
        except TimeoutError:
            raise TimedOut from await self._tracker.stop(self._timeout)
        _check_response(status, body)
        return status, body


def _check_response(status: int, body: bytes) -> None:
    """Raise RetryAfter or ForeignResponseError, if the response is a reason to.

    A 429 means that the call was not processed, also when it comes from a proxy.
    """
    response = _parse_response(body)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise RetryAfter(_parse_wait(response))
    is_success = 200 <= status < 300
    if response.get("ok") is not is_success or not (
        "result" in response if is_success else isinstance(response.get("description"), str)
    ):
        raise ForeignResponseError(status)


def _parse_response(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a response; an empty one for anything else."""
    try:
        value = json.loads(body.decode("utf-8", "replace"))  # as the library does
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _parse_wait(response: dict[str, Any]) -> int:
    """Return `retry_after` in seconds, at least 1; https://core.telegram.org/bots/api#responseparameters"""
    parameters = response.get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not math.isfinite(wait):
        return _DEFAULT_WAIT
    return max(_DEFAULT_WAIT, math.ceil(min(wait, 1e9)))
