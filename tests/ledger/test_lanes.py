"""Rate limits that hold for all processes together, and lanes that are closed for a while."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.channel import RateLimit
from publisher.ledger import Lease, Ledger
from publisher.ledger.closed_lanes import close_lane, find_closed_lanes
from publisher.ledger.lanes import take_tokens
from publisher.ledger.queues import QueueSelection
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, MINUTE, NOON, SECOND, claim, ended, parts, rows, turn

ONE_A_SECOND = RateLimit(60)
HOUR = dt.timedelta(hours=1)


def take(ledger: Ledger, limit: RateLimit, wanted: int, seconds: float) -> tuple[int, float]:
    """Take tokens so many seconds after noon. Return how many, and when there is another one."""
    with ledger.transaction() as tx:
        taken, again = take_tokens(
            tx, ledger.dialect, "post", "slow", limit, wanted, NOON + dt.timedelta(seconds=seconds)
        )
    return taken, round((again - NOON).total_seconds(), 3)


def test_tokens_come_back_one_by_one(ledger: Ledger) -> None:
    assert take(ledger, ONE_A_SECOND, 5, 0) == (1, 1.0)
    assert take(ledger, ONE_A_SECOND, 5, 0.4) == (0, 1.0)
    assert take(ledger, ONE_A_SECOND, 5, 1.0) == (1, 2.0)
    assert take(ledger, ONE_A_SECOND, 5, 60) == (1, 61.0), "no more are saved up than the burst"


def test_a_burst_is_saved_up(ledger: Ledger) -> None:
    limit = RateLimit(per_minute=30, burst=4)
    assert take(ledger, limit, 3, 0) == (3, 0.0)
    assert take(ledger, limit, 3, 0) == (1, 2.0)
    assert take(ledger, limit, 9, 5) == (2, 6.0)
    assert take(ledger, limit, 9, 100) == (4, 102.0)


def test_an_interval_separates_them(ledger: Ledger) -> None:
    limit = RateLimit(per_minute=600, burst=5, interval=1.0)
    assert take(ledger, limit, 3, 0) == (1, 1.0)
    assert take(ledger, limit, 3, 0.9) == (0, 1.0)
    assert take(ledger, limit, 3, 1.0) == (1, 2.0)


@pytest.mark.parametrize("limit", [ONE_A_SECOND, RateLimit(60, burst=3, interval=1.0)])
def test_a_clock_that_was_ahead_closes_nothing(ledger: Ledger, limit: RateLimit) -> None:
    """Another machine's clock, or this one's before it was set: the lane opens by the present one."""
    assert take(ledger, limit, 1, 86_400)[0] == 1
    taken, again = take(ledger, limit, 1, 0)
    assert taken or again <= 1
    assert take(ledger, limit, 1, 2)[0] == 1


@settings(deadline=None)  # each example makes a database
@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 9)), max_size=40), st.integers(1, 5), st.integers(6, 600))
def test_never_more_than_the_limit(steps: list[tuple[float, int]], burst: int, per_minute: int) -> None:
    """In any stretch of time: what was saved up, and what came back meanwhile."""
    limit, now = RateLimit(per_minute, burst), 0.0
    taken: list[float] = []
    with TemporaryDirectory() as folder, closing(Ledger(Path(folder) / "ledger.sqlite")) as ledger:
        for pause, wanted in steps:
            now += pause
            taken += [now] * take(ledger, limit, wanted, now)[0]
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            allowed = burst + (taken[end] - taken[start]) * per_minute / 60
            assert end - start + 1 <= allowed + 0.001


def test_processes_share_a_limit(open_ledger: Open) -> None:
    """Both ask at the same time, and get together what one would."""
    with ThreadPoolExecutor(4) as threads:
        ledgers = [open_ledger() for _ in range(4)]
        results = threads.map(
            lambda ledger: [take(ledger, RateLimit(60, burst=10), 1, 0)[0] for _ in range(10)], ledgers
        )
        assert sum(sum(taken) for taken in results) == 10


# --------------------------------------------------------------------- queues


def planned(ledger: Ledger, *recipients: str) -> Lease:
    """Plan a message to recipients whose lane is the beginning of their name; slow has a rate limit."""
    lease = claim(ledger)
    ledger.plan(
        lease,
        parts(a="one"),
        recipients,
        NOON,
        keep_content=False,
        find_lane=lambda to: (to[:4], to[:4] if to.startswith("slow") else ""),
    )
    return lease


def test_a_queue_without_a_token_holds_up_no_other(ledger: Ledger) -> None:
    lease = planned(ledger, "slow1", "slow2", "fast1", "slow3", "fast2")
    limits = {"slow": ONE_A_SECOND}
    wanted = QueueSelection(KEY.channel, 10, ledger.find_queues(lease), limits)
    first = ledger.checkpoint(lease, [], wanted, NOON, MINUTE)
    assert sorted(one.recipient for one in first.deliveries) == ["fast1", "fast2", "slow1"]
    assert first.open_at == {"slow": NOON + SECOND}
    assert first.empty == {""}
    second = ledger.checkpoint(lease, [*map(ended, first.deliveries)], wanted, NOON + SECOND, MINUTE)
    assert [one.recipient for one in second.deliveries] == ["slow2"]


def test_queues_are_those_with_planned_deliveries(ledger: Ledger) -> None:
    lease = planned(ledger, "slow1", "fast1")
    assert ledger.find_queues(lease) == {"", "slow"}
    turn(ledger, lease)
    assert ledger.find_queues(lease) == {"slow"}


# --------------------------------------------------------------- closed lanes


def test_a_closed_lane_waits_for_all_publications(ledger: Ledger) -> None:
    lease = planned(ledger, "bad.1", "good1")
    assert close_lane(ledger, lease, "bad.", NOON + HOUR, "550 5.7.1") == 1
    planned_later = claim(ledger, NOON + 2 * MINUTE)
    ledger.plan(
        planned_later,
        parts(a="one"),
        ["bad.1", "good1", "bad.2"],
        NOON,
        keep_content=False,
        find_lane=lambda to: (to[:4], ""),
    )
    assert [one.recipient for one in turn(ledger, planned_later)] == ["good1"]
    [lane] = find_closed_lanes(ledger, NOON)
    assert (lane.lane, lane.waiting, lane.until, lane.reason) == ("bad.", 2, NOON + HOUR, "550 5.7.1")
    assert find_closed_lanes(ledger, NOON + HOUR) == []
    assert find_closed_lanes(ledger, NOON, "another channel") == []


def test_a_lost_lease_closes_nothing(ledger: Ledger) -> None:
    lease = planned(ledger, "bad.1")
    claim(ledger, NOON + 2 * MINUTE)
    assert close_lane(ledger, lease, "bad.", NOON + HOUR, "550 5.7.1") == 0
    assert rows(ledger, "SELECT COUNT(*) FROM lane") == [(0,)]
