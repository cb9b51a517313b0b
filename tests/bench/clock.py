"""How long a command takes and how much memory it and its children hold."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

Command = Sequence[str | Path]


@dataclass
class Job:
    """A command to measure; `before` puts things in order and is not measured. Times are in seconds: `times` by the
    clock, `cpu_times` of processors, with those of its children. It must end with one of `codes`."""

    command: Command
    folder: Path
    before: Callable[[], None] = lambda: None
    times: list[float] = field(default_factory=list)
    cpu_times: list[float] = field(default_factory=list)
    codes: tuple[int, ...] = (0,)

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )

    def run(self) -> float:
        """Run once and note the time."""
        self.before()
        begun, used = time.perf_counter(), _children_cpu()
        process = self.start()
        _, said = process.communicate()
        taken = time.perf_counter() - begun
        if process.returncode not in self.codes:
            raise SystemExit(f"{self.command} failed in {self.folder}:\n{said.decode()}")
        self.times.append(taken)
        self.cpu_times.append(_children_cpu() - used)
        return taken

    @property
    def median(self) -> float:
        return median(self.times)

    @property
    def cpu(self) -> float:
        """The median of the processor time."""
        return median(self.cpu_times)


def _children_cpu() -> float:
    """The processor time, in seconds, of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def in_turn(rounds: int, *jobs: Job) -> None:
    """Run the jobs one after the other, several rounds, so that a slow minute slows all of them."""
    for _ in range(rounds):
        for job in jobs:
            job.run()


def peak_memory(job: Job) -> int:
    """The most memory, in bytes, that the command and its children held at one moment.

    A page that several processes share counts once. Linux only: it reads /proc.
    """
    job.before()
    process = job.start()
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_held(folder) for folder in _family(process.pid)))
        time.sleep(0.02)
    return peak


def _family(session: int) -> Iterator[Path]:
    """The /proc folders of all processes of a session."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                yield folder


def _held(folder: Path) -> int:
    with suppress(OSError):
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
