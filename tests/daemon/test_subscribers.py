"""The daemon and a list of subscribers: what is no reason for an alarm."""

from __future__ import annotations

import pytest

from publisher.errors import DeliveryError, RefusalKind
from publisher.signing import SigningKeys
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin
from publisher.subscribers.subscriber_list import SubscriberList
from tests.support.fake_channel import Subscribed, refuse
from tests.support.newsletter import HOUR, MINUTE, Project


@pytest.fixture
def empty(project: Project) -> Project:
    project.channels = (Subscribed(project.world),)
    project.write("2021-07-18", "一")
    return project


def enter(project: Project, *addresses: str) -> None:
    with project.open_run() as run:
        listed = SubscriberList(run.ledger, project.newsletter.id, SigningKeys("the secret of this list"))
        import_entries(listed, [ImportEntry(one) for one in addresses], Origin(project.now, "import"), dry_run=False)


def find_events(project: Project) -> list[tuple[str, bool]]:
    return [(event.what, event.alarm) for event in project.events]


@pytest.mark.parametrize("restarts", [True, False])
def test_an_issue_waits_for_the_first_subscriber_and_says_so_once(empty: Project, restarts: bool) -> None:
    for _ in range(3):
        assert empty.tick().exit_code == 0
        empty.now += 11 * MINUTE
        if restarts:
            empty.restart()
    assert find_events(empty) == [("publishing", False), ("waiting", False)]
    [waiting] = empty.said("waiting")
    assert waiting.message == "there are no subscribers yet"
    assert "publish subscribers import FILE" in waiting.hint
    enter(empty, "ann@example.org")
    assert empty.tick().exit_code == 0
    assert find_events(empty)[2:] == [("published", False)]
    assert len(empty.sent) == 1


def test_what_no_one_was_there_for_is_missed_without_an_alarm(empty: Project) -> None:
    empty.tick()
    enter(empty, "ann@example.org")
    empty.now += 30 * 24 * HOUR
    assert empty.tick().exit_code == 0
    assert find_events(empty)[2:] == [("missed", False)]
    assert empty.sent == []


def test_by_hand_it_is_said_with_the_exit_code_for_settings(empty: Project) -> None:
    outcome = empty.publish()
    error = outcome.channels["subscribed"].error
    assert error
    assert (error.message, error.exit_code, outcome.exit_code) == ("there are no subscribers yet", 2, 2)


def test_a_mailbox_that_is_refused_rings_no_alarm_and_is_not_asked_again(empty: Project) -> None:
    gone = DeliveryError("550 5.1.1 no such user", permanent=True, kind=RefusalKind.NO_RECIPIENT)
    empty.channels = (Subscribed(empty.world, behaves=refuse(gone, times=1)),)
    enter(empty, "ann@example.org", "ben@example.org")
    for _ in range(2):
        assert empty.tick().exit_code == 0
        empty.now += 11 * MINUTE
    assert find_events(empty) == [("publishing", False), ("published", False)]
    assert empty.events[-1].message == "@readers · 1 sent · 1 refused by their servers"
    assert len(empty.sent) == 1
