"""A shard is delivered from what is in the ledger, by a process that has not planned it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread
from time import sleep
from typing import ClassVar

import pytest

from publisher.channel import Receipt, Rendering
from publisher.clock import Clock
from publisher.delivery import job
from publisher.delivery.job import DeliveryJob
from publisher.delivery.plan import plan_delivery
from publisher.delivery.shard_delivery import ShardOutcome, deliver_shard
from publisher.errors import BusyError, DeliveryError
from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.open_shards import is_being_delivered
from publisher.ledger.queries import find_status
from publisher.ledger.shards import ShardRef
from tests.support.fake_channel import Behaviour, Call, Letters, World, fail_on, names
from tests.support.newsletter import NOON

KEY = PublicationKey("tag:e.org,2021:n/2021-07-18", "letters", "@readers")


class Resending(Letters, frozen=True):
    """Letters that are sent again if it is unknown whether they arrived."""

    on_unknown: ClassVar[str] = "resend"


class Office:
    """A ledger with seven letters planned in shards of three, for others to deliver."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.ledger, self.world, self.stop = ledger, World(folder / "world"), Event()
        self.now, self.waited = NOON, 0.0
        self.opened: list[ShardRef] = []
        self.plan()

    def plan(self) -> None:
        channel = Letters(self.world, count=7)
        rendering = Rendering((job.Part("mail", "text/plain", b"text"),))
        todo = plan_delivery(channel, rendering, KEY, find_status(self.ledger, KEY))
        self.opened.clear()
        DeliveryJob(
            *(self.ledger, todo, self.clock, 0.0, self.stop, Event(), dt.UTC),
            on_open=lambda _, shards: self.opened.extend(shards),
        ).run()

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.wait)

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.now += dt.timedelta(seconds=seconds)

    def deliver(
        self,
        number: int,
        behaves: Behaviour | None = None,
        kind: type[Letters] = Letters,
        max_wait: float = 0.0,
        spare: Semaphore | None = None,
    ) -> ShardOutcome:
        shard = self.opened[number]
        channel = kind(self.world, behaves=behaves)
        return deliver_shard(
            *(self.ledger, channel, shard.id),
            clock=self.clock,
            stop=self.stop,
            zone=dt.UTC,
            fence=shard.fence,
            max_wait=max_wait,
            spare=spare or Semaphore(channel.concurrency - 1),
        )

    @property
    def reached(self) -> list[str]:
        return sorted(recipient for recipient, _ in self.world.sent.elements())

    def count(self, state: str) -> int:
        found = find_status(self.ledger, KEY)
        assert found
        return int(getattr(found.counts, state))


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(job, "RECIPIENTS_PER_SHARD", 3)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        yield Office(tmp_path, ledger)


def test_who_plans_for_others_sends_nothing(office: Office) -> None:
    assert len(office.opened) == 3
    assert office.reached == []
    assert office.count("planned") == 7


def test_a_shard_is_all_that_is_delivered(office: Office) -> None:
    assert office.deliver(1).sent == 3
    assert office.reached == names(3, 6)
    assert {call.text for call in office.world} == {"text"}, "the content is that of the ledger"


def test_a_job_that_comes_again_sends_nothing(office: Office) -> None:
    office.deliver(0)
    assert office.deliver(0) == ShardOutcome()
    assert len(office.reached) == 3


def test_the_last_one_completes_the_publication(office: Office) -> None:
    for number in (2, 0, 1):
        found = find_status(office.ledger, KEY)
        assert found
        assert not found.done
        office.deliver(number)
    found = find_status(office.ledger, KEY)
    assert found
    assert (found.done, found.published, found.counts.sent) == (True, NOON, 7)


def test_what_failed_for_now_is_tried_again_soon(office: Office) -> None:
    assert office.deliver(0, fail_on("", DeliveryError("busy"), times=2), max_wait=60.0).sent == 3
    assert office.waited == 1


def test_what_is_due_later_is_left_for_later(office: Office) -> None:
    outcome = office.deliver(0, fail_on("", DeliveryError("too fast", retry_after=3600), times=3), max_wait=60.0)
    assert outcome.paused_until == NOON + dt.timedelta(hours=1)
    assert (outcome.sent, office.count("planned"), office.waited) == (0, 7, 0)
    assert office.deliver(1).sent == 3
    office.now += dt.timedelta(hours=1)
    office.plan()
    assert sum(office.deliver(number).sent for number in range(len(office.opened))) == 4


def test_it_ends_after_the_deliveries_in_progress(office: Office) -> None:
    def stop(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        office.stop.set()
        return effect()

    assert office.deliver(0, stop).sent == 3
    assert office.deliver(1).sent == 0
    assert (office.count("sent"), office.count("planned"), office.count("sending")) == (3, 4, 0)


def test_shards_that_are_delivered_at_once_share_the_senders_that_are_spare(office: Office) -> None:
    spare, lock, seen = Semaphore(1), Lock(), list[tuple[int, int]]()
    in_progress: list[str] = []

    def watch(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        with lock:
            in_progress.append(call.recipient)
            seen.append((len(in_progress), office.count("sending")))
        sleep(0.02)  # the other shard begins, too
        with lock:
            in_progress.remove(call.recipient)
        return effect()

    threads = [
        Thread(target=office.deliver, args=(number, watch), kwargs={"spare": spare})
        for number in range(len(office.opened))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert office.count("sent") == 7
    assert max(number for number, _ in seen) <= len(threads) + 1, seen
    assert max(number for _, number in seen) <= len(threads) + 1, seen
    assert [spare.acquire(blocking=False) for _ in range(2)] == [True, False], "it is given back"


def test_senders_that_a_shard_does_not_need_are_there_for_others(office: Office) -> None:
    spare, first, free = Semaphore(5), Lock(), list[bool]()

    def borrow(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        if first.acquire(blocking=False):  # its three deliveries need two that are spare
            free.extend(spare.acquire(timeout=300) for _ in range(3))
            spare.release(3)
        return effect()

    assert office.deliver(0, borrow, spare=spare).sent == 3
    assert free == [True] * 3


def test_an_issue_is_being_delivered_while_a_living_process_has_a_shard(office: Office) -> None:
    def ask() -> bool:
        status = find_status(office.ledger, KEY)
        assert status
        with office.ledger.transaction() as tx:
            return is_being_delivered(tx, status.id, office.now)

    seen: list[bool] = []

    def watch(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        seen.append(ask())
        return effect()

    assert not ask()
    office.deliver(0, watch)
    assert seen == [True] * 3
    assert not ask()


def test_what_is_unknown_is_left_to_people_or_to_the_rule(office: Office) -> None:
    lost = fail_on("", ConnectionResetError("by peer"), times=1)
    assert office.deliver(0, lost).sent == 2
    assert office.count("unknown") == 1
    lost = fail_on("", ConnectionResetError("by peer"), times=1)
    assert office.deliver(1, lost, Resending).sent == 3
    assert office.count("unknown") == 1
    assert len(office.reached) == 5


def test_who_loses_the_shard_ends_quietly(office: Office) -> None:
    class Single(Letters, frozen=True):
        @property
        def concurrency(self) -> int:
            return 1

    def be_suspended(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        office.now += dt.timedelta(minutes=5)
        assert office.ledger.claim_shard(office.opened[0].id, office.now, dt.timedelta(minutes=1))
        return effect()

    assert office.deliver(0, be_suspended, Single).error is None
    assert (office.count("unknown"), office.count("planned"), len(office.reached)) == (1, 6, 1)


def test_no_one_plans_while_a_shard_is_delivered(office: Office) -> None:
    def plan(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        with pytest.raises(BusyError):
            office.ledger.claim(KEY, office.now, dt.timedelta(minutes=1))
        return effect()

    assert office.deliver(0, plan).sent == 3
