"""Runs senders side by side, each in a thread of its own, and ends a delivery that takes too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread
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
"""How long to wait for the other results after the first, because recording several at once takes hardly longer."""

_Tasks = SimpleQueue[Callable[[Sender], None] | None]


class AddressedResult(NamedTuple):
    """The result of a delivery, and the address that it was sent to."""

    result: Result
    address: str


class _Job(Struct, frozen=True):
    """A delivery in progress; `deadline` is a time of the monotonic clock, in seconds."""

    delivery: Delivery
    address: str
    deadline: float


class SenderPool:
    """At most `size` senders, made with `make_sender` when they are needed. For one thread to use.

    They take tasks from one queue, which wakes one thread at a time, and one that has finished takes the next task
    itself: threads that are all woken at once wait for the interpreter's lock, which takes longer than an email.

    `spare` are further ones, which several pools share: `reserve` takes what is there, and `give_back` returns it.

    A delivery that takes longer than `timeout` seconds is given up: its outcome is unknown, and its thread does not
    count until it has ended. The transports of channels end earlier by themselves, and know more then.
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
        self._idle = 0
        self._closed = Semaphore(0)
        self._tasks: _Tasks = SimpleQueue()
        self._busy: dict[int, _Job] = {}
        self._finished: SimpleQueue[Result | BaseException] = SimpleQueue()
        self._have_all_finished = Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connections of the idle senders, and give back all that are spare."""
        if self._borrowed:
            self._spare.release(self._borrowed)
            self._borrowed = 0
        deadline = time.monotonic() + _CLOSE_SECONDS
        for _ in range(self._idle):
            self._tasks.put(None)
        for _ in range(self._idle):
            self._closed.acquire(timeout=max(0.0, deadline - time.monotonic()))

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
        self._take_idle()
        self._busy[delivery.id] = _Job(delivery, address, time.monotonic() + self._timeout)

        def send(sender: Sender) -> None:
            try:
                self._finished.put(sender.send(delivery, address, subscriber))
            except BaseException as error:  # it ends the job: raised by `collect`
                self._finished.put(error)
            if self._finished.qsize() >= len(self._busy):
                self._have_all_finished.set()

        self._have_all_finished.clear()
        self._tasks.put(send)

    def collect(self, wait: float) -> list[AddressedResult]:
        """Return the outcomes that are known, waiting at most `wait` seconds for the first one."""
        outcomes: list[AddressedResult] = []
        end = time.monotonic() + wait
        while self._busy and not outcomes:
            deadline = min(job.deadline for job in self._busy.values())
            outcomes += self._get_finished(min(end, deadline)) or self._give_up_late()
            if time.monotonic() >= end:
                break
        if outcomes and self._finished.qsize() < len(self._busy):
            self._have_all_finished.wait(_GATHER_SECONDS)
        while not self._finished.empty():
            outcomes += self._get_finished(0.0)
        return outcomes

    def probe(self, delivery: Delivery, address: str) -> Receipt | None:
        """Ask the platform about an unknown delivery; None if it has not arrived. No delivery must be in progress.

        Raises PublisherError if the platform does not answer in time.
        """
        self._take_idle()
        answers: SimpleQueue[Receipt | Exception | None] = SimpleQueue()

        def ask(sender: Sender) -> None:
            try:
                answers.put(sender.probe(delivery, address))
            except Exception as error:  # raised by this method
                answers.put(error)

        self._tasks.put(ask)
        try:
            answer = answers.get(timeout=self._timeout)
        except Empty:
            raise DeliveryError(f"the platform has not answered within {self._timeout:g} seconds") from None
        self._idle += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _take_idle(self) -> None:
        """Count on an idle sender for the next task, or on a new one."""
        if self._idle:
            self._idle -= 1
            return
        thread = Thread(target=self._carry_out, args=(self._make_sender(),), name="sender", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._size, self._can_borrow = max(1, len(self._busy) - self._borrowed), False
            hint = "allow the process more memory and threads"
            raise DeliveryError(f"cannot start another thread: {error}", hint) from None

    def _carry_out(self, sender: Sender) -> None:
        while task := self._tasks.get():
            task(sender)
        sender.close()
        self._closed.release()

    def _get_finished(self, end: float) -> list[AddressedResult]:
        """Return the next outcome, waiting until `end` for it (of the monotonic clock); empty if there is none."""
        try:
            result = self._finished.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            return []
        if isinstance(result, BaseException):
            raise result
        self._idle += 1
        job = self._busy.get(result.delivery.id)
        if job is None or job.delivery != result.delivery:  # given up before
            return []
        del self._busy[result.delivery.id]
        return [AddressedResult(result, job.address)]

    def _give_up_late(self) -> list[AddressedResult]:
        now = time.monotonic()
        late = [job for job in self._busy.values() if job.deadline <= now]
        for job in late:
            del self._busy[job.delivery.id]
        sender = self._make_sender()  # its thread has another one
        return [AddressedResult(sender.build_timeout(job.delivery, self._timeout), job.address) for job in late]
