"""Subscribers as recipients: planned by the database, asked for again at each turn, dropped when they leave."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from publisher.ledger import DeliveryState, FewerRecipientsError, Lease, Ledger, PublicationKey
from publisher.ledger.database import Transaction
from publisher.ledger.models import format_utc
from publisher.ledger.plan import verify_recipients
from publisher.ledger.queries import find_recipients, find_status
from publisher.ledger.queues import QueueSelection
from publisher.ledger.subscriber_recipients import (
    ListedCounts,
    SubscriberSelection,
    count_listed,
    drop_deliveries,
    select_active,
    unlist_deliveries,
    unlist_inactive,
)
from publisher.ledger.subscribers import SubscriberRow, insert_subscribers, select_subscriber, update_subscriber
from tests.ledger.shortcuts import KEY, MINUTE, NOON, SECOND, claim, ended, parts

NEWSLETTER = KEY.issue.rpartition("/")[0]
Open = Callable[[], Ledger]


def enter(ledger: Ledger, *addresses: str, state: str = "confirmed", until: str = "") -> None:
    """Put some on the list."""
    rows = [
        SubscriberRow(address, address, "", state, format_utc(NOON), address.partition("@")[0], "", until)
        for address in addresses
    ]
    with ledger.transaction() as tx:
        insert_subscribers(tx, NEWSLETTER, rows)


def change(ledger: Ledger, address: str, state: str) -> None:
    """Change the state of one, and nothing else, as if a click had come between two statements."""
    with ledger.transaction() as tx:
        row = select_subscriber(tx, NEWSLETTER, key=address)
        assert row
        update_subscriber(tx, NEWSLETTER, row._replace(state=state))


def selection(seconds: float = 0) -> SubscriberSelection:
    return SubscriberSelection(NEWSLETTER, NOON + seconds * SECOND)


def plan(ledger: Ledger, lease: Lease, *, only: Sequence[str] | None = None, **more: bool) -> None:
    def find_lane(recipient: str) -> tuple[str, str]:
        lane = recipient.rpartition("@")[2]
        return lane, lane if lane == "slow.org" else ""

    ledger.plan(lease, parts(a="one"), selection(), NOON, keep_content=False, find_lane=find_lane, only=only, **more)


def turn(ledger: Ledger, lease: Lease, *results: object, size: int = 10) -> list[str]:
    """Tell results, get the recipients of what is started."""
    wanted = QueueSelection(KEY.channel, size, queues=("", "slow.org"), subscribed=selection())
    return [one.recipient for one in ledger.checkpoint(lease, results, wanted, NOON, MINUTE).deliveries]  # type: ignore[arg-type]  # results


def counted(ledger: Ledger) -> dict[str, int]:
    status = find_status(ledger, KEY)
    assert status
    return {name: number for name, number in status.counts._asdict().items() if number}


def test_only_the_confirmed_are_planned(ledger: Ledger) -> None:
    enter(ledger, "ann@e.org", "bo@slow.org")
    for state in ("asked", "left", "gone", "complained", "paused"):
        enter(ledger, f"{state}@e.org", state=state)
    enter(ledger, "back@e.org", state="paused", until=format_utc(NOON - SECOND))
    enter(ledger, "later@e.org", state="paused", until=format_utc(NOON + SECOND))
    lease = claim(ledger)
    plan(ledger, lease)
    assert find_recipients(ledger, KEY, DeliveryState.PLANNED) == {"ann@e.org", "bo@slow.org", "back@e.org"}
    assert ledger.find_queues(lease) == {"", "slow.org"}, "the lane is that of the domain"
    with ledger.transaction() as tx:
        assert count_listed(tx, selection()) == ListedCounts(listed=3, accounted=8)
        assert {*select_active(tx, selection(2))} == {"ann@e.org", "bo@slow.org", "back@e.org", "later@e.org"}


def test_no_row_of_the_list_goes_through_the_program(ledger: Ledger) -> None:
    enter(ledger, *(f"r{number}@e.org" for number in range(500)))
    lanes: list[str] = []
    lease = claim(ledger)

    def find_lane(recipient: str) -> tuple[str, str]:
        lanes.append(recipient)
        return "", ""

    ledger.plan(lease, parts(a="one"), selection(), NOON, keep_content=False, find_lane=find_lane)
    assert len(lanes) == 1, "one for each domain"
    assert counted(ledger) == {"planned": 500}


def test_to_plan_again_adds_who_came_and_unlists_who_went(ledger: Ledger) -> None:
    enter(ledger, "ann@e.org", "bo@e.org")
    lease = claim(ledger)
    plan(ledger, lease)
    change(ledger, "bo@e.org", "left")
    enter(ledger, "cy@e.org")
    plan(ledger, lease)
    plan(ledger, lease)
    assert find_recipients(ledger, KEY, DeliveryState.PLANNED) == {"ann@e.org", "cy@e.org"}
    assert find_recipients(ledger, KEY, DeliveryState.UNLISTED) == {"bo@e.org"}
    change(ledger, "bo@e.org", "confirmed")
    plan(ledger, lease)
    assert counted(ledger) == {"planned": 3}


def test_a_notice_goes_to_those_who_have_the_issue(ledger: Ledger) -> None:
    enter(ledger, "ann@e.org", "bo@e.org", "cy@e.org")
    change(ledger, "bo@e.org", "left")
    lease = claim(ledger)
    plan(ledger, lease, only=["ann@e.org", "bo@e.org"])
    assert find_recipients(ledger, KEY, DeliveryState.PLANNED) == {"ann@e.org"}


def test_other_newsletters_are_other_lists(ledger: Ledger) -> None:
    enter(ledger, "ann@e.org")
    with ledger.transaction() as tx:
        insert_subscribers(tx, f"{NEWSLETTER}2", [SubscriberRow("bo@e.org", "bo@e.org", "", "confirmed", "1", "bo")])
    lease = claim(ledger)
    plan(ledger, lease)
    assert find_recipients(ledger, KEY, DeliveryState.PLANNED) == {"ann@e.org"}
    with ledger.transaction() as tx:
        assert drop_deliveries(tx, f"{NEWSLETTER}2", "ann@e.org", "left the list") == 0
        assert drop_deliveries(tx, NEWSLETTER, "ann@e.org", "left the list") == 1


def test_who_left_between_two_statements_gets_nothing(ledger: Ledger) -> None:
    """Also when a delivery that failed for now is planned again after its recipient has left."""
    enter(ledger, "ann@e.org", "bo@e.org", "cy@slow.org")
    lease = claim(ledger)
    plan(ledger, lease)
    wanted = QueueSelection(KEY.channel, 1, queues=("",), subscribed=selection())
    [task] = ledger.checkpoint(lease, [], wanted, NOON, MINUTE).deliveries
    assert task.recipient == "ann@e.org"
    with ledger.transaction() as tx:
        assert drop_deliveries(tx, NEWSLETTER, "ann@e.org", "left the list") == 0, "it is being sent"
    for address in ("ann@e.org", "cy@slow.org"):
        change(ledger, address, "left")
    again = ended(task, DeliveryState.PLANNED, next_at=NOON)
    assert turn(ledger, lease, again) == ["bo@e.org"]
    assert counted(ledger) == {"sending": 1, "unlisted": 2}


def test_those_who_left_do_not_end_a_turn_that_could_go_on(ledger: Ledger) -> None:
    enter(ledger, *(f"r{number}@e.org" for number in range(30)))
    lease = claim(ledger)
    plan(ledger, lease)
    for number in range(10, 30):  # the first in the order of keys
        change(ledger, f"r{number}@e.org", "gone")
    assert len(turn(ledger, lease, size=3)) == 3
    assert len(turn(ledger, lease, size=3)) == 3


@pytest.mark.parametrize("state", ["planned", "failed"])
def test_what_is_planned_for_who_leaves_is_dropped_for_good(ledger: Ledger, state: str) -> None:
    enter(ledger, "ann@e.org")
    lease = claim(ledger)
    plan(ledger, lease)
    wanted = QueueSelection(KEY.channel, 1, subscribed=selection())
    [task] = ledger.checkpoint(lease, [], wanted, NOON, MINUTE).deliveries
    result = ended(task, DeliveryState(state), reason="451 later", next_at=NOON)
    ledger.checkpoint(lease, [result], QueueSelection(KEY.channel, 0), NOON, MINUTE)
    with ledger.transaction() as tx:
        assert drop_deliveries(tx, NEWSLETTER, "ann@e.org", "left the list") == 1
    plan(ledger, lease)
    assert counted(ledger) == {"dropped": 1}, "not even if the list has them again"
    ledger.release(lease, NOON)
    status = find_status(ledger, KEY)
    assert status
    assert status.done


def test_what_was_sent_or_may_have_been_stays_as_it_is(ledger: Ledger) -> None:
    enter(ledger, "ann@e.org", "bo@e.org")
    lease = claim(ledger)
    plan(ledger, lease)
    wanted = QueueSelection(KEY.channel, 2, subscribed=selection())
    one, two = ledger.checkpoint(lease, [], wanted, NOON, MINUTE).deliveries
    results = [ended(one), ended(two, DeliveryState.UNKNOWN, reason="no answer")]
    ledger.checkpoint(lease, results, QueueSelection(KEY.channel, 0), NOON, MINUTE)
    with ledger.transaction() as tx:
        for recipient in ("ann@e.org", "bo@e.org"):
            assert drop_deliveries(tx, NEWSLETTER, recipient, "left the list") == 0
            assert unlist_deliveries(tx, NEWSLETTER, recipient) == 0
    assert counted(ledger) == {"sent": 1, "unknown": 1}


def test_a_list_that_is_new_sends_nothing(ledger: Ledger) -> None:
    """What was sent before, to a file or to a list that is lost, is more than the list can explain."""
    lease = claim(ledger)
    ledger.plan(lease, parts(a="one"), [f"r{n}@e.org" for n in range(20)], NOON, keep_content=False)
    ledger.release(lease, NOON)
    enter(ledger, *(f"r{n}@e.org" for n in range(5)))
    later = claim(ledger, key=KEY._replace(issue=f"{NEWSLETTER}/2021-07-25"))
    with pytest.raises(FewerRecipientsError, match="the list has 5 recipients instead of 20"):
        plan(ledger, later)
    plan(ledger, later, accept_fewer=True)


def test_who_is_known_to_have_left_is_not_missing(ledger: Ledger) -> None:
    enter(ledger, *(f"r{n}@e.org" for n in range(20)))
    first = claim(ledger)
    plan(ledger, first)
    for number in range(15):
        change(ledger, f"r{number}@e.org", ("left", "gone", "complained", "paused")[number % 4])
    with ledger.transaction() as tx:
        counts = count_listed(tx, selection())
        verify_recipients(tx, PublicationKey(f"{NEWSLETTER}/2021-07-25", *KEY[1:]), counts)
    assert counts == ListedCounts(listed=5, accounted=20)


def test_a_click_while_a_turn_is_recorded_waits_for_it(
    ledger: Ledger, open_ledger: Open, place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being sent by then is sent, and nothing else of theirs."""
    if isinstance(place, Path):
        pytest.skip("SQLite lets no one write between two statements of a transaction")
    enter(ledger, "ann@e.org", "bo@e.org", "cy@e.org")
    lease = claim(ledger)
    plan(ledger, lease)
    other = open_ledger()
    clicks: list[Future[int]] = []

    def click(address: str) -> int:
        with other.transaction() as tx:
            return drop_deliveries(tx, NEWSLETTER, address, "left the list")

    with ThreadPoolExecutor(1) as threads:

        def check(tx: Transaction, chosen: SubscriberSelection, deliveries: Sequence[int]) -> int:
            clicks.extend(threads.submit(click, address) for address in ("ann@e.org", "cy@e.org"))
            time.sleep(0.3)  # long enough for it to have an effect, if it can
            return unlist_inactive(tx, chosen, deliveries)

        monkeypatch.setattr("publisher.ledger.queues.unlist_inactive", check)
        wanted = QueueSelection(KEY.channel, 2, subscribed=selection())
        tasks = ledger.checkpoint(lease, [], wanted, NOON, MINUTE).deliveries
        assert [task.recipient for task in tasks] == ["ann@e.org", "bo@e.org"]
        assert [click.result() for click in clicks] == [0, 1]
    assert counted(ledger) == {"sending": 2, "dropped": 1}
