"""Schedule overrides, recorded alerts, and single values of the ledger."""

from __future__ import annotations

import pytest

from publisher.ledger import DeliveryState, Ledger, PublicationKey
from publisher.ledger.calendar import (
    ForcedIssue,
    ScheduleOverride,
    adopt_publications,
    find_alerted,
    find_published,
    find_ready,
    find_unfinished,
    load_forced_issues,
    load_overrides,
    record_alerts,
    record_forced,
    save_override,
)
from publisher.ledger.meta import (
    SchedulerActivity,
    get_meta,
    increment_meta,
    load_activity,
    record_heartbeat,
    record_tick,
    set_meta,
)
from publisher.ledger.queries import find_status
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, ended, turn

ISSUE = KEY.issue
LETTER = "tag:e.org,2021:n"
OTHER = PublicationKey("tag:e.org,2021:n/2021-07-04", "post", "@readers")


def test_a_decision_changes_only_what_it_is_about(ledger: Ledger) -> None:
    assert load_overrides(ledger) == {}
    save_override(ledger, ISSUE, ["post", "web"], held=True)
    save_override(ledger, ISSUE, ["post"], due=NOON)
    save_override(ledger, ISSUE, ["web"], held=False)
    save_override(ledger, OTHER.issue, ["web"], due=NOON)
    save_override(ledger, OTHER.issue, ["web"], due=NOON + MINUTE)
    assert load_overrides(ledger) == {
        (ISSUE, "post"): ScheduleOverride(True, NOON),
        (ISSUE, "web"): ScheduleOverride(False, None),
        (OTHER.issue, "web"): ScheduleOverride(False, NOON + MINUTE),
    }


def test_each_alert_is_recorded_once(ledger: Ledger, open_ledger: Open) -> None:
    both = [(ISSUE, "web"), (ISSUE, "post")]
    assert record_alerts(ledger, both[:1], "draft", "", NOON) == both[:1]
    assert record_alerts(open_ledger(), both, "draft", "", NOON) == both[1:]
    assert record_alerts(ledger, both, "draft", "", NOON) == []
    assert record_alerts(ledger, both[:1], "draft", "another reason", NOON) == both[:1]


def test_recorded_alerts_are_found(ledger: Ledger) -> None:
    record_alerts(ledger, [(ISSUE, "web"), (ISSUE, "post")], "unsound", "1 error", NOON)
    record_alerts(ledger, [(ISSUE, "post")], "unsound", "2 errors", NOON)
    record_alerts(ledger, [(OTHER.issue, "post")], "draft", "", NOON)
    assert find_alerted(ledger, "unsound") == {(ISSUE, "web"), (ISSUE, "post")}


def test_whoever_insists_is_remembered(ledger: Ledger, open_ledger: Open) -> None:
    assert load_forced_issues(ledger) == {}
    record_forced(ledger, ISSUE, "aa", "empty-url at line 5", NOON)
    record_forced(ledger, OTHER.issue, "aa", "stale-copy at line 1", NOON)
    record_forced(ledger, ISSUE, "bb", "too-long for wechat", NOON + MINUTE)
    assert load_forced_issues(open_ledger()) == {
        ISSUE: (
            ForcedIssue("aa", "empty-url at line 5", NOON),
            ForcedIssue("bb", "too-long for wechat", NOON + MINUTE),
        ),
        OTHER.issue: (ForcedIssue("aa", "stale-copy at line 1", NOON),),
    }


def test_what_is_done_and_what_is_not(ledger: Ledger) -> None:
    lease = begun(ledger, a="one", b="two")
    (a,) = turn(ledger, lease, size=1)
    assert find_published(ledger) == frozenset()
    assert find_unfinished(ledger)[KEY].counts.planned == 1
    assert find_ready(ledger, NOON) == {KEY}
    (b,) = turn(ledger, lease, ended(a))
    later = ended(b, DeliveryState.PLANNED, next_at=NOON + 2 * MINUTE)
    turn(ledger, lease, later)
    assert find_ready(ledger, NOON + MINUTE) == frozenset()
    assert find_ready(ledger, NOON + 2 * MINUTE) == {KEY}
    (b,) = turn(ledger, lease, now=NOON + 2 * MINUTE)
    turn(ledger, lease, ended(b), size=0)
    ledger.release(lease, NOON)
    assert find_published(ledger) == {KEY}
    assert find_unfinished(ledger) == {}


def test_what_was_out_before_is_done_and_nothing_else_changes(ledger: Ledger) -> None:
    lease = begun(ledger, a="one")
    assert adopt_publications(ledger, {KEY: NOON, OTHER: NOON}, NOON + MINUTE) == {OTHER}
    assert adopt_publications(ledger, {OTHER: NOON + MINUTE}, NOON) == frozenset()
    found = find_status(ledger, OTHER)
    assert found
    assert (found.done, found.is_adopted, found.published, found.counts.total) == (True, True, NOON, 0)
    mine = find_status(ledger, KEY)
    assert mine
    assert not mine.is_adopted
    assert len(turn(ledger, lease)) == 1


def test_facts_are_remembered(ledger: Ledger, open_ledger: Open) -> None:
    assert get_meta(ledger, "machine") == ""
    set_meta(ledger, "machine", "a")
    set_meta(ledger, "machine", "b")
    assert get_meta(open_ledger(), "machine") == "b"
    assert [
        increment_meta(ledger, "uses"),
        increment_meta(open_ledger(), "uses"),
        increment_meta(ledger, "uses", 10),
    ] == [1, 2, 11]


def test_who_looks_at_the_clock(ledger: Ledger, open_ledger: Open) -> None:
    assert load_activity(ledger, LETTER) == SchedulerActivity()
    record_heartbeat(ledger, LETTER, NOON)
    assert load_activity(open_ledger(), LETTER) == SchedulerActivity(NOON)
    record_tick(ledger, LETTER, NOON + MINUTE)
    assert load_activity(ledger, LETTER) == SchedulerActivity(None, NOON + MINUTE), "somebody came in its place"
    record_heartbeat(ledger, LETTER, NOON + 2 * MINUTE)
    assert load_activity(ledger, LETTER) == SchedulerActivity(NOON + 2 * MINUTE, NOON + MINUTE)
    record_heartbeat(ledger, LETTER, None)
    assert load_activity(ledger, LETTER).heartbeat is None
    record_heartbeat(ledger, "tag:e.org,2021:other", NOON + 3 * MINUTE)
    assert load_activity(ledger, LETTER).heartbeat is None, "several newsletters may share a ledger"


@pytest.mark.parametrize(
    ("alive", "looked", "silent", "kept"),
    [
        (None, None, False, False),
        (2, None, False, True),
        (3, None, True, False),
        (3, 4, True, False),
        (None, 25 * 60, False, True),
        (None, 25 * 60 + 1, False, False),
    ],
)
def test_who_is_missed(alive: int | None, looked: int | None, silent: bool, kept: bool) -> None:
    """Minutes ago."""
    found = SchedulerActivity(*(None if one is None else NOON - one * MINUTE for one in (alive, looked)))
    assert (found.is_daemon_missing(NOON), found.is_active(NOON)) == (silent, kept)
