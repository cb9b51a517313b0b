"""A delivery that does not end is given up after its channel's timeout, and holds nothing up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from publisher.channel import Capabilities, Receipt
from publisher.errors import DeliveryError, OutcomeUnknownError
from publisher.ledger.queries import find_status
from tests.support.fake_channel import Call, Letters, Post
from tests.support.newsletter import Project


class Brief(Letters, frozen=True):
    """Letters that may take a moment."""

    name: ClassVar[str] = "letters"
    capabilities: ClassVar[Capabilities] = Capabilities(timeout=3.0)
    connections: int = 3

    @property
    def concurrency(self) -> int:
        return self.connections


class BriefPost(Post, frozen=True):
    """Posts that may take a moment."""

    capabilities: ClassVar[Capabilities] = Capabilities(can_edit=True, ordered=True, timeout=3.0)


@pytest.fixture
def hold() -> Iterator[threading.Event]:
    """Keeps deliveries from ending until the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def hang(hold: threading.Event, *recipients: str, started: threading.Event | None = None) -> Callable[..., Receipt]:
    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.recipient.partition("@")[0] in recipients or call.part in recipients:
            if started:
                started.set()
            hold.wait(60)
        return effect()

    return behave


@pytest.mark.parametrize("connections", [1, 3])
def test_a_delivery_that_never_ends_is_unknown(project: Project, hold: threading.Event, connections: int) -> None:
    project.write("2021-07-18", "一")
    channel = Brief(project.world, count=9, behaves=hang(hold, "reader2", "reader4"), connections=connections)
    done = project.publish(channel).channels["letters"]
    assert isinstance(done.error, OutcomeUnknownError)
    assert "it had not ended after 3 seconds" in done.error.message
    assert done.sent == 7
    status = find_status(project.ledger, project.key(channel="letters"))
    assert status
    assert (status.counts.unknown, status.counts.sent, status.counts.sending) == (2, 7, 0)


def test_an_answer_that_comes_too_late_changes_nothing(project: Project, hold: threading.Event) -> None:
    project.write("2021-07-18", "一")
    project.publish(Brief(project.world, count=9, behaves=hang(hold, "reader2")))
    hold.set()
    done = project.publish(Brief(project.world, count=9)).channels["letters"]
    assert isinstance(done.error, OutcomeUnknownError)
    assert project.world.sent["reader2@example.org", "1"] <= 1


def test_an_edit_that_never_ends_is_made_again(project: Project, hold: threading.Event) -> None:
    project.publish(BriefPost(project.world))
    project.write("2021-07-18", "一", "贰", "三")
    waits = [True]

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if waits.pop() if waits else False:
            hold.wait(60)
        return effect()

    done = project.publish(BriefPost(project.world, behaves=behave)).channels["post"]
    assert (done.error, done.changed) == (None, 1)


def test_a_stop_ends_the_run_when_the_deliveries_in_progress_have(project: Project, hold: threading.Event) -> None:
    """None is begun after it, and the longest ends at its timeout."""
    project.write("2021-07-18", "一")
    behave = hang(hold, "reader1", started=project.stop)
    done = project.publish(Brief(project.world, count=500, behaves=behave)).channels["letters"]
    assert done.error
    status = find_status(project.ledger, project.key(channel="letters"))
    assert status
    assert status.counts.unknown == 1
    assert status.counts.sent <= 2 + 3
    assert status.counts.planned == 500 - 1 - status.counts.sent


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_waits_for_the_deliveries_in_progress(project: Project, number: signal.Signals) -> None:
    """Ctrl+C, and SIGTERM where no daemon handles it: what is under way is recorded, the rest is planned."""
    project.write("2021-07-18", "一")
    before = signal.getsignal(number)
    interrupted = threading.Event()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if not interrupted.is_set():
            interrupted.set()
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        project.stop.wait(10)
        return effect()

    with pytest.raises(KeyboardInterrupt):
        project.publish(Letters(project.world, count=50, behaves=behave))
    status = find_status(project.ledger, project.key(channel="letters"))
    assert status
    assert (status.counts.unknown, status.counts.sending) == (0, 0)
    assert 1 <= status.counts.sent < 50
    assert status.counts.planned == 50 - status.counts.sent
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("runs", [True, False], ids=["the thread runs", "the thread was not started"])
def test_an_interrupt_while_the_job_is_started(project: Project, monkeypatch: pytest.MonkeyPatch, runs: bool) -> None:
    project.write("2021-07-18", "一")
    start = threading.Thread.start

    def interrupted_start(thread: threading.Thread) -> None:
        if thread.name == "letters":
            if runs:
                start(thread)
                assert sending.wait(300)
            raise KeyboardInterrupt
        start(thread)

    def behave(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        sending.set()
        project.stop.wait(10)
        return effect()

    sending = threading.Event()
    monkeypatch.setattr(threading.Thread, "start", interrupted_start)
    with pytest.raises(KeyboardInterrupt):
        project.publish(Letters(project.world, count=50, behaves=behave))
    sent = sum(project.world.sent.values())
    assert project.stop.is_set()
    assert sent < 50
    if runs:
        status = find_status(project.ledger, project.key(channel="letters"))
        assert status
        assert (status.counts.sent, status.counts.sending, status.counts.unknown) == (sent, 0, 0)


def test_a_thread_that_cannot_be_started_leaves_nothing_unknown(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("2021-07-18", "一")
    start, left = threading.Thread.start, [2]

    def limited(thread: threading.Thread) -> None:
        if thread.name.startswith("sender") and not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= thread.name.startswith("sender")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    done = project.publish(Brief(project.world, count=20, connections=10)).channels["letters"]
    assert (done.error, done.sent) == (None, 20), "the two that could be started do it"
    assert set(project.world.sent.values()) == {1}


def test_no_thread_at_all(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def none(thread: threading.Thread) -> None:
        if thread.name.startswith("sender"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", none)
    project.write("2021-07-18", "一")
    done = project.publish(Letters(project.world, count=20)).channels["letters"]
    assert isinstance(done.error, DeliveryError)
    assert "cannot start another thread" in done.error.message
    status = find_status(project.ledger, project.key(channel="letters"))
    assert status
    assert (status.counts.planned, status.counts.unknown) == (20, 0)


def test_waits_are_at_least_a_second_and_tries_bounded(project: Project) -> None:
    """A server that always asks for a wait of less than nothing."""

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        tries.append(call)
        raise DeliveryError("too fast", retry_after=-5)

    tries: list[Call] = []
    project.publish(Post(project.world, behaves=behave), max_wait=5)
    assert len(tries) <= 6
    for _ in range(20):
        done = project.publish(Post(project.world, behaves=behave), max_wait=3600).channels["post"]
    assert len(tries) == 40
    assert done.error
    assert "1 of 3 failed: tried 40 times: too fast" in done.error.message
