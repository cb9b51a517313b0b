"""Who can claim a shard, who a publication, and what of it is seen from outside."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from publisher.errors import BusyError
from publisher.ledger import DeliveryState, Lease, LeaseLostError, Ledger
from publisher.ledger.closed_lanes import close_lane
from publisher.ledger.metrics import find_lease_expiry
from publisher.ledger.open_shards import find_shard, select_open_shards
from publisher.ledger.queries import ResolutionChoice, find_status, resolve_deliveries, retry_deliveries
from publisher.ledger.shards import ShardRef
from publisher.ledger.unknown import find_unresolved_deliveries
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, MINUTE, NOON, SECOND, claim, ended, parts, rows, turn
from tests.support.attempts import load_attempts

NEWSLETTER = KEY.issue.rpartition("/")[0]


@pytest.fixture
def shards(ledger: Ledger) -> list[int]:
    """Three shards of two recipients each, planned and not leased."""
    lease = claim(ledger)
    ledger.plan(lease, parts(a="one"), "abcdef", NOON, keep_content=False, find_lane=find_lane, shard_size=2)
    ledger.release(lease, NOON)
    return [shard for (shard,) in rows(ledger, "SELECT id FROM shard ORDER BY number")]


def find_lane(recipient: str) -> tuple[str, str]:
    """The lane of a vowel, and no queue of its own."""
    return ("vowels" if recipient in "ae" else "", "")


def take(ledger: Ledger, shard: int, now: dt.datetime = NOON, fence: int | None = None) -> Lease:
    lease = ledger.claim_shard(shard, now, MINUTE, fence=fence)
    assert lease
    return lease


def open_now(ledger: Ledger, now: dt.datetime = NOON, limit: int = 9) -> list[int]:
    with ledger.transaction() as tx:
        return [one.id for one in select_open_shards(tx, NEWSLETTER, KEY.channel, "", now, limit)]


def test_each_gets_a_shard_of_its_own(ledger: Ledger, shards: list[int]) -> None:
    first, second = take(ledger, shards[0]), take(ledger, shards[1])
    assert (first.fence, second.fence) == (2, 3)
    assert ledger.claim_shard(shards[0], NOON, MINUTE) is None
    assert [task.recipient for task in turn(ledger, second)] == ["c", "d"]
    assert [task.recipient for task in turn(ledger, first)] == ["a", "b"]
    assert open_now(ledger) == [shards[2]]


def test_a_publication_is_busy_while_a_shard_is(ledger: Ledger, shards: list[int]) -> None:
    lease = take(ledger, shards[1])
    with pytest.raises(BusyError, match="is being published by process"):
        claim(ledger)
    found = find_status(ledger, KEY)
    assert found
    assert (found.owner.split()[0], found.leased_until) == ("process", NOON + MINUTE)
    assert find_lease_expiry(ledger) == NOON + MINUTE
    ledger.release(lease, NOON)
    assert claim(ledger).fence == 3


def test_a_shard_is_busy_while_its_publication_is(ledger: Ledger, shards: list[int]) -> None:
    lease = claim(ledger)
    assert ledger.claim_shard(shards[0], NOON, MINUTE) is None
    assert open_now(ledger) == []
    assert open_now(ledger, NOON + 2 * MINUTE) == shards
    assert take(ledger, shards[0], NOON + 2 * MINUTE).fence == lease.fence + 1
    with pytest.raises(LeaseLostError):
        turn(ledger, lease)


def test_a_job_that_comes_twice_finds_the_fence(ledger: Ledger, shards: list[int]) -> None:
    with ledger.transaction() as tx:
        job = find_shard(tx, shards[0])
        assert find_shard(tx, 99) is None
    assert job == ShardRef(shards[0], 0, "", KEY.channel, KEY.issue)
    lease = take(ledger, job.id, fence=job.fence)
    ledger.release(lease, NOON)
    assert ledger.claim_shard(job.id, NOON, MINUTE, fence=job.fence) is None
    assert take(ledger, job.id).fence == 3


def test_a_shard_with_nothing_left_is_not_claimed(ledger: Ledger, shards: list[int]) -> None:
    lease = take(ledger, shards[0])
    turn(ledger, lease, *map(ended, turn(ledger, lease)))
    ledger.release(lease, NOON)
    assert ledger.claim_shard(shards[0], NOON, MINUTE) is None
    assert open_now(ledger) == shards[1:]


def test_only_what_is_its_own_becomes_unknown(ledger: Ledger, shards: list[int]) -> None:
    first, second = take(ledger, shards[0]), take(ledger, shards[1])
    turn(ledger, first)
    tasks = turn(ledger, second)
    later = NOON + 2 * MINUTE
    assert open_now(ledger, later) == [shards[2], *shards[:2]]
    third = take(ledger, shards[0], later)
    assert [one.recipient for one in find_unresolved_deliveries(ledger, third)] == ["a", "b"]
    turn(ledger, second, *map(ended, tasks), now=later)
    found = find_status(ledger, KEY)
    assert found
    assert (found.counts.unknown, found.counts.sent, found.counts.planned) == (2, 2, 2)


def test_what_a_former_owner_of_a_shard_tells_late_is_evidence(ledger: Ledger, shards: list[int]) -> None:
    first = take(ledger, shards[0])
    a, _ = turn(ledger, first)
    take(ledger, shards[0], NOON + MINUTE)
    with pytest.raises(LeaseLostError):
        turn(ledger, first, ended(a, url="https://e.org/1"), now=NOON + MINUTE)
    found = find_status(ledger, KEY)
    assert found
    assert (found.counts.unknown, found.url) == (2, "")
    assert [one.outcome for one in load_attempts(ledger, KEY)] == ["unknown", "unknown", "sent"]


def test_the_last_shard_ends_the_publication(open_ledger: Open, shards: list[int]) -> None:
    """Also when several end at once."""
    ledgers = [open_ledger() for _ in shards]
    leases = [take(ledger, shard) for ledger, shard in zip(ledgers, shards, strict=True)]
    for ledger, lease in zip(ledgers, leases, strict=True):
        turn(ledger, lease, *map(ended, turn(ledger, lease)))
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda pair: pair[0].release(pair[1], NOON + SECOND), zip(ledgers, leases, strict=True)))
    found = find_status(ledgers[0], KEY)
    assert found
    assert (found.done, found.published) == (True, NOON + SECOND)


def test_what_is_due_later_is_not_open_until_then(ledger: Ledger, shards: list[int]) -> None:
    lease = take(ledger, shards[0])
    tasks = turn(ledger, lease)
    later = [
        ended(task, DeliveryState.PLANNED, next_at=NOON + wait * SECOND)
        for task, wait in zip(tasks, (9, 5), strict=True)
    ]
    turn(ledger, lease, *later)
    assert ledger.find_next_attempt(lease, NOON) == NOON + 5 * SECOND
    ledger.release(lease, NOON)
    assert open_now(ledger) == shards[1:]
    assert open_now(ledger, NOON + 5 * SECOND) == [*shards[1:], shards[0]]
    assert retry_deliveries(ledger, KEY, NOON) == 2
    assert open_now(ledger, limit=1) == [shards[0]]


def test_a_decision_opens_a_shard_again(ledger: Ledger, shards: list[int]) -> None:
    lease = take(ledger, shards[0])
    turn(ledger, lease, *(ended(task, DeliveryState.UNKNOWN) for task in turn(ledger, lease)))
    ledger.release(lease, NOON)
    assert open_now(ledger) == shards[1:]
    assert resolve_deliveries(ledger, KEY, ResolutionChoice.RESEND, NOON, recipient="a") == 1
    assert open_now(ledger, limit=1) == [shards[0]]


def test_a_lane_that_one_closes_is_closed_for_all(ledger: Ledger, shards: list[int]) -> None:
    first, third = take(ledger, shards[0]), take(ledger, shards[2])
    assert close_lane(ledger, first, "vowels", NOON + 60 * MINUTE, "550 5.7.1") == 1
    assert [task.recipient for task in turn(ledger, third)] == ["f"]
    assert [task.recipient for task in turn(ledger, first)] == ["b"]
