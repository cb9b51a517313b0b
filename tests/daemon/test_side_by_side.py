"""During a pass no channel waits for another one's messages, nor an issue for one that only waits for a rate limit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar

import pytest

from publisher.channel import RateLimit, Receipt
from tests.support.fake_channel import Call, Letters, Post, World
from tests.support.newsletter import DUE, HOUR, Project


class Slow(Letters, frozen=True):
    """Letters to a few people, in their own order."""

    name: ClassVar[str] = "slow"
    people: tuple[str, ...] = ("anna@e.org",)
    limit: RateLimit | None = None

    @property
    def concurrency(self) -> int:
        return 1

    def recipients(self) -> Iterable[str]:
        return self.people

    def find_lane(self, recipient: str) -> str:
        return recipient.rpartition("@")[2]

    @property
    def rate_limits(self) -> Mapping[str, RateLimit]:
        return {"slow.example": self.limit} if self.limit else {}


@pytest.fixture
def project(project: Project) -> Project:
    """Two issues that are due."""
    project.write("2021-07-19", "二")
    project.now = DUE + 24 * HOUR
    return project


@pytest.fixture
def end() -> Iterator[threading.Event]:
    """Ends a delivery that waits for it."""
    event = threading.Event()
    yield event
    event.set()


def test_a_slow_channel_delays_no_other_channel_of_a_later_issue(project: Project, end: threading.Event) -> None:
    def wait(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        assert end.wait(300), "the other channel has finished both issues"
        return effect()

    def note(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        receipt = effect()
        if call.text == "二":
            end.set()
        return receipt

    letters = World(project.root / "letters")
    project.channels = (Slow(letters, behaves=wait), Post(project.world, behaves=note))
    project.tick()
    assert project.sent == ["一", "二"]
    assert [call.text for call in letters] == ["一", "二"], "and on one channel they keep their order"


def test_an_issue_lets_the_next_one_go_first_when_it_only_waits_for_a_rate_limit(project: Project) -> None:
    people = (*(f"r{n}@slow.example" for n in range(400)), *(f"r{n}@fast.example" for n in range(5)))
    project.channels = (Slow(project.world, people=people, limit=RateLimit(60)),)
    project.tick()
    fast = [number for number, call in enumerate(project.world) if call.recipient.endswith("@fast.example")]
    assert len(fast) == 10
    assert fast[-1] < 400, "the second issue did not wait for the first"  # whose seconds pass at once
    assert set(project.world.sent.values()) == {2}, "two issues of one part each"
    assert project.waited <= 1000


def test_an_issue_that_becomes_due_meanwhile_is_published(project: Project, end: threading.Event) -> None:
    def wait(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.text == "一":
            assert end.wait(300), "the third issue has come out"
        return effect()

    def note(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        receipt = effect()
        if call.text == "二":
            project.now += 24 * HOUR
        if call.text == "三":
            end.set()
        return receipt

    project.write("2021-07-20", "三")
    project.channels = (Slow(World(project.root / "letters"), behaves=wait), Post(project.world, behaves=note))
    project.tick()
    assert project.sent == ["一", "二", "三"]


def test_an_error_of_one_channel_stops_no_other(project: Project) -> None:
    def fail(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        raise SystemError("a bug")

    project.channels = (Slow(World(project.root / "letters"), behaves=fail), Post(project.world))
    assert project.tick().exit_code == 4
    assert project.sent == ["一", "二"]
