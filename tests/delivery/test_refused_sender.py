"""A provider that refuses the sender of a list: its lane is closed, and no subscriber is taken off the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from publisher.bounces.effects import BounceRecorder
from publisher.channel import Receipt
from publisher.errors import DeliveryError, RefusalKind
from publisher.ledger.closed_lanes import find_closed_lanes
from publisher.signing import SigningKeys
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList
from tests.support.fake_channel import Call, Letters
from tests.support.newsletter import Project

COUNT = 5000
NEWSLETTER = "tag:e.org,2021:n"


class ListMail(Letters, frozen=True):
    """Letters to the subscribers in the ledger."""

    name: ClassVar[str] = "letters"

    @property
    def subscribers_of(self) -> str:
        return NEWSLETTER

    @property
    def concurrency(self) -> int:
        return 1

    def find_lane(self, recipient: str) -> str:
        return recipient.rpartition("@")[2]


def test_5000_refusals_of_the_sender_close_the_lane_and_suppress_no_one(project: Project) -> None:
    project.write("2021-07-18", "一")
    subscribers = SubscriberList(project.ledger, NEWSLETTER, SigningKeys("0123456789abcdef"))
    entries = [ImportEntry(f"r{number}@gmail.example") for number in range(COUNT)]
    import_entries(subscribers, entries, Origin(project.now, "import"), dry_run=False)
    asked: list[str] = []

    def refuse(call: Call, _: Callable[[], Receipt]) -> Receipt:
        asked.append(call.recipient)
        raise DeliveryError("550 5.7.26 unauthenticated", kind=RefusalKind.SENDER, retry_after=3600)

    for _ in range(3):
        project.publish(ListMail(project.world, behaves=refuse), max_wait=0.0)
    [lane] = find_closed_lanes(project.ledger, project.now)
    assert (lane.lane, lane.waiting) == ("gmail.example", COUNT)
    assert "5.7.26" in lane.reason
    assert len(asked) == 3
    assert BounceRecorder(subscribers).review_replies(project.now) == []
    counts = subscribers.count()
    assert counts[SubscriberState.CONFIRMED] == COUNT
    assert sum(counts.values()) == COUNT
