"""A mail server on this machine, in a thread of a test, that misbehaves on request: what smtp-sink does
to every mail, and what Postfix never does.
"""

from __future__ import annotations

import re
import socket
import socketserver
import ssl
import threading
from base64 import b64decode
from itertools import cycle, islice
from types import TracebackType
from typing import NamedTuple, Self

from msgspec import Struct
from msgspec.structs import replace

FEATURES = ("PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8")


class Fault(Struct):
    """What goes wrong with a command, or with CONNECT, or with the handshake of TLS, or with the mail itself:
    BODY before it is there, and `.` after. Only with the `at`-th one since the fault was given, 0 is every
    one; and only for the `reader`, if one is named.

    The server says `reply`, or hangs up when there is none. With `acts` it does what it was asked to first;
    with `hangs` it never says anything; with `trickles` it says `trickles` again and again, a byte at a time and
    for much longer than a test waits, and then hangs up.
    """

    command: str
    reply: str = ""
    at: int = 1
    reader: str = ""
    acts: bool = False
    hangs: bool = False
    trickles: bytes = b""
    seen: int = 0


class Mail(NamedTuple):
    """A mail as it came: whom MAIL and RCPT named, with what options, and the bytes between DATA and the
    dot."""

    sender: str
    reader: str
    options: str
    body: bytes


class MailServer:
    """Takes mails from anybody, or from `user` with `password` alone. With a `context` it begins TLS when
    asked to (`tls="start"`), or with the first byte (`tls="first"`)."""

    def __init__(
        self,
        features: tuple[str, ...] = FEATURES,
        *,
        user: str = "",
        password: str = "",
        context: ssl.SSLContext | None = None,
        tls: str = "start",
    ) -> None:
        self.features = features
        self.login = f"\0{user}\0{password}" if user else ""
        self.context = context
        self.tls = tls
        self.mechanism = "PLAIN"
        """Of AUTH; only PLAIN lets anyone in."""
        self.repeats = False
        """Whether it repeats the login that it refuses."""
        self.mails: list[Mail] = []
        self.commands: list[str] = []
        self.writes: list[bytes] = []
        """What came at once, but for mails."""
        self.connections = 0
        self.faults: list[Fault] = []
        self.pieces = 0
        """How many bytes it has let trickle."""
        self.has_given_up = False
        """Whether it has said all that it lets trickle."""
        self.stopped = threading.Event()
        self.lock = threading.Lock()

    def script(self, *faults: Fault) -> None:
        """From now on these faults, and no others."""
        with self.lock:
            self.faults = [replace(fault) for fault in faults]

    def fault(self, command: str, reader: str = "") -> Fault | None:
        """What goes wrong now."""
        with self.lock:
            for fault in self.faults:
                if fault.command == command and fault.reader in ("", reader):
                    fault.seen += 1
                    if fault.at in (0, fault.seen):
                        return fault
        return None

    @property
    def readers(self) -> list[str]:
        return [mail.reader for mail in self.mails]

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"smtp{'s' if self.context and self.tls == 'first' else ''}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Dialogue(outer, self.request).run()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

            def handle_error(self, request: object, client_address: object) -> None:
                """The other side hung up."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


_PAUSE, _MOST_PIECES = 0.02, 3000
"""Seconds between the bytes of what trickles, and how many there are."""


class _Goodbye(Exception):  # noqa: N818
    """The connection ends here."""


class _Dialogue:
    """A connection."""

    def __init__(self, server: MailServer, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.buffer = b""
        self.is_in = not server.login
        self.sender: str | None = None
        self.options = self.reader = ""

    def run(self) -> None:
        server = self.server
        with server.lock:
            server.connections += 1
        try:
            if server.context and server.tls == "first":
                self.begin_tls(server.context)
            self.say("CONNECT", "220 tide.example.org ESMTP")
            while True:
                self.obey(self.line())
        except (_Goodbye, OSError):
            pass
        finally:
            self.connection.close()

    def obey(self, line: str) -> None:
        with self.server.lock:
            self.server.commands.append(line)
        verb = line.split(" ")[0].upper()
        if verb == "QUIT":
            self.say("QUIT", "221 bye")
            raise _Goodbye
        act = getattr(self, f"do_{verb.lower()}", None)
        if act:
            act(line)
        else:
            self.say(verb, "502 5.5.1 no such command")

    def do_ehlo(self, _: str) -> None:
        offers = [*self.server.features]
        if self.server.context and self.server.tls == "start" and not isinstance(self.connection, ssl.SSLSocket):
            offers.append("STARTTLS")
        if self.server.login:
            offers.append(f"AUTH {self.server.mechanism}")
        lines = ["tide.example.org", *offers]
        last = len(lines) - 1
        self.say("EHLO", "\r\n".join(f"250{'-' if n < last else ' '}{one}" for n, one in enumerate(lines)))

    def do_helo(self, _: str) -> None:
        self.say("HELO", "250 tide.example.org")

    def do_starttls(self, _: str) -> None:
        assert self.server.context
        self.say("STARTTLS", "220 go on")
        self.begin_tls(self.server.context)

    def begin_tls(self, context: ssl.SSLContext) -> None:
        if fault := self.server.fault("TLS"):
            self.connection.recv(65536)  # the hello: what comes before it may be read with the reply to STARTTLS
            self.answer(fault, "")
        self.connection = context.wrap_socket(self.connection, server_side=True)

    def do_auth(self, line: str) -> None:
        said = [line]
        if self.server.mechanism == "PLAIN":
            self.is_in = b64decode(line.split(" ")[-1]).decode() == self.server.login
        else:
            self.connection.sendall(b"334 VGlkZQ==\r\n")
            said.append(self.line())
        refusal = f"unrecognized: {' / '.join(said)}" if self.server.repeats else "Error: authentication failed"
        self.say("AUTH", "235 2.7.0 welcome" if self.is_in else f"535 5.7.8 {refusal}")

    def do_noop(self, _: str) -> None:
        self.say("NOOP", "250 2.0.0 yes")

    def do_rset(self, _: str) -> None:
        self.sender, self.reader = None, ""
        self.say("RSET", "250 2.0.0 forgotten")

    def do_mail(self, line: str) -> None:
        found = re.fullmatch(r"MAIL FROM:<([^<>]*)>(.*)", line)
        if not self.is_in:
            self.say("MAIL", "530 5.7.0 log in first")
        elif not found or self.sender is not None:
            self.say("MAIL", "503 5.5.1 not now")
        elif self.say("MAIL", "250 2.1.0 yes"):
            self.sender, self.options = found[1], found[2].strip()

    def do_rcpt(self, line: str) -> None:
        found = re.fullmatch(r"RCPT TO:<([^<>]*)>", line)
        reader = found[1] if found else ""
        if self.sender is None or not reader:
            self.say("RCPT", "503 5.5.1 MAIL first")
        elif self.say("RCPT", "250 2.1.5 yes", reader):
            self.reader = reader

    def do_data(self, _: str) -> None:
        if not self.reader:
            fault = self.server.fault("DATA")
            self.answer(fault, "503 5.5.1 RCPT first")
            if fault and fault.reply.startswith("354"):  # it wants a mail, though for nobody: RFC 2920, 3.1
                while self.line() != ".":
                    pass
                self.say(".", "554 5.5.1 no reader")
            return
        if not self.say("DATA", "354 go on", self.reader):
            return
        reader = self.reader
        if fault := self.server.fault("BODY", reader):
            for _ in range(_MOST_PIECES if fault.trickles else 1):
                self.connection.recv(1000)
                self.server.stopped.wait(_PAUSE)
            raise _Goodbye
        while not (self.buffer == b".\r\n" or self.buffer.endswith(b"\r\n.\r\n")):  # a lone dot is an empty mail
            self.fill()
        mail = Mail(self.sender or "", reader, self.options, self.buffer[:-3].replace(b"\r\n..", b"\r\n."))
        self.buffer = b""
        self.sender, self.reader = None, ""
        fault = self.server.fault(".", reader)
        if fault is None or fault.acts:
            with self.server.lock:
                self.server.mails.append(mail)
        self.answer(fault, "250 2.0.0 Ok: queued")

    # ------------------------------------------------------------------ bytes

    def say(self, command: str, reply: str, reader: str = "") -> bool:
        """Answer; whether what was asked for is done."""
        fault = self.server.fault(command, reader)
        self.answer(fault, reply)
        return fault is None or fault.acts

    def answer(self, fault: Fault | None, reply: str) -> None:
        if fault and fault.hangs:
            self.server.stopped.wait(30)
            raise _Goodbye
        if fault and fault.trickles:
            self.trickle(fault.trickles)
            raise _Goodbye
        if fault and not fault.reply:
            raise _Goodbye
        self.connection.sendall(f"{fault.reply if fault else reply}\r\n".encode())
        if fault and fault.reply.startswith("421"):
            raise _Goodbye

    def trickle(self, piece: bytes) -> None:
        for byte in islice(cycle(piece), _MOST_PIECES):
            self.connection.sendall(bytes([byte]))
            self.server.pieces += 1
            if self.server.stopped.wait(_PAUSE):
                return
        self.server.has_given_up = True

    def fill(self) -> None:
        got = self.connection.recv(65536)
        if not got:
            raise _Goodbye
        self.buffer += got

    def line(self) -> str:
        while b"\n" not in self.buffer:
            self.fill()
            with self.server.lock:
                self.server.writes.append(self.buffer)
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.removesuffix(b"\r").decode()
