"""Processes claim, deliver, die, wake up late and plan again, and subscribers leave, in any order: each delivery is
started once, unless nothing of it was sent, and the counts of the shards are those of the rows."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter, defaultdict

import pytest

from publisher.errors import BusyError
from publisher.ledger import Delivery, DeliveryState, Lease, LeaseLostError, Ledger, Result
from publisher.ledger.open_shards import count_shards, select_open_shards
from publisher.ledger.queries import find_status
from publisher.ledger.queues import QueueSelection
from publisher.ledger.subscriber_recipients import SubscriberSelection, drop_deliveries, unlist_deliveries
from publisher.ledger.subscribers import SubscriberRow, insert_subscribers, update_subscriber
from tests.ledger.shortcuts import KEY, MINUTE, NOON, SECOND, ended, parts, rows

NEWSLETTER = KEY.issue.rpartition("/")[0]
NAMES = [f"{number:02}@{'slow.org' if number % 3 == 0 else 'e.org'}" for number in range(24)]
QUEUES = ("", "slow.org")
STATES = ("planned", "sending", "failed", "unknown", "dropped", "unlisted")
ENDS = (*[DeliveryState.SENT] * 5, DeliveryState.PLANNED, DeliveryState.FAILED, DeliveryState.UNKNOWN)


class History:
    """What happens to one publication, by chance."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.ledger = ledger
        self.chance = random.Random(seed)
        self.now = NOON
        self.holders: list[tuple[Lease, list[Delivery]]] = []
        self.asleep: list[tuple[Lease, list[Delivery]]] = []
        self.last_claims: dict[int, Lease] = {}
        self.given = Counter[str]()
        self.left: set[str] = set()
        people = [SubscriberRow(name, name, "", "confirmed", "1", f"tag{name[:2]}") for name in NAMES]
        with ledger.transaction() as tx:
            insert_subscribers(tx, NEWSLETTER, people)
        self.plan()

    def plan(self) -> None:
        """Plan, or plan again, unless someone is at work."""
        try:
            lease = self.ledger.claim(KEY, self.now, MINUTE)
        except BusyError:
            assert self.holders
            return
        assert not self.holders
        self.last_claims = {0: lease}  # of the publication, and with it of all shards
        chosen = SubscriberSelection(NEWSLETTER, self.now)
        self.ledger.plan(
            *(lease, parts(a="one"), chosen, self.now),
            keep_content=False,
            find_lane=lambda to: (domain := to.rpartition("@")[2], domain if domain in QUEUES else ""),
            shard_size=4,
        )
        if self.chance.random() < 0.3:
            self.holders.append((lease, []))  # it delivers the publication itself
        else:
            self.ledger.release(lease, self.now)

    def claim(self) -> None:
        """Claim one of the shards that are open."""
        with self.ledger.transaction() as tx:
            found = select_open_shards(tx, NEWSLETTER, KEY.channel, self.chance.choice(QUEUES), self.now, 9)
        for shard in self.chance.sample(found, min(1, len(found))):
            lease = self.ledger.claim_shard(shard.id, self.now, MINUTE, fence=shard.fence)
            assert lease, "what is said to be open is"
            assert self.ledger.claim_shard(shard.id, self.now, MINUTE) is None, "and not twice"
            self.holders.append((lease, []))
            self.last_claims |= {shard.id: lease, 0: lease}

    def turn(self) -> None:
        """Record what was sent, and start the next."""
        if self.holders:
            number = self.chance.randrange(len(self.holders))
            lease, tasks = self.holders[number]
            self.holders[number] = (lease, self.start(lease, [self.end(task) for task in tasks]))

    def start(self, lease: Lease, results: list[Result]) -> list[Delivery]:
        """Record results, and start what is next, a few at a time."""
        wanted = QueueSelection(
            *(KEY.channel, self.chance.randint(0, 5), QUEUES), subscribed=SubscriberSelection(NEWSLETTER, self.now)
        )
        started = self.ledger.checkpoint(lease, results, wanted, self.now, MINUTE).deliveries
        for task in started:
            self.given[task.recipient] += 1
            assert self.given[task.recipient] == 1, f"{task.recipient} gets it again"
            assert task.recipient not in self.left, f"{task.recipient} has left"
        return started

    def end(self, task: Delivery) -> Result:
        state = self.chance.choice(ENDS)
        if state is DeliveryState.PLANNED:  # nothing was sent
            self.given[task.recipient] -= 1
            return ended(task, state, next_at=self.now + self.chance.randint(0, 3) * SECOND, reason="later")
        return ended(task, state, reason="" if state is DeliveryState.SENT else "why")

    def release(self) -> None:
        """End well, once all is recorded."""
        if self.holders:
            lease, tasks = self.holders.pop(self.chance.randrange(len(self.holders)))
            nothing = QueueSelection(KEY.channel, 0)
            self.ledger.checkpoint(lease, [self.end(task) for task in tasks], nothing, self.now, MINUTE)
            self.ledger.release(lease, self.now)

    def sleep(self) -> None:
        """All at work are suspended for longer than their leases, or killed."""
        self.asleep += self.holders
        self.holders = []
        self.now += 2 * MINUTE

    def wake(self) -> None:
        """One that was suspended wakes up, tells what it has sent, and goes on, but for what others have claimed."""
        if self.asleep:
            lease, tasks = self.asleep.pop()
            results = [ended(task) for task in tasks]
            if self.last_claims.get(lease.shard) == lease:
                self.holders.append((lease, self.start(lease, results)))
            else:
                with pytest.raises(LeaseLostError):
                    self.start(lease, results)

    def leave(self) -> None:
        """A subscriber leaves."""
        name = self.chance.choice(NAMES)
        self.left.add(name)
        with self.ledger.transaction() as tx:
            update_subscriber(tx, NEWSLETTER, SubscriberRow(name, name, "", "left", "2", f"tag{name[:2]}"))
            if self.chance.random() < 0.5:
                drop_deliveries(tx, NEWSLETTER, name, "left the list")
            else:
                unlist_deliveries(tx, NEWSLETTER, name)

    def check_counts(self) -> None:
        """The counts are those of the rows; no shard is thought to be due later than it is."""
        found: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
        grouped = "SELECT shard, state, COUNT(*), MIN(next_at) FROM delivery GROUP BY shard, state"
        for shard, state, number, first in rows(self.ledger, grouped):
            found[shard][state] = number, first
        counted = rows(self.ledger, f"SELECT id, deliveries, {', '.join(STATES)}, next_at FROM shard ORDER BY id")
        for shard, total, *numbers, next_at in counted:
            assert sum(number for number, _ in found[shard].values()) == total
            assert numbers == [found[shard].get(state, (0, ""))[0] for state in STATES]
            assert "planned" not in found[shard] or next_at <= found[shard]["planned"][1]


@pytest.mark.parametrize("seed", range(25))
def test_each_is_given_out_once(ledger: Ledger, seed: int) -> None:
    history = History(ledger, seed)
    steps = (history.claim, history.turn, history.turn, history.turn, history.release)
    seldom = (history.sleep, history.wake, history.leave, history.plan)
    for _ in range(70):
        history.chance.choice(steps if history.chance.random() < 0.75 else seldom)()
        history.check_counts()
    history.sleep()
    for _ in range(200):  # and then someone finishes
        if not history.holders:
            history.plan() if history.chance.random() < 0.1 else history.claim()
        history.turn()
        history.now += dt.timedelta(seconds=1)
        if history.holders and not history.holders[0][1]:
            history.release()
    history.check_counts()
    found = find_status(ledger, KEY)
    assert found
    assert (found.counts.planned, found.counts.sending) == (0, 0)
    assert found.counts.total == len(NAMES), "none is lost"
    assert found.done == (not found.counts.failed + found.counts.unknown)
    with ledger.transaction() as tx:
        queues = count_shards(tx, NEWSLETTER)
    assert [(one.channel, one.queue) for one in queues] == [(KEY.channel, queue) for queue in QUEUES]
    assert sum(one.deliveries.sent for one in queues) == found.counts.sent
