"""Runs many jobs in this process and in workers; few jobs in this process alone.

A worker takes some jobs at a time, and the next ones after it has sent the results, so neither side can block on a full
pipe. Meanwhile this process runs jobs as well, one at a time: a process more would need more memory, and pass more
documents through pipes. A worker exits when the other end of its pipe is closed, whether the parent process is done or
was killed. That is why this is not a concurrent.futures.ProcessPoolExecutor: its workers were still alive seconds after
their parent was killed.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

_TaskContext = TypeVar("_TaskContext")
_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

PARALLEL_THRESHOLD = 24
"""With more jobs than this, starting processes saves time."""

_MAX_PROCESSES = 8
_MAX_JOBS = 8
"""So many are sent to a worker at a time. It seldom has to wait for the next ones then: this process sends them only
between two jobs of its own."""


class ProcessPool(Generic[_TaskContext]):
    """Runs jobs with a context: an object with all that the jobs need, small enough to pickle."""

    def __init__(self, context: _TaskContext) -> None:
        self._context = context
        self._workers: dict[Connection, BaseProcess] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind:
            for process in self._workers.values():
                process.terminate()
        self.close()

    def close(self) -> None:
        """End the workers and free their memory. Later jobs would start new ones."""
        for connection in self._workers:
            connection.close()
        for process in self._workers.values():
            process.join()
        self._workers.clear()

    def is_parallel(self, count: int) -> bool:
        """Return whether `count` jobs are run in several processes."""
        return count > PARALLEL_THRESHOLD and _count_processors() > 1

    def map_unordered(
        self, task: Callable[[_TaskContext, _Job], _Result], jobs: Iterable[_Job], count: int
    ) -> Iterator[_Result]:
        """Yield the results of `count` jobs, in any order. Jobs are taken from `jobs` when a process is free.

        Raises RuntimeError if a job fails in a worker: `task` must not raise.
        """
        if self.is_parallel(count):
            return self._map_in_processes(task, jobs, count)
        return (task(self._context, job) for job in jobs)

    def _map_in_processes(
        self, task: Callable[[_TaskContext, _Job], _Result], jobs: Iterable[_Job], count: int
    ) -> Iterator[_Result]:
        from multiprocessing.connection import wait

        remaining = iter(jobs)
        if not self._workers:
            # modules imported by the first job are shared by the workers forked after it
            yield from (task(self._context, job) for job in islice(remaining, 1))
            self._start_workers()
        size = max(1, min(_MAX_JOBS, count // (4 * len(self._workers))))
        busy = {worker for worker in self._workers if _send_jobs(worker, task, remaining, size)}
        while busy:
            ready = wait(busy, timeout=0)
            if not ready:
                done_here = [task(self._context, job) for job in islice(remaining, 1)]
                yield from done_here
                ready = wait(busy, timeout=0 if done_here else None)
            for worker in cast("list[Connection]", ready):
                results, failure = _receive_results(worker)
                if failure:
                    raise RuntimeError(failure)
                if not _send_jobs(worker, task, remaining, size):
                    busy.remove(worker)
                yield from results

    def _start_workers(self) -> None:
        from multiprocessing import get_context
        from threading import active_count

        # fork shares what is loaded already, but is safe only on Linux and if no other thread is running
        use_fork = sys.platform == "linux" and active_count() == 1
        context: Any = get_context("fork" if use_fork else "spawn")
        gc.freeze()  # garbage collection would write to shared memory pages, and so copy them
        for _ in range(min(_count_processors(), _MAX_PROCESSES) - 1):
            parent_end, worker_end = context.Pipe()
            # a forked worker inherits the parent end too, and must close it to notice when we exit
            process = context.Process(
                target=_run_worker, args=(worker_end, parent_end if use_fork else None, self._context)
            )
            process.start()
            worker_end.close()
            self._workers[parent_end] = process


def _count_processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not available on every system
        return os.cpu_count() or 1


def _send_jobs(worker: Connection, task: object, jobs: Iterator[object], count: int) -> bool:
    """Give a worker the next jobs; return False if there are none."""
    sent = [*islice(jobs, count)]
    if sent:
        worker.send((task, sent))
    return bool(sent)


def _receive_results(worker: Connection) -> tuple[list[Any], str]:
    """Return a worker's results and an error text, empty if it succeeded."""
    try:
        answer: tuple[list[Any], str] = worker.recv()
    except (EOFError, ConnectionError):
        return [], "a worker process died, possibly out of memory"
    return answer


def _run_worker(jobs: Connection, inherited: Connection | None, context: object) -> None:
    """Run jobs until the pipe is closed."""
    import signal
    import traceback

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is handled by the parent process
    if inherited:
        inherited.close()
    while True:
        try:
            task, received = jobs.recv()
        except EOFError:
            return
        try:
            answer = ([task(context, job) for job in received], "")
        except Exception:  # reported to the parent process
            answer = ([], traceback.format_exc())
        try:
            jobs.send(answer)
        except ConnectionError:
            return
