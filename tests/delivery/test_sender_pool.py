"""A pool makes no more senders than it needs, and closes each."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from typing import cast

import pytest

from publisher.delivery.sender import Sender
from publisher.delivery.sender_pool import SenderPool
from publisher.ledger import Delivery, DeliveryState, Result

NOW = dt.datetime(2024, 3, 7, 8, tzinfo=dt.UTC)


class Slow:
    """Makes senders that take one delivery, the first, until `hold` is set, and others no time."""

    def __init__(self) -> None:
        self.hold = threading.Event()
        self.busy, self.closed = list[threading.Thread](), list[threading.Thread]()

    def make_sender(self) -> Sender:
        return cast("Sender", self)  # it does what a sender does, but holds no connection

    def send(self, delivery: Delivery, to: str, subscriber: object = None) -> Result:  # noqa: ARG002 - as a sender
        self.busy.append(threading.current_thread())
        if delivery.id == 1:
            assert self.hold.wait(60)
        return Result(delivery, DeliveryState.SENT, NOW)

    def build_timeout(self, delivery: Delivery, seconds: float) -> Result:  # noqa: ARG002 - as a sender
        return Result(delivery, DeliveryState.UNKNOWN, NOW)

    def close(self) -> None:
        self.closed.append(threading.current_thread())


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.hold.set()


def make(number: int) -> Delivery:
    return Delivery(number, f"reader{number}@example.org", "1", "", "", 1, NOW, NOW)


def send(pool: SenderPool, number: int) -> DeliveryState:
    pool.start(make(number), "")
    [outcome] = pool.collect(60)
    return outcome.result.state


def test_one_after_another_need_one_sender(slow: Slow) -> None:
    with SenderPool(slow.make_sender, 3, 60) as pool:
        assert {send(pool, number) for number in range(2, 9)} == {DeliveryState.SENT}
    assert len(set(slow.busy)) == 1
    assert slow.closed == slow.busy[:1]


def test_what_ends_together_is_collected_together(slow: Slow) -> None:
    with SenderPool(slow.make_sender, 3, 60) as pool:
        slow.hold.set()
        for number in (1, 2, 3):
            pool.start(make(number), f"to {number}")
        outcomes = pool.collect(60)
        while pool.in_progress:
            outcomes += pool.collect(60)
    assert sorted(outcome.address for outcome in outcomes) == ["to 1", "to 2", "to 3"]


def test_a_sender_that_was_given_up_counts_again_once_it_has_ended(slow: Slow) -> None:
    with SenderPool(slow.make_sender, 1, 1) as pool:
        assert send(pool, 1) is DeliveryState.UNKNOWN
        assert send(pool, 2) is DeliveryState.SENT  # by another thread
        slow.hold.set()
        for number in range(3, 1000):  # until they have taken turns
            assert send(pool, number) is DeliveryState.SENT
            if len(set(slow.busy[2:])) == 2:
                break
    assert len(set(slow.busy)) == 2
    assert sorted(map(id, slow.closed)) == sorted(map(id, set(slow.busy)))
