"""smtplib's client, made to end at a deadline.

smtplib gives each read a timeout of its own, and reads as many lines as a server sends: one that sends a byte now
and then is read for ever. Here every read and write gets the time that is left, and a reply has a maximum size.
"""

from __future__ import annotations

import smtplib
import socket
import ssl

from publisher.deadline import Deadline

_MAX_LINE_BYTES, _MAX_REPLY_BYTES = 8192, 65536
"""A reply line has at most 512 octets by RFC 5321, section 4.5.3.1.5, and servers exceed that."""

_RECEIVE_SIZE = 16384


class SmtpClient(smtplib.SMTP):
    """An SMTP client whose reads and writes end at `deadline`, which each step may replace.

    With `context` the connection begins with TLS. Whatever ends at the deadline raises TimeoutError, an OSError.
    """

    def __init__(self, host: str, port: int, deadline: Deadline, context: ssl.SSLContext | None = None) -> None:
        """Connect, and read the greeting. Raises OSError and smtplib.SMTPException."""
        self.deadline = deadline
        self._context = context
        self._received = bytearray()
        try:
            super().__init__(host, port, local_hostname="localhost")
        except BaseException:
            self.close()
            raise

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's hook
        """Connect to the first address that accepts, each within its share of the time that is left."""
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        failure: OSError = OSError(f"{host} has no address")
        for number, (family, kind, protocol, _, address) in enumerate(found):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self.deadline.require_time() / (len(found) - number))
                connection.connect(address)
            except OSError as error:
                connection.close()
                failure = error
            except BaseException:
                connection.close()
                raise
            else:
                return self._begin_tls(connection, host) if self._context else connection
        raise failure

    def _begin_tls(self, connection: socket.socket, host: str) -> socket.socket:
        """Start TLS on a new connection. A handshake has one timeout in all, that of its socket."""
        assert self._context
        try:
            connection.settimeout(self.deadline.require_time())
            return self._context.wrap_socket(connection, server_hostname=host)
        except BaseException:
            connection.close()
            raise

    def docmd(self, cmd: str, args: str = "") -> tuple[int, bytes]:
        """Send a command and return the reply.

        TLS begins after STARTTLS: what came with its reply in clear text is forgotten, because anybody may have put
        it there, and the handshake gets the time that is left.
        """
        reply = super().docmd(cmd, args)
        if cmd == "STARTTLS" and self.sock:
            self._received.clear()
            self.sock.settimeout(self.deadline.require_time())
        return reply

    def send(self, s: bytes | str) -> None:  # type: ignore[override] # typeshed also allows other buffers
        """Send all bytes. If this raises, the last of them was not sent."""
        if not self.sock:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        rest = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)
        while rest:
            self.sock.settimeout(self.deadline.require_time())
            rest = rest[self.sock.send(rest) :]

    def getreply(self) -> tuple[int, bytes]:
        """Return the code of a reply, -1 when it has none, and its lines, joined with newlines."""
        lines: list[bytes] = []
        size = 0
        while True:
            line = self._read_line()
            size += len(line)
            if size > _MAX_REPLY_BYTES:
                raise smtplib.SMTPServerDisconnected("the server's reply is too long")
            lines.append(line[4:].strip())
            if not (code := line[:3]).isdigit():
                return -1, b"\n".join(lines)
            if line[3:4] != b"-":
                return int(code), b"\n".join(lines)

    def _read_line(self) -> bytes:
        """Return the next line with its end."""
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > _MAX_LINE_BYTES:
                raise smtplib.SMTPServerDisconnected("a line of the server's reply is too long")
            if not self.sock:
                raise smtplib.SMTPServerDisconnected("the connection is closed")
            self.sock.settimeout(self.deadline.require_time())
            received = self.sock.recv(_RECEIVE_SIZE)
            if not received:
                raise smtplib.SMTPServerDisconnected("the server closed the connection")
            self._received += received
        line = bytes(self._received[: end + 1])
        del self._received[: end + 1]
        return line
