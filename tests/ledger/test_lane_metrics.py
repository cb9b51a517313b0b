"""Numbers by lane: deliveries, shards, tokens, and which providers refuse the sender."""

from __future__ import annotations

import datetime as dt

from publisher.channel import RateLimit
from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.closed_lanes import close_lane
from publisher.ledger.lane_metrics import LaneMetrics, collect_lane_metrics, find_progress
from publisher.ledger.open_shards import find_open_queues
from publisher.ledger.queries import find_status
from publisher.ledger.queues import QueueSelection
from tests.ledger.shortcuts import KEY, MINUTE, NOON, claim, ended, parts, send_all

NEWSLETTER = "tag:e.org,2021:n"
HOUR = dt.timedelta(hours=1)


def find_lane(recipient: str) -> tuple[str, str]:
    domain = recipient.rpartition("@")[2]
    return domain, domain if domain == "qq.com" else ""


def plan(ledger: Ledger, key: PublicationKey, *recipients: str) -> None:
    lease = claim(ledger, key=key)
    ledger.plan(lease, parts(a="text"), recipients, NOON, keep_content=False, find_lane=find_lane)
    ledger.release(lease, NOON)


def test_what_is_counted(ledger: Ledger) -> None:
    assert collect_lane_metrics(ledger, NEWSLETTER, NOON) == ()
    plan(ledger, KEY, "a@e.org", "b@e.org", "c@qq.com", "d@qq.com")
    plan(ledger, PublicationKey(f"{NEWSLETTER}-of-another/1", "post", "@readers"), "a@e.org")
    with ledger.transaction() as tx:
        assert find_open_queues(tx, NEWSLETTER) == [("post", ""), ("post", "qq.com")]
    lease = claim(ledger)
    limits = {"qq.com": RateLimit(60)}
    one, *_ = ledger.checkpoint(lease, [], QueueSelection("post", 10, ("qq.com",), limits), NOON, MINUTE).deliveries
    ledger.checkpoint(lease, [ended(one)], QueueSelection("post", 0), NOON, MINUTE)
    close_lane(ledger, lease, "e.org", NOON + HOUR, "550 5.7.26")
    ledger.release(lease, NOON)
    found = {lane.name: lane for lane in collect_lane_metrics(ledger, NEWSLETTER, NOON)}
    assert set(found) == {"other", "qq.com", "e.org"}
    assert found["e.org"] == LaneMetrics("post", "e.org", tokens=1.0, is_closed=True)
    qq, other = found["qq.com"], found["other"]
    assert (qq.deliveries["sent"], qq.deliveries["planned"], other.deliveries["planned"]) == (1, 1, 2)
    assert (qq.shards, other.shards) == ({"new": 0, "open": 1, "held": 0, "done": 0},) * 2
    assert (qq.tokens, qq.is_closed, other.tokens) == (0.0, False, None)
    assert [lane.name for lane in collect_lane_metrics(ledger, NEWSLETTER, NOON + HOUR)] == ["other", "qq.com"]


def test_how_far_an_issue_is(ledger: Ledger) -> None:
    plan(ledger, KEY, "a@e.org", "c@qq.com")
    status = find_status(ledger, KEY)
    assert status
    other, qq = find_progress(ledger, status.id)
    assert (other.lane, other.open, other.held, other.shards, other.deliveries.planned) == ("other", 1, 0, 1, 1)
    assert (qq.lane, qq.deliveries.total) == ("qq.com", 1)
    with ledger.transaction() as tx:
        [(shard,)] = tx.fetch_all("SELECT id FROM shard WHERE queue = 'qq.com'")
    lease = ledger.claim_shard(shard, NOON, MINUTE)
    assert lease
    assert [lane.held for lane in find_progress(ledger, status.id)] == [0, 1]
    ledger.release(lease, NOON)
    send_all(ledger, claim(ledger))
    assert [lane.deliveries.sent for lane in find_progress(ledger, status.id)] == [1, 0]
