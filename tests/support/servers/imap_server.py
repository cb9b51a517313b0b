"""An IMAP server on this machine with one mailbox, in a thread of a test: what RFC 3501 says of the commands used."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from types import TracebackType
from typing import NamedTuple, Self


class Stored(NamedTuple):
    """A message in the mailbox."""

    body: bytes
    flags: frozenset[str] = frozenset()


class ImapServer:
    """Has the messages of one mailbox by UID; `expunge` deletes those marked as deleted, no matter who marked them."""

    def __init__(
        self,
        *,
        user: str = "bounces",
        password: str = "opensesame",
        folder: str = "INBOX",
        uidplus: bool = True,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.login, self.folder, self.uidplus, self.context = (user, password), folder, uidplus, context
        self.validity = 7
        self.messages: dict[int, Stored] = {}
        self.commands: list[str] = []

    def add(self, *bodies: bytes, flags: frozenset[str] = frozenset()) -> None:
        for body in bodies:
            self.messages[max(self.messages, default=0) + 1] = Stored(body, flags)

    def __enter__(self) -> Self:
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                connection = self.request
                if outer.context:
                    try:
                        connection = outer.context.wrap_socket(connection, server_side=True)
                    except OSError:  # the client does not accept the certificate
                        return
                with connection, connection.makefile("rwb", buffering=0) as stream:
                    stream.write(b"* OK ready\r\n")
                    for line in stream:
                        tag, _, command = line.decode().strip().partition(" ")
                        outer.commands.append(command)
                        stream.write(outer.answer(tag, command))
                        if command == "LOGOUT":
                            return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, tag: str, command: str) -> bytes:
        """What is said to a command; an unknown one is refused."""
        for pattern, act in (
            (r"CAPABILITY", self._capability),
            (r"LOGIN (\S+) (.+)", self._log_in),
            (r'SELECT (?:"(.+)"|(\S+))', self._select),
            (r"UID SEARCH UID (\d+):\*", self._search),
            (r"UID FETCH (\d+) \(RFC822\.SIZE\)", self._size),
            (r"UID FETCH (\d+) \(BODY\.PEEK\[\]\)", self._body),
            (r"UID STORE (\d+) \+FLAGS\.SILENT \(\\Deleted\)", self._mark),
            (r"UID EXPUNGE (\d+)", self._expunge),
            (r"LOGOUT", lambda: (b"* BYE\r\n", "OK")),
        ):
            if found := re.fullmatch(pattern, command):
                untagged, status = act(*found.groups())
                return untagged + f"{tag} {status} done\r\n".encode()
        return f"{tag} BAD unknown command\r\n".encode()

    def _capability(self) -> tuple[bytes, str]:
        has_login = any(command.startswith("LOGIN") for command in self.commands)
        more = " UIDPLUS" if self.uidplus and has_login else ""  # as most servers, only to who is logged in
        return f"* CAPABILITY IMAP4rev1{more}\r\n".encode(), "OK"

    def _log_in(self, user: str, password: str) -> tuple[bytes, str]:
        return b"", "OK" if (user, password.strip('"')) == self.login else "NO"

    def _select(self, quoted: str | None, plain: str | None) -> tuple[bytes, str]:
        if (quoted or plain) != self.folder:
            return b"", "NO"
        lines = f"* {len(self.messages)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] valid\r\n"
        return lines.encode(), "OK [READ-WRITE]"

    def _search(self, first: str) -> tuple[bytes, str]:
        found = [uid for uid in self.messages if uid >= int(first)]
        last = [max(self.messages)] if self.messages else []
        return f"* SEARCH {' '.join(map(str, found or last))}\r\n".encode(), "OK"

    def _size(self, uid: str) -> tuple[bytes, str]:
        message = self.messages.get(int(uid))
        return (f"* 1 FETCH (UID {uid} RFC822.SIZE {len(message.body)})\r\n".encode() if message else b""), "OK"

    def _body(self, uid: str) -> tuple[bytes, str]:
        body = self.messages[int(uid)].body
        return f"* 1 FETCH (UID {uid} BODY[] {{{len(body)}}}\r\n".encode() + body + b")\r\n", "OK"

    def _mark(self, uid: str) -> tuple[bytes, str]:
        message = self.messages[int(uid)]
        self.messages[int(uid)] = message._replace(flags=message.flags | {r"\Deleted"})
        return b"", "OK"

    def _expunge(self, uid: str) -> tuple[bytes, str]:
        if not self.uidplus:
            return b"", "BAD"
        if r"\Deleted" in self.messages[int(uid)].flags:
            del self.messages[int(uid)]
        return b"", "OK"
