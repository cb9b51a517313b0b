"""Postfix's smtp-sink: a mail server that takes all mails and keeps what came over the wire."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

PROGRAM = "/usr/sbin/smtp-sink"


class Taken(NamedTuple):
    """A mail: what MAIL and RCPT said, and its bytes, with LF for CRLF."""

    sender: str
    reader: str
    body: bytes


class SmtpSink:
    """Runs it with some of its options: -r and -f NAME refuse a command, -q and -Q hang up, `.` is the end
    of a mail; -p, -8 and -e offer less. With `keeps` its mails can be asked for. It can be stopped and
    started again, on the same port."""

    def __init__(self, *options: str, keeps: bool = True) -> None:
        self._options = options
        self._keeps = keeps
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp())
        self._folder.chmod(0o777)  # it gives up the rights of root
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self, *options: str) -> None:
        """Serve, with other options if some are given."""
        self._options = options or self._options
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        dump = ["-D", str(self._dump)] if self._keeps else []
        self._process = subprocess.Popen(
            [PROGRAM, *user, *self._options, *dump, f"127.0.0.1:{self.port}", "256"], stderr=subprocess.DEVNULL
        )
        wait_for(self.port, self._process)

    def stop(self) -> None:
        """Hang up on everybody."""
        self._process.terminate()
        self._process.wait()

    @property
    def _dump(self) -> Path:
        return self._folder / "dump"

    @property
    def mails(self) -> list[Taken]:
        """What came, even what was refused in the end."""
        body = self._dump.read_bytes() if self._dump.exists() else b""
        return [
            Taken(_named(b"X-Mail-Args", one), _named(b"X-Rcpt-Args", one), _mail(one))
            for one in re.split(rb"(?m)^(?=X-Client-Addr: )", body)[1:]
        ]

    @property
    def readers(self) -> Counter[str]:
        """How many mails came for whom."""
        return Counter(mail.reader for mail in self.mails)


_numbers = count(os.getpid() * 101)


def free_port() -> int:
    """Return a port of this machine on which nothing listens, another one each time.

    It is below those that the system gives to a socket that asks for any (on Linux they begin at 32768), and other
    processes begin elsewhere: it is not taken before a server has started.
    """
    while True:
        port = 12_000 + next(_numbers) % 20_000
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(port: int, server: subprocess.Popen[Any] | None = None) -> None:
    """Wait until somebody listens on a port of this machine, or `server` has ended."""
    end = time.monotonic() + 300
    while time.monotonic() < end and (server is None or server.poll() is None):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on port {port}")


def _named(header: bytes, mail: bytes) -> str:
    found = re.search(rb"^" + header + rb": <([^>]*)>", mail, re.MULTILINE)
    return found[1].decode() if found else ""


def _mail(mail: bytes) -> bytes:
    """The mail without the lines that smtp-sink puts before and behind it."""
    lines = mail.split(b"\n")
    start = next(n for n, line in enumerate(lines) if not re.match(rb"X-|Received:|\t|Return-Path:", line))
    return b"\n".join(lines[start:]).removesuffix(b"\n")
