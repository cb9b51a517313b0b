"""The connections of the HTTP server: how many there may be, and for how long.

A client that sends nothing, or reads nothing, occupies a connection. So a new one ends the one that has been
waiting for a request for the longest time, of its own address or of all; and when too many responses are in
progress, requests are refused, but never those for /healthz and /metrics.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import ClassVar

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from publisher.server.app import STATE_PATHS, refuse
from publisher.server.client_address import find_client

MAX_CONNECTIONS = 128
"""Of all addresses. More could use up the open files that the ledger and the channels need."""

MAX_RESPONSES = 96
"""In progress at the same time; the other connections remain for requests to come."""

MAX_PER_CLIENT = 32
"""Connections of one address, and responses to it."""

MIN_WAITING = 8
"""Connections of one address that may wait for a request, however many responses to it are in progress."""

HEAD_TIMEOUT = 10.0
"""Seconds for the head of a request, from the connection or from the response before."""

SEND_TIMEOUT = 60.0
"""Seconds in which a client must read something of a response."""


class ConnectionPool:
    """All connections of a server. `proxies` are trusted to report the address of their client."""

    def __init__(self, proxies: Sequence[IPv4Network | IPv6Network]) -> None:
        self.proxies = proxies
        self._waiting: dict[Connection, None] = {}  # in the order in which they began to wait
        self._responding: set[Connection] = set()

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._waiting or connection in self._responding

    def add(self, connection: Connection) -> None:
        """Add a new connection, which waits for a request. Close another one if there are too many."""
        if key := connection.client_key:
            own = [other for other in self._waiting if other.client_key == key]
            too_many = len(own) + 1 + self._count_responses(key) - MAX_PER_CLIENT
            for other in own[: max(0, min(too_many, len(own) + 1 - MIN_WAITING))]:
                other.abort()
        if len(self._waiting) + len(self._responding) >= MAX_CONNECTIONS:
            for other in [*self._waiting][:1]:
                other.abort()
        self._waiting[connection] = None

    def respond(self, connection: Connection) -> bool:
        """Record that a connection got a request. Return whether there is room for the response."""
        self._waiting.pop(connection, None)
        self._responding.add(connection)
        key = connection.client_key
        return len(self._responding) <= MAX_RESPONSES and not (key and self._count_responses(key) > MAX_PER_CLIENT)

    def wait(self, connection: Connection) -> None:
        """Record that the response of a connection is complete."""
        self._responding.discard(connection)
        self._waiting[connection] = None

    def remove(self, connection: Connection) -> None:
        self._waiting.pop(connection, None)
        self._responding.discard(connection)

    def _count_responses(self, key: str) -> int:
        return sum(one.client_key == key for one in self._responding)


class Connection(H11Protocol):
    """A connection in the `pool` of its server. `client_key` is the address that it counts for, as find_client
    returns it."""

    pool: ClassVar[ConnectionPool]
    client_key = ""
    _timer: TimerHandle | None = None
    _is_waiting = True
    _is_paused = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._site, self.app = self.app, self._respond
        self._peer = str((transport.get_extra_info("peername") or [""])[0])
        self.client_key = find_client(self._peer, (), self.pool.proxies)
        self.pool.add(self)
        self._start_timer(HEAD_TIMEOUT)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.pool.remove(self)
        super().connection_lost(exc)

    def abort(self) -> None:
        """Close the connection now, without what was not sent yet."""
        self.pool.remove(self)
        self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._is_paused = True
        self._start_timer(SEND_TIMEOUT)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_paused = False
        if not self._is_waiting:
            self._stop_timer()

    def _wait(self) -> None:
        """Wait for the next request, and for the client to read the rest of the response."""
        self._is_waiting = True
        self.client_key = find_client(self._peer, (), self.pool.proxies)
        self.pool.wait(self)
        self._start_timer(SEND_TIMEOUT if self.transport.get_write_buffer_size() else HEAD_TIMEOUT)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose head is complete."""
        can_respond = self in self.pool and (self._begin_response(scope) or scope["path"] in STATE_PATHS)
        try:
            await (self._site if can_respond else refuse)(scope, receive, send)
        finally:
            if self in self.pool:  # not closed meanwhile
                self._wait()

    def _begin_response(self, scope: Scope) -> bool:
        """Return whether there is room for a response, whatever it is."""
        self._is_waiting = False
        self._stop_timer()
        if self._is_paused:  # the client has not yet read the response before
            self._start_timer(SEND_TIMEOUT)
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        self.client_key = find_client(self._peer, forwarded, self.pool.proxies)
        return self.pool.respond(self)

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self.abort)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def build_protocol(proxies: Sequence[IPv4Network | IPv6Network]) -> type[Connection]:
    """Build the class of the connections of one server, for uvicorn."""

    class ServerConnection(Connection):
        pool = ConnectionPool(proxies)

    return ServerConnection
