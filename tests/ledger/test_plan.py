"""What is planned for whom, and what becomes of it when an issue or a list of readers changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from publisher.errors import ConfigError, StorageError
from publisher.ledger import DeliveryState, FewerRecipientsError, Ledger, PublicationKey
from publisher.ledger.queries import ResolutionChoice, find_status, resolve_deliveries
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, claim, ended, parts, plan, rows, send_all, states, turn


def test_every_part_for_every_recipient_once(ledger: Ledger) -> None:
    first = begun(ledger, "x", "y", a="one", b="two")
    assert states(ledger) == {f"{who} {part}": "planned" for who in "xy" for part in "ab"}
    before = rows(ledger, "SELECT * FROM delivery ORDER BY id")
    plan(ledger, first, parts(a="one", b="two"), ["x", "y", "x"])
    assert rows(ledger, "SELECT * FROM delivery ORDER BY id") == before


def test_who_is_on_the_list_twice_gets_it_once(ledger: Ledger) -> None:
    first = begun(ledger, "x", "y", "x", "y", "x", a="one", b="two")
    assert [(task.recipient, task.part) for task in turn(ledger, first)] == [
        *(("x", "a"), ("y", "a"), ("x", "b"), ("y", "b"))
    ]
    plan(ledger, first, parts(a="one", b="two"), ["z", "x", "z", "y"])
    assert [(task.recipient, task.part) for task in turn(ledger, first)] == [("z", "a"), ("z", "b")]


def test_the_database_refuses_a_second_row_for_a_delivery(ledger: Ledger) -> None:
    begun(ledger, "x")
    again = """INSERT INTO delivery (publication, shard, recipient, part, position, state)
               SELECT publication, shard, recipient, part, position, state FROM delivery"""
    with pytest.raises(StorageError, match=r"UNIQUE|unique"), ledger.transaction() as tx:
        tx.execute(again)
    assert states(ledger) == {"a": "planned"}


def test_what_arrived_is_not_planned_again(ledger: Ledger) -> None:
    send_all(ledger, begun(ledger))
    again = begun(ledger)
    assert states(ledger) == {"a": "sent"}
    assert turn(ledger, again) == []


def test_the_content_is_kept_as_it_was(ledger: Ledger) -> None:
    first = begun(ledger, a="\0 as bytes \xff")
    (task,) = turn(ledger, first)
    (part,) = parts(a="\0 as bytes \xff")
    assert ledger.load_part(task.digest, "a") == part


def test_what_was_sent_is_changed_in_place(ledger: Ledger) -> None:
    send_all(ledger, begun(ledger, a="one", b="two"))
    again = begun(ledger, a="one", b="zwei")
    assert states(ledger) == {"a": "sent", "b": "planned"}
    (task,) = turn(ledger, again)
    assert (task.part, task.remote_id, task.tries) == ("b", "id-b", 1)
    assert ledger.load_part(task.digest, "b").body == b"zwei"
    turn(ledger, again, ended(task))
    found = find_status(ledger, KEY)
    assert found
    assert found.delivered_digests == found.part_digests == {part.key: part.digest for part in parts(a="one", b="zwei")}


def test_what_nobody_can_change_stays(ledger: Ledger) -> None:
    first = begun(ledger)
    (task,) = turn(ledger, first)
    turn(ledger, first, ended(task, remote_id=""))
    plan(ledger, first, parts(a="another"))
    assert states(ledger) == {"a": "sent"}


def test_what_failed_is_tried_with_new_content_only(ledger: Ledger) -> None:
    first = begun(ledger)
    (task,) = turn(ledger, first)
    turn(ledger, first, ended(task, DeliveryState.FAILED, reason="bad text"))
    plan(ledger, first, parts(a="one"))
    assert states(ledger) == {"a": "failed"}
    plan(ledger, first, parts(a="better"))
    (task,) = turn(ledger, first)
    assert task.tries == 1


def test_what_is_unknown_is_left_to_people(ledger: Ledger) -> None:
    first = begun(ledger)
    (task,) = turn(ledger, first)
    turn(ledger, first, ended(task, DeliveryState.UNKNOWN))
    plan(ledger, first, parts(a="another"))
    assert states(ledger) == {"a": "unknown"}


def test_what_was_sent_and_is_no_part_any_more_is_taken_back(ledger: Ledger) -> None:
    send_all(ledger, begun(ledger, a="one", b="two"))
    again = begun(ledger, a="one")
    (task,) = turn(ledger, again)
    assert (task.part, task.digest, task.remote_id) == ("b", "", "id-b")
    turn(ledger, again, ended(task, remote_id=""))
    ledger.release(again, NOON)
    found = find_status(ledger, KEY)
    assert found
    assert (found.done, found.counts.sent, found.counts.dropped) == (True, 1, 1)
    assert set(found.delivered_digests) == {"a"}
    again = begun(ledger, a="one", b="two")  # and it comes back
    (task,) = turn(ledger, again)
    assert (task.part, task.digest != "", task.remote_id) == ("b", True, "")


def test_what_never_went_out_needs_no_taking_back(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two")
    plan(ledger, first, parts(a="one"))
    assert states(ledger) == {"a": "planned", "b": "dropped"}
    plan(ledger, first, parts(a="one", b="two"))
    assert states(ledger) == {"a": "planned", "b": "planned"}


@pytest.mark.parametrize("state", [DeliveryState.PLANNED, DeliveryState.FAILED])
def test_a_part_that_was_tried_and_went_comes_back(ledger: Ledger, state: DeliveryState) -> None:
    first = begun(ledger)
    (task,) = turn(ledger, first)
    turn(ledger, first, ended(task, state, reason="no", next_at=NOON + MINUTE), size=0)
    plan(ledger, first, parts(b="two"))
    assert states(ledger) == {"a": "dropped", "b": "planned"}
    plan(ledger, first, parts(a="one"))
    assert states(ledger) == {"a": "planned", "b": "dropped"}
    (task,) = turn(ledger, first)
    assert (task.part, task.tries) == ("a", 1)


def test_what_a_person_dropped_stays_dropped(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two")
    (task,) = turn(ledger, first, size=1)
    turn(ledger, first, ended(task, DeliveryState.UNKNOWN), size=0)
    resolve_deliveries(ledger, KEY, ResolutionChoice.DROP, NOON)
    for content in (parts(a="another", b="two"), parts(b="two"), parts(a="one", b="two")):
        plan(ledger, first, content)
        assert states(ledger) == {"a": "dropped", "b": "planned"}


def test_to_keep_is_to_keep_the_parts_it_began_with(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two")
    (task,) = turn(ledger, first, size=1)
    turn(ledger, first, ended(task), size=0)
    before = find_status(ledger, KEY)
    plan(ledger, first, parts(a="eins", b="zwei", c="drei"), keep=True)
    assert find_status(ledger, KEY) == before
    (task,) = turn(ledger, first)
    assert ledger.load_part(task.digest, task.part) == parts(b="two")[0]


def test_who_comes_to_the_list_gets_the_parts_it_began_with(ledger: Ledger) -> None:
    first = begun(ledger, "x", "y")
    plan(ledger, first, parts(a="another"), ["x", "y", "z"], keep=True)
    tasks = turn(ledger, first)
    assert [task.recipient for task in tasks] == ["x", "y", "z"]
    assert {ledger.load_part(task.digest, "a").body for task in tasks} == {b"one"}


@pytest.mark.parametrize("keep", [True, False])
def test_who_left_the_list_gets_nothing_more(ledger: Ledger, keep: bool) -> None:
    first = begun(ledger, "x", "y", "z")
    (x,) = turn(ledger, first, size=1)
    (y,) = turn(ledger, first, ended(x), size=1)
    turn(ledger, first, ended(y, DeliveryState.PLANNED, reason="try later", next_at=NOON + MINUTE), size=0)
    plan(ledger, first, parts(a="one"), ["z"], keep=keep)
    assert states(ledger) == {"x a": "sent", "y a": "unlisted", "z a": "planned"}
    plan(ledger, first, parts(a="one"), ["x", "y"], keep=keep)
    assert states(ledger) == {"x a": "sent", "y a": "planned", "z a": "unlisted"}


def test_parts_go_out_in_the_order_they_are_in_now(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two")
    plan(ledger, first, parts(c="three", b="two", a="one"))
    assert [task.part for task in turn(ledger, first)] == ["c", "b", "a"]


def test_status_has_the_time_of_the_last_change(ledger: Ledger) -> None:
    first = begun(ledger)
    for minutes, text, changed in ((1, "one", 0), (2, "two", 2), (3, "two", 2)):
        plan(ledger, first, parts(a=text), now=NOON + minutes * MINUTE)
        found = find_status(ledger, KEY)
        assert found
        assert found.changed == NOON + changed * MINUTE


def test_what_is_planned_anew_is_not_done(ledger: Ledger) -> None:
    send_all(ledger, begun(ledger))
    begun(ledger, "@readers", "@others")
    found = find_status(ledger, KEY)
    assert found
    assert not found.done


def test_a_plan_is_made_whole_or_not_at_all(ledger: Ledger) -> None:
    def recipients() -> Iterator[str]:
        yield "x"
        raise ConfigError("the list cannot be read")

    first = begun(ledger)
    before = find_status(ledger, KEY)
    for keep in (True, False):
        with pytest.raises(ConfigError, match="the list"):
            plan(ledger, first, parts(a="two", b="three"), recipients(), keep=keep)
        assert find_status(ledger, KEY) == before
        assert states(ledger) == {"a": "planned"}
    plan(ledger, first, parts(a="two"))
    assert len(turn(ledger, first)) == 1


# ------------------------------------------------------------------ lists that change


def test_who_is_not_on_the_list_differs_from_who_was_given_up(ledger: Ledger) -> None:
    """What has a reason stays as it is, such as a recipient who wants no more."""
    first = begun(ledger, "x", "y", "z")
    plan(ledger, first, parts(a="one"), ["x"])
    with ledger.transaction() as tx:
        tx.execute("UPDATE delivery SET state = 'dropped', reason = 'unsubscribed' WHERE recipient = 'z'")
    plan(ledger, first, parts(a="one"), ["x", "y", "z"])
    assert states(ledger) == {"x a": "planned", "y a": "planned", "z a": "dropped"}


def test_a_part_that_is_gone_is_dropped_for_those_who_are_gone_too(ledger: Ledger) -> None:
    first = begun(ledger, "x", "y")
    plan(ledger, first, parts(b="two"), ["x"])
    assert states(ledger) == {"x a": "dropped", "y a": "dropped", "x b": "planned"}
    plan(ledger, first, parts(a="one"), ["x", "y"])
    assert states(ledger) == {"x a": "planned", "y a": "planned", "x b": "dropped"}


def test_only_some_of_the_list_and_nobody_new(ledger: Ledger) -> None:
    first = claim(ledger)
    content, everybody = parts(a="one"), ["x", "y", "z"]
    ledger.plan(first, content, everybody, NOON, keep_content=False, only={"x", "y"})
    assert states(ledger) == {"x a": "planned", "y a": "planned"}
    ledger.plan(first, content, everybody, NOON, keep_content=True, add_recipients=False)
    assert states(ledger) == {"x a": "planned", "y a": "planned"}
    ledger.plan(first, content, everybody, NOON, keep_content=True)
    assert states(ledger) == {"x a": "planned", "y a": "planned", "z a": "planned"}


def numbered(number: int) -> list[str]:
    return [f"reader{one}" for one in range(number)]


def test_a_much_shorter_list_changes_nothing(ledger: Ledger) -> None:
    first = begun(ledger, *numbered(20))
    before, status = states(ledger), find_status(ledger, KEY)
    with pytest.raises(FewerRecipientsError, match="the list has 14 recipients instead of 20"):
        plan(ledger, first, parts(a="two"), numbered(14))
    assert (states(ledger), find_status(ledger, KEY)) == (before, status)
    ledger.plan(first, parts(a="one"), numbered(14), NOON, keep_content=True, accept_fewer=True)
    plan(ledger, first, parts(a="one"), numbered(14))
    with pytest.raises(FewerRecipientsError, match="the list has 8 recipients instead of 14"):
        plan(ledger, first, parts(a="one"), numbered(8))


@pytest.mark.parametrize(
    ("key", "stops"),
    [
        (KEY._replace(issue="tag:e.org,2021:n/2021-07-25"), True),
        (KEY.for_notice("0123"), True),  # which goes to the same list
        (KEY._replace(issue="tag:e.org,2021:other/2021-07-25"), False),  # another newsletter in the same ledger
        (KEY._replace(issue="tag:e.org,2021:n/2021-07-25", destination="@others"), False),
        (KEY._replace(issue="tag:e.org,2021:n/2021-07-25", channel="other"), False),
    ],
)
def test_lists_are_compared_with_the_last_issue_to_the_same_list(
    ledger: Ledger, key: PublicationKey, stops: bool
) -> None:
    begun(ledger, *numbered(30), key=KEY._replace(issue="tag:e.org,2021:n/2021-07-11"))
    begun(ledger, *numbered(28))
    lease = claim(ledger, key=key)
    if not stops:
        plan(ledger, lease, parts(a="one"), numbered(20))
        return
    with pytest.raises(FewerRecipientsError, match="the list has 20 recipients instead of 28"):
        plan(ledger, lease, parts(a="one"), numbered(20))
