"""Reads the body of a request: no more of it than it may have, and no longer than a client should take."""

from __future__ import annotations

from asyncio import timeout

from starlette.requests import ClientDisconnect, Request

from publisher.named_tuple import NamedTuple

_TIMEOUT = 10.0
"""Seconds for a body, from the head of its request."""

_MAX_DISCARDED_BYTES = 4_000_000
"""How much of a body that is too long is read, so that the client gets to read the answer."""


class BodyError(NamedTuple):
    """Why a body is refused: the status of the answer, and what it says."""

    status: int
    message: str


async def read_body(request: Request, max_bytes: int) -> bytes | BodyError:
    """Return the body, or why it is refused.

    No more of it than `max_bytes` is kept in memory.
    """
    body, size = bytearray(), 0
    try:
        async with timeout(_TIMEOUT):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= max_bytes:
                    body += chunk
                elif size > _MAX_DISCARDED_BYTES:
                    break
    except TimeoutError:
        return BodyError(408, "the request took too long")
    except ClientDisconnect:
        return BodyError(400, "the request is incomplete")
    return bytes(body) if size <= max_bytes else BodyError(413, "the request is too long")
