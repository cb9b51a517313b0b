"""Runs senders side by side, each in a thread of its own, and ends a delivery that takes too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from queue import Empty, SimpleQueue
from threading import Semaphore, Thread
from typing import Self

from msgspec import Struct

from publisher.channel import Receipt
from publisher.delivery.sender import Sender
from publisher.errors import DeliveryError
from publisher.ledger import Delivery, Result
from publisher.named_tuple import NamedTuple
from publisher.subscription import SubscriberAddress

_CLOSE_SECONDS = 5.0
"""How long to wait for connections to be closed."""

_GATHER_SECONDS = 0.002
"""How long to wait for more results after the first, because recording several at once takes hardly longer."""

_Tasks = SimpleQueue[Callable[[], None] | None]


class AddressedResult(NamedTuple):
    """The result of a delivery, and the address that it was sent to."""

    result: Result
    address: str


class _Worker(NamedTuple):
    """A sender, and the thread that carries out its tasks."""

    sender: Sender
    tasks: _Tasks
    thread: Thread


class _Job(Struct, frozen=True):
    """A delivery in progress; `deadline` is a time of the monotonic clock, in seconds."""

    delivery: Delivery
    address: str
    worker: _Worker
    deadline: float


class SenderPool:
    """At most `size` senders, made with `make_sender` when they are needed. For one thread to use.

    `spare` are further ones, which several pools share: `reserve` takes what is there, and `give_back` returns it.

    A delivery that takes longer than `timeout` seconds is given up: its outcome is unknown, and its thread is left
    behind. The transports of channels end earlier by themselves, and know more then.
    """

    def __init__(
        self, make_sender: Callable[[], Sender], size: int, timeout: float, spare: Semaphore | None = None
    ) -> None:
        self._make_sender = make_sender
        self._size = size
        self._timeout = timeout
        self._spare = spare or Semaphore(0)
        self._borrowed = 0
        self._can_borrow = True
        self._idle: list[_Worker] = []
        self._busy: dict[int, _Job] = {}
        self._finished: SimpleQueue[Result | BaseException] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections of the idle senders, and give back all that are spare."""
        if self._borrowed:
            self._spare.release(self._borrowed)
            self._borrowed = 0
        for worker in self._idle:
            worker.tasks.put(worker.sender.close)
            worker.tasks.put(None)
        deadline = time.monotonic() + _CLOSE_SECONDS
        for worker in self._idle:
            worker.thread.join(max(0.0, deadline - time.monotonic()))

    @property
    def free(self) -> int:
        """How many deliveries can be started."""
        return max(0, self._size + self._borrowed - len(self._busy))

    def reserve(self) -> int:
        """Take all senders that are spare. Return how many deliveries can be started."""
        while self._can_borrow and self._spare.acquire(blocking=False):
            self._borrowed += 1
        return self.free

    def give_back(self) -> None:
        """Give back the spare senders that are idle, once all that was collected is recorded."""
        if number := min(self._borrowed, self.free):
            self._spare.release(number)
            self._borrowed -= number

    @property
    def in_progress(self) -> Collection[int]:
        """The ids of the deliveries that were started and not collected."""
        return self._busy.keys()

    def start(self, delivery: Delivery, address: str, subscriber: SubscriberAddress | None = None) -> None:
        """Start a delivery to an address, or to a subscriber; there must be a free sender.

        Raises DeliveryError if no thread can be started: nothing was sent.
        """
        worker = self._take_worker()
        self._busy[delivery.id] = _Job(delivery, address, worker, time.monotonic() + self._timeout)

        def send() -> None:
            try:
                self._finished.put(worker.sender.send(delivery, address, subscriber))
            except BaseException as error:  # it ends the job: raised by `collect`
                self._finished.put(error)

        worker.tasks.put(send)

    def collect(self, wait: float) -> list[AddressedResult]:
        """Return the outcomes that are known, waiting at most `wait` seconds for the first one."""
        outcomes: list[AddressedResult] = []
        end = time.monotonic() + wait
        while self._busy and not outcomes:
            deadline = min(job.deadline for job in self._busy.values())
            outcomes += self._get_finished(min(end, deadline)) or self._give_up_late()
            if time.monotonic() >= end:
                break
        end = time.monotonic() + _GATHER_SECONDS
        while outcomes and self._busy and (more := self._get_finished(end)):
            outcomes += more
        return outcomes

    def probe(self, delivery: Delivery, address: str) -> Receipt | None:
        """Ask the platform about an unknown delivery; None if it has not arrived. No delivery must be in progress.

        Raises PublisherError if the platform does not answer in time.
        """
        worker = self._take_worker()
        answers: SimpleQueue[Receipt | Exception | None] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(worker.sender.probe(delivery, address))
            except Exception as error:  # raised by this method
                answers.put(error)

        worker.tasks.put(ask)
        try:
            answer = answers.get(timeout=self._timeout)
        except Empty:
            raise DeliveryError(f"the platform has not answered within {self._timeout:g} seconds") from None
        self._idle.append(worker)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _take_worker(self) -> _Worker:
        if self._idle:
            return self._idle.pop()
        tasks: _Tasks = SimpleQueue()
        worker = _Worker(
            self._make_sender(), tasks, Thread(target=_carry_out, args=(tasks,), name="sender", daemon=True)
        )
        try:
            worker.thread.start()
        except RuntimeError as error:
            self._size, self._can_borrow = max(1, len(self._busy) - self._borrowed), False
            hint = "allow the process more memory and threads"
            raise DeliveryError(f"cannot start another thread: {error}", hint) from None
        return worker

    def _get_finished(self, end: float) -> list[AddressedResult]:
        """Return the next outcome, waiting until `end` for it (of the monotonic clock); empty if there is none."""
        try:
            result = self._finished.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            return []
        if isinstance(result, BaseException):
            raise result
        job = self._busy.get(result.delivery.id)
        if job is None or job.delivery != result.delivery:  # given up before
            return []
        del self._busy[result.delivery.id]
        self._idle.append(job.worker)
        return [AddressedResult(result, job.address)]

    def _give_up_late(self) -> list[AddressedResult]:
        now = time.monotonic()
        late = [job for job in self._busy.values() if job.deadline <= now]
        for job in late:
            del self._busy[job.delivery.id]
        return [
            AddressedResult(job.worker.sender.build_timeout(job.delivery, self._timeout), job.address) for job in late
        ]


def _carry_out(tasks: _Tasks) -> None:
    while task := tasks.get():
        task()
