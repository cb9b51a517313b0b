"""A fast mail server that only notes who got a mail: python -m tests.support.servers.mail_recorder FILE

It prints its port, and serves until its input ends. A mail counts as arrived when a line "TIME RECIPIENT" is in FILE,
which is before its sender hears of it. `--delay SECONDS` passes before that answer. Slow servers such as the one in
`mail_server.py` keep whole mails, and obey orders to misbehave.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_END = b"\r\n.\r\n"
_GREETING = b"220 recorder.example ESMTP\r\n"
_HELLO = b"250-recorder.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"


class _Dialogue(asyncio.Protocol):
    """A connection."""

    def __init__(self, record: int, delay: float) -> None:
        self._record = record
        self._delay = delay
        self._buffer = b""
        self._recipient = b""
        self._is_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._read_mail() if self._is_mail else self._read_command():
            pass

    def _read_command(self) -> bool:
        """Answer the first command. Return whether there may be more to read."""
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return False
        self._buffer = rest
        verb = line[:4].upper()
        if verb == b"EHLO":
            self._transport.write(_HELLO)
        elif verb == b"DATA":
            self._is_mail = True
            self._transport.write(b"354 go on\r\n")
        elif verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            if verb == b"RCPT":
                self._recipient = line.partition(b"<")[2].partition(b">")[0]
            self._transport.write(b"250 yes\r\n")
        return True

    def _read_mail(self) -> bool:
        """Note the mail if it is complete. Return whether there may be more to read."""
        _, end, rest = self._buffer.partition(_END)
        if not end:
            return False
        self._buffer, self._is_mail = rest, False
        os.write(self._record, b"%.3f %b\n" % (time.time(), self._recipient))
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, b"250 taken\r\n")
        else:
            self._transport.write(b"250 taken\r\n")
        return True


async def _serve(file: Path, delay: float) -> None:
    record = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Dialogue(record, delay), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


class MailRecorder:
    """The server in a process of its own, while a `with` block lasts."""

    def __init__(self, file: Path, delay: float = 0.0) -> None:
        self.file = file
        self._delay = delay

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", __spec__.name, str(self.file), f"--delay={self._delay}"]
        self._process = subprocess.Popen(
            command, cwd=Path(__file__).parents[3], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--delay", type=float, default=0.0)
    given = parser.parse_args()
    asyncio.run(_serve(given.file, given.delay))
