"""Processes that send, each as on a machine of its own: started, killed, suspended, and stopped in the end."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from types import TracebackType
from typing import Self

from tests.simulate.letter import Letter

_STOP_SECONDS = 60
_MISTAKES = (1, 2, 70)
"""Exit codes of a command that cannot work, however often it is started."""


class ProcessGroup:
    """At most `size` processes at a time that run the command `words`, while a `with` block lasts.

    One that was killed, or has ended by itself, is replaced by `refill`, as a new machine. Each has a folder with
    nothing but publisher.toml. `env` is for all of them. What they print is in the file `log`.
    """

    def __init__(self, letter: Letter, words: Sequence[str], size: int, log: Path, **env: str) -> None:
        self._letter = letter
        self._words = words
        self._size = size
        self._log = log.open("ab")
        self._env = env
        self._numbers = count(1)
        self._living: list[Popen[bytes]] = []
        self._suspended: list[Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.refill()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End those that are left, whatever happened."""
        self.resume()
        for process in self._living:
            process.kill()
            process.wait()
        self._log.close()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._living]

    def refill(self) -> None:
        """Replace those that have ended. Raises RuntimeError if that is of no use."""
        for process in [one for one in self._living if one.poll() is not None]:
            self._living.remove(process)
            if process.returncode in _MISTAKES:
                raise RuntimeError(f"exit {process.returncode}: {Path(self._log.name).read_text()[-2000:]}")
        while len(self._living) < self._size:
            name = f"machine{next(self._numbers)}"
            folder = self._letter.new_machine(name)
            process = self._letter.start(*self._words, folder=folder, log=self._log, MACHINE=name, **self._env)
            self._living.append(process)

    def kill(self, number: int) -> bool:
        """Kill one of them. Return whether it was still alive."""
        process = self._living.pop(number % len(self._living))
        process.kill()
        return process.wait() == -signal.SIGKILL

    def suspend(self, number: int) -> None:
        """Stop one as a machine that is frozen, until `resume`; meanwhile another takes its place."""
        process = self._living.pop(number % len(self._living))
        process.send_signal(signal.SIGSTOP)
        self._suspended.append(process)

    def resume(self) -> None:
        """Let those go on that are suspended, as some more than `size`."""
        for process in self._suspended:
            process.send_signal(signal.SIGCONT)
            self._living.append(process)
        self._suspended.clear()

    def stop(self) -> list[int]:
        """Ask all to stop. Return their exit codes; one that does not stop within a minute has -9."""
        for process in self._living:
            process.terminate()
        end = time.monotonic() + _STOP_SECONDS
        codes = []
        for process in self._living:
            try:
                codes.append(process.wait(max(0.0, end - time.monotonic())))
            except TimeoutExpired:
                process.kill()
                codes.append(process.wait())
        self._living.clear()
        return codes


def read_peak_memory(pid: int) -> int:
    """Return the most memory, in bytes, that a living process has held so far; 0 if it has ended. Linux only."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
