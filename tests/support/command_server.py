"""Commands in processes of their own that need not import anything, which takes longer than most of what they do.

`run_command` asks a server, `python -m tests.support.command_server`, which forks for each command. So a command knows
nothing of what the one before had in memory, as if it was started by itself. What a command had to import, the server
imports for those that follow, in the same order: after `_asyncio` alone, asyncio does not know its current task.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, NamedTuple

from publisher import failpoints
from publisher.cli.main import main

ROOT = Path(__file__).parents[2]
MAX_REQUEST = 1_000_000
"""Bytes of the arguments and the environment of a command."""


class Done(NamedTuple):
    """What a command has left: its exit code, negative if a signal ended it, and its output."""

    code: int
    out: str
    errors: str


def run_command(words: Sequence[str], folder: Path, env: Mapping[str, str]) -> Done:
    """Run `publish` with these arguments in a folder; `env` is all of its environment."""
    return _start_server().run(words, folder, env)


@functools.cache
def _start_server() -> CommandServer:
    server = CommandServer()
    atexit.register(server.close)
    return server


class CommandServer:
    """The server, as the process that uses it knows it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_REQUEST)
        self._lock = Lock()
        command = [sys.executable, "-m", "tests.support.command_server", str(theirs.fileno())]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        theirs.close()

    def run(self, words: Sequence[str], folder: Path, env: Mapping[str, str]) -> Done:
        request = json.dumps([list(words), str(folder), dict(env)]).encode()
        with TemporaryFile() as out, TemporaryFile() as errors:
            with self._lock:
                socket.send_fds(self._socket, [request], [out.fileno(), errors.fileno()])
                code = int(self._socket.recv(100))
            return Done(code, _read(out), _read(errors))

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def serve(requests: socket.socket) -> None:
    """Run commands until the other end is closed."""
    while True:
        request, streams, _, _ = socket.recv_fds(requests, MAX_REQUEST, 2)
        if not request:
            return
        learnt = os.memfd_create("modules")
        child = os.fork()
        if not child:
            requests.close()
            _become_command(*json.loads(request), streams, learnt)
        for number in streams:
            os.close(number)
        _, status = os.waitpid(child, 0)
        with open(learnt, encoding="utf-8") as names:  # noqa: PTH123 - a descriptor has no path
            names.seek(0)
            for name in names.read().split():
                with suppress(Exception):  # some are no files, such as those that a library puts there by itself
                    import_module(name)
        requests.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become_command(words: list[str], folder: str, env: dict[str, str], streams: Sequence[int], learnt: int) -> None:
    """Do what a process does that is started as `publish`, and end."""
    code = 70
    try:
        for number, stream in enumerate(streams, 1):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(folder)
        time.tzset()
        random.seed()
        failpoints._SPEC = env.get("PUBLISHER_FAILPOINT", "")
        before = {*sys.modules}
        code = main(words)
        os.write(learnt, " ".join(name for name in [*sys.modules] if name not in before).encode())
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
