"""The messages that are being sent during a pass, each batch in a thread, so that none delays another channel."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Self

from publisher.calendar.calendar import ScheduledItem
from publisher.events import ChannelOutcome
from publisher.named_tuple import NamedTuple

Result = Mapping[str, ChannelOutcome] | BaseException
"""The outcomes of a batch by channel, or the error that ended it."""


class FinishedBatch(NamedTuple):
    """A batch that was published, and its result. `repeated`: an earlier attempt was reported already."""

    batch: Sequence[ScheduledItem]
    result: Result
    repeated: bool


class _Sending(NamedTuple):
    batch: Sequence[ScheduledItem]
    repeated: bool
    give_way: Event
    thread: Thread


class SendingBatches:
    """At most one batch of each channel is being sent, so that the messages of two issues do not mix.

    On exit all are waited for; after Ctrl-C only until their current deliveries have ended, because `stop` is set.
    """

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._by_channel: dict[str, _Sending] = {}
        self._finished: SimpleQueue[tuple[str, Result]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind and not issubclass(kind, Exception):
            self._stop.set()
        for sending in self._by_channel.values():
            sending.thread.join()

    @property
    def channels(self) -> frozenset[str]:
        """The channels that are busy."""
        return frozenset(self._by_channel)

    def start(
        self, batch: Sequence[ScheduledItem], send: Callable[[Event], Mapping[str, ChannelOutcome]], *, repeated: bool
    ) -> None:
        """Send a batch of one channel that is not busy. `send` gets an event, set when others shall go first."""
        channel, give_way = batch[0].key.channel, Event()

        def work() -> None:
            self._finished.put((channel, run_batch(lambda: send(give_way))))

        thread = Thread(target=work, name=f"send {channel}")
        self._by_channel[channel] = _Sending(batch, repeated, give_way, thread)
        thread.start()

    def is_about(self, item: ScheduledItem) -> bool:
        """Return whether an issue is the one that its channel is busy with."""
        return item.record.path == self._by_channel[item.key.channel].batch[0].record.path

    def let_others_go_first(self, channel: str) -> None:
        """Have the batch of a busy channel end as soon as it only waits for its own rate limits."""
        self._by_channel[channel].give_way.set()

    def wait(self, seconds: float) -> list[FinishedBatch]:
        """Return the batches that have ended, waiting so many seconds for the first one."""
        end = time.monotonic() + seconds
        finished: list[FinishedBatch] = []
        while self._by_channel:
            remaining = end - time.monotonic()
            try:
                channel, result = self._finished.get(timeout=0 if finished else max(0.0, remaining))
            except Empty:
                break
            sending = self._by_channel.pop(channel)
            sending.thread.join()
            finished.append(FinishedBatch(sending.batch, result, sending.repeated))
        return finished


def run_batch(publish: Callable[[], Mapping[str, ChannelOutcome]]) -> Result:
    """Return the outcomes of a batch, or the error that ended it."""
    try:
        return publish()
    except BaseException as error:  # raised in the thread of the pass
        return error
