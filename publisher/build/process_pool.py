"""Several processes for much work, none for little.

A worker takes one job at a time, so neither side ever waits for the other with a full pipe, and ends by
itself when the other end of its pipe closes, whether we are done or were killed.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

_TaskContext = TypeVar("_TaskContext")
_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

PARALLEL_THRESHOLD = 24
"""With more jobs than this, starting processes pays."""

_MAX_WORKERS = 8


class ProcessPool(Generic[_TaskContext]):
    """Does jobs at a desk: an object that knows all the work needs, small enough to pickle."""

    def __init__(self, context: _TaskContext) -> None:
        self._context = context
        self._workers: dict[Connection, BaseProcess] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error:
            for process in self._workers.values():
                process.terminate()
        self.close()

    def close(self) -> None:
        """Let the workers go, and with them the memory they hold. The next jobs would get new ones."""
        for connection in self._workers:
            connection.close()
        for process in self._workers.values():
            process.join()
        self._workers.clear()

    def is_parallel(self, count: int) -> bool:
        """Whether so many jobs are shared among processes."""
        return count > PARALLEL_THRESHOLD and _count_processors() > 1

    def map_unordered(
        self, task: Callable[[_TaskContext, _Job], _Result], jobs: Iterable[_Job], count: int
    ) -> Iterator[_Result]:
        """The results of `count` jobs, in any order. A job is asked for when somebody is free to do it.

        Raises RuntimeError when a worker fails: a task is not expected to raise.
        """
        if count > PARALLEL_THRESHOLD:
            gc.enable()  # which a short run does without
        if self.is_parallel(count):
            return self._map_in_processes(task, jobs)
        return (task(self._context, job) for job in jobs)

    def _map_in_processes(
        self, task: Callable[[_TaskContext, _Job], _Result], jobs: Iterable[_Job]
    ) -> Iterator[_Result]:
        from multiprocessing.connection import wait

        waiting = iter(jobs)
        if not self._workers:
            # what the first job loads, the workers forked after it share
            yield from (task(self._context, job) for job in islice(waiting, 1))
            self._start_workers()
        busy = {worker for worker in self._workers if _send_job(worker, task, waiting)}
        while busy:
            for ready in cast("list[Connection]", wait(busy)):
                result, failure = _receive_result(ready)
                if failure:
                    raise RuntimeError(failure)
                if not _send_job(ready, task, waiting):
                    busy.remove(ready)
                yield result

    def _start_workers(self) -> None:
        from multiprocessing import get_context
        from threading import active_count

        # fork shares what is loaded already, but is safe only on Linux and where no other thread runs
        fork = sys.platform == "linux" and active_count() == 1
        context: Any = get_context("fork" if fork else "spawn")
        gc.freeze()  # a collection would write to every page it looks at, and end the sharing
        for _ in range(min(_count_processors(), _MAX_WORKERS)):
            ours, theirs = context.Pipe()
            # a forked worker has our end too, and must close it to see when we are gone
            process = context.Process(
                target=_run_worker, args=(theirs, ours if fork else None, self._context)
            )
            process.start()
            theirs.close()
            self._workers[ours] = process


def _count_processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _send_job(worker: Connection, task: object, jobs: Iterator[object]) -> bool:
    """Give a worker the next job; False when there is none."""
    for job in jobs:
        worker.send((task, job))
        return True
    return False


def _receive_result(worker: Connection) -> tuple[Any, str]:
    """A worker's result, or what went wrong."""
    try:
        found: tuple[Any, str] = worker.recv()
    except (EOFError, ConnectionError):
        return None, "a worker process died, perhaps for want of memory"
    return found


def _run_worker(jobs: Connection, inherited: Connection | None, context: object) -> None:
    """What a worker does all day."""
    import signal
    import traceback

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard interrupts whoever started us
    if inherited:
        inherited.close()
    while True:
        try:
            task, job = jobs.recv()
        except EOFError:
            return
        try:
            answer = (task(context, job), "")
        except Exception:  # told to whoever waits for the result
            answer = (None, traceback.format_exc())
        try:
            jobs.send(answer)
        except ConnectionError:
            return
