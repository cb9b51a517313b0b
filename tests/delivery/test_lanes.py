"""One provider's rate limit, or its refusal of the sender, delays no other deliveries."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

import pytest
from msgspec import field

from publisher.channel import RateLimit, Receipt
from publisher.errors import DeliveryError, RefusalKind
from publisher.ledger.closed_lanes import find_closed_lanes
from publisher.ledger.queries import find_status, retry_deliveries
from tests.support.fake_channel import Behaviour, Call, Letters
from tests.support.newsletter import NOON, Project

SECOND = dt.timedelta(seconds=1)


class Mail(Letters, frozen=True):
    """Letters to addresses at several providers, of which slow.example takes one a second."""

    name: ClassVar[str] = "letters"
    people: tuple[str, ...] = ()
    limits: Mapping[str, RateLimit] = field(default_factory=lambda: {"slow.example": RateLimit(60)})
    connections: int = 10

    @property
    def concurrency(self) -> int:
        return self.connections

    def recipients(self) -> Iterable[str]:
        return self.people

    def find_lane(self, recipient: str) -> str:
        return recipient.rpartition("@")[2]

    @property
    def rate_limits(self) -> Mapping[str, RateLimit]:
        return self.limits


PEOPLE = tuple(f"r{n}@{'slow.example' if n % 3 == 0 else f'fast{n % 4}.example'}" for n in range(60))


@pytest.fixture
def letter(project: Project) -> Project:
    project.write("2021-07-18", "一")
    return project


def at_times(project: Project, log: list[tuple[float, str]]) -> Behaviour:
    """Log when each recipient gets the letter, in seconds from noon."""

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        log.append(((project.now - NOON).total_seconds(), call.recipient))
        return effect()

    return behave


def refuse_at(domain: str, times: int = 10_000, *, retry_after: float | None = None) -> Behaviour:
    """A provider that refuses the sender, for all recipients."""
    left = [times]
    lock = threading.Lock()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        with lock:
            refuses = call.recipient.endswith(f"@{domain}") and left[0] > 0
            left[0] -= refuses
        if refuses:
            raise DeliveryError("550 5.7.26 not authenticated", kind=RefusalKind.SENDER, retry_after=retry_after)
        return effect()

    return behave


@pytest.mark.parametrize("connections", [1, 2, 10, 100])
def test_a_slow_lane_delays_no_other(letter: Project, connections: int) -> None:
    log: list[tuple[float, str]] = []
    mail = Mail(letter.world, behaves=at_times(letter, log), people=PEOPLE, connections=connections)
    assert letter.publish(mail).channels["letters"].error is None
    slow = [at for at, recipient in log if recipient.endswith("@slow.example")]
    second = [number for number, (_, recipient) in enumerate(log) if recipient.endswith("@slow.example")][1]
    assert len({recipient for _, recipient in log[:second]}) == 41, "all others, and one of the slow"
    assert slow == [float(n) for n in range(20)], "one a second, from the start"
    assert max(letter.world.sent.values()) == 1


def test_a_rate_limit_is_no_reason_to_give_up(letter: Project) -> None:
    """What a channel imposes on itself is no waiting for a platform."""
    mail = Mail(letter.world, people=PEOPLE)
    assert letter.publish(mail, max_wait=0.0).channels["letters"].sent == 60


def test_runs_share_a_limit(letter: Project) -> None:
    """It holds across processes, since it is in the ledger: for another issue as for this one."""
    letter.write("2021-07-11", "旧")
    log: list[tuple[float, str]] = []
    mail = Mail(letter.world, behaves=at_times(letter, log), people=PEOPLE[:9])
    for issue in ("2021-07-18", "2021-07-11"):
        letter.publish(mail, issue=issue, again=True)
    slow = [at for at, recipient in log if recipient.endswith("@slow.example")]
    assert slow == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_burst_and_an_interval(letter: Project) -> None:
    log: list[tuple[float, str]] = []
    people = tuple(f"r{n}@slow.example" for n in range(8))
    limits = {"slow.example": RateLimit(per_minute=20, burst=5, interval=1.0)}
    mail = Mail(letter.world, behaves=at_times(letter, log), people=people, limits=limits)
    letter.publish(mail)
    assert [round(at, 3) for at, _ in log] == [0, 1, 2, 3, 4, 5, 6, 9]  # two tokens came back in six seconds


def test_others_go_first_while_it_waits_for_its_own_limits(letter: Project) -> None:
    give_way = threading.Event()
    give_way.set()
    mail = Mail(letter.world, people=PEOPLE)
    done = letter.publish(mail, give_way=give_way).channels["letters"]
    assert done.sent == 41
    assert isinstance(done.error, DeliveryError)
    assert done.error.retry_after is not None
    assert letter.waited == 0
    assert letter.publish(mail).channels["letters"].sent == 19


# ------------------------------------------------------------- refusals of the sender


def test_the_third_refusal_of_the_sender_closes_the_lane(letter: Project) -> None:
    people = tuple(f"r{n}@{'gmail.example' if n % 2 else 'other.example'}" for n in range(600))
    tried: list[str] = []
    refuse = refuse_at("gmail.example")

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        tried.append(call.recipient)
        return refuse(call, effect)

    mail = Mail(letter.world, behaves=behave, people=people, connections=5)
    done = letter.publish(mail, max_wait=60).channels["letters"]
    assert done.sent == 300
    assert isinstance(done.error, DeliveryError)
    refused = [recipient for recipient in tried if recipient.endswith("@gmail.example")]
    assert 3 <= len(refused) <= 3 + 5, "not more than were on their way when it was closed"
    [lane] = find_closed_lanes(letter.ledger, letter.now)
    assert (lane.channel, lane.lane, lane.waiting) == ("letters", "gmail.example", 300)
    assert "5.7.26" in lane.reason
    status = find_status(letter.ledger, letter.key(channel="letters"))
    assert status
    assert (status.counts.failed, status.counts.planned) == (0, 300)
    assert status.next_at == NOON + 3600 * SECOND


def test_a_closed_lane_is_closed_for_the_next_run_and_issue(letter: Project) -> None:
    people = tuple(f"r{n}@{'gmail.example' if n % 2 else 'other.example'}" for n in range(20))
    mail = Mail(letter.world, behaves=refuse_at("gmail.example"), people=people, connections=1)
    letter.publish(mail)
    good = Mail(letter.world, people=people)
    assert letter.publish(good).channels["letters"].sent == 0
    letter.write("2021-07-11", "旧")
    assert letter.publish(good, issue="2021-07-11", again=True).channels["letters"].sent == 10
    letter.now += dt.timedelta(hours=1)
    assert letter.publish(good).channels["letters"].sent == 10
    assert letter.publish(good, issue="2021-07-11", again=True).channels["letters"].sent == 10
    assert find_closed_lanes(letter.ledger, letter.now) == []
    assert max(letter.world.sent.values()) == 2, "once for each issue"


def test_a_retry_opens_the_lane(letter: Project) -> None:
    people = tuple(f"r{n}@gmail.example" for n in range(9))
    letter.publish(Mail(letter.world, behaves=refuse_at("gmail.example"), people=people, connections=1))
    assert retry_deliveries(letter.ledger, letter.key(channel="letters"), letter.now) == 9
    assert find_closed_lanes(letter.ledger, letter.now) == []
    assert letter.publish(Mail(letter.world, people=people), retry=True).channels["letters"].sent == 9


def test_two_refusals_of_the_sender_close_nothing(letter: Project) -> None:
    people = tuple(f"r{n}@gmail.example" for n in range(9))
    mail = Mail(letter.world, behaves=refuse_at("gmail.example", 2), people=people, connections=1)
    assert letter.publish(mail).channels["letters"].sent == 7
    assert find_closed_lanes(letter.ledger, letter.now) == []


def test_a_provider_says_for_how_long(letter: Project) -> None:
    people = (*(f"r{n}@qq.example" for n in range(9)), "a@other.example")
    mail = Mail(letter.world, behaves=refuse_at("qq.example", 3, retry_after=40), people=people, connections=1)
    done = letter.publish(mail, max_wait=60).channels["letters"]
    assert (done.sent, done.error, letter.waited) == (10, None, 40)


def test_a_refusal_of_the_recipient_closes_nothing(letter: Project) -> None:
    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        raise DeliveryError("550 5.1.1 no such user", permanent=True, kind=RefusalKind.NO_RECIPIENT)

    people = tuple(f"r{n}@gmail.example" for n in range(9))
    letter.publish(Mail(letter.world, behaves=behave, people=people))
    assert find_closed_lanes(letter.ledger, letter.now) == []
    status = find_status(letter.ledger, letter.key(channel="letters"))
    assert status
    assert status.counts.failed == 9
