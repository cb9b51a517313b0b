"""HTTP requests for synchronous code that end at a deadline, with responses of limited size.

httpx limits each read and write alone, so a server that sends a byte of a header now and then holds its client for
ever: only its asynchronous client can be stopped from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from publisher.deadline import Deadline

if TYPE_CHECKING:
    import httpx


class RequestTracker:
    """Follows one request, to know whether it may have reached its server.

    It is httpcore's `trace`: https://www.encode.io/httpcore/extensions/#trace
    """

    def __init__(self) -> None:
        self._was_sent = False
        self._streams: list[Any] = []

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Note an event. CONNECT goes to a proxy, which opens the connection that the request needs."""
        if event.endswith("connect_tcp.complete"):
            self._streams.append(info["return_value"])
        elif event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self._was_sent = True

    async def stop(self, seconds: float) -> httpx.TimeoutException:
        """Return the error of a request that was stopped after so many seconds: ConnectTimeout if it cannot have
        reached the server, which is the case before its first byte was about to be written.

        Closes the connection, which httpcore leaves open when it is stopped in a handshake.
        """
        import httpx

        for stream in self._streams:
            await stream.aclose()
        kind = httpx.ReadTimeout if self._was_sent else httpx.ConnectTimeout
        return kind(f"no complete response within {seconds:g} seconds")


class ResponseTooLargeError(Exception):
    """The response has a longer body than is accepted; its request has reached the server."""


class HttpClient:
    """Makes requests one at a time. A `with` block opens and closes it; no connection is used twice.

    The server may close a kept connection just as it is used again, and then it is unknown whether a request
    arrived. `timeout` is the maximum for a request with its response in all, `read_timeout` for each read and
    write, both in seconds; `max_bytes` the maximum of a response's body.
    """

    def __init__(
        self, timeout: float, *, read_timeout: float, max_bytes: int, headers: Mapping[str, str] | None = None
    ) -> None:
        self._timeout = timeout
        self._read_timeout = read_timeout
        self._max_bytes = max_bytes
        self._headers = headers
        self._exit_stack = ExitStack()

    def __enter__(self) -> Self:
        import asyncio

        import httpx

        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(self._read_timeout, connect=min(10.0, self._read_timeout)),
            limits=httpx.Limits(max_keepalive_connections=0),
            headers=self._headers,
        )
        self._runner = self._exit_stack.enter_context(asyncio.Runner())
        self._exit_stack.callback(lambda: self._runner.run(self._client.aclose()))
        return self

    def __exit__(self, *error: object) -> None:
        self._exit_stack.close()

    def request(
        self, method: str, url: str, *, deadline: Deadline | None = None, follow_redirects: bool = False, **content: Any
    ) -> httpx.Response:
        """Return the response, read as a whole. It is over at `deadline`, if that is earlier than the timeout.

        Raises ResponseTooLargeError and httpx.HTTPError; its subclasses ConnectError, ConnectTimeout, PoolTimeout and
        ProxyError mean that nothing was sent. `content` is as for `httpx.Client.request`.
        """
        request = self._client.build_request(method, url, **content)
        seconds = min(self._timeout, deadline.remaining) if deadline else self._timeout
        return self._runner.run(self._send(request, seconds, follow_redirects=follow_redirects))

    async def _send(self, request: httpx.Request, seconds: float, *, follow_redirects: bool) -> httpx.Response:
        import asyncio

        tracker = RequestTracker()
        request.extensions["trace"] = tracker
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.send(request, stream=True, follow_redirects=follow_redirects)
                try:
                    return await self._read(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise await tracker.stop(seconds) from None

    async def _read(self, response: httpx.Response) -> httpx.Response:
        """Return the response with its whole body, decoded."""
        import httpx

        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._max_bytes:
                raise ResponseTooLargeError(f"the response has more than {self._max_bytes} bytes")
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-encoding"]
        return httpx.Response(
            response.status_code,
            headers=headers,
            content=bytes(body),
            request=response.request,
            extensions={"reason_phrase": response.reason_phrase.encode("ascii", "replace")},
        )
