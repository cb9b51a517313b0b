"""A ledger that fails in the middle of a run loses no outcome that is known, and causes no unknown one."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from publisher.channel import Capabilities, Receipt
from publisher.config import Config
from publisher.credentials import Reference
from publisher.errors import StorageError
from publisher.ledger import Ledger
from publisher.ledger.sqlite import SqliteDatabase
from tests.support.attempts import load_attempts
from tests.support.fake_channel import Call, Letters
from tests.support.newsletter import Project
from tests.support.postgres import Postgres


class Failing:
    """Lets transactions of a ledger fail, before they are committed or after: then no one hears that they were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        self.after_commit = False
        self.failed = 0
        transaction = SqliteDatabase.transaction

        @contextmanager
        def failing(database: SqliteDatabase) -> Iterator[Any]:
            fails, after = self.left > 0, self.after_commit
            self.left -= fails
            self.failed += fails
            if fails and not after:
                raise StorageError("database or disk is full")
            with transaction(database) as tx:
                yield tx
            if fails:
                raise StorageError("server closed the connection unexpectedly")

        monkeypatch.setattr(SqliteDatabase, "transaction", failing)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(monkeypatch)


def fail_when(failing: Failing, number: int, times: int, after_commit: bool) -> Any:
    """Fail from the delivery with this number on: all the transactions until so many have failed."""
    numbers = count(1)

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        receipt = effect()
        if next(numbers) == number:
            failing.after_commit, failing.left = after_commit, times
        return receipt

    return behave


@pytest.mark.parametrize("after_commit", [False, True], ids=["not stored", "stored, and not known to be"])
@pytest.mark.parametrize("times", [1, 2, 4])
@pytest.mark.parametrize("number", [1, 5, 11, 23])
def test_what_is_known_is_recorded_later(
    project: Project, failing: Failing, number: int, times: int, after_commit: bool
) -> None:
    project.write("2021-07-18", "一")
    channel = Letters(project.world, count=23, behaves=fail_when(failing, number, times, after_commit))
    done = project.publish(channel).channels["letters"]
    assert failing.failed == times
    assert (done.error, done.sent) == (None, 23)
    assert set(project.world.sent.values()) == {1}
    attempts = load_attempts(project.ledger, project.key(channel="letters"))
    assert [attempt.outcome for attempt in attempts] == ["sent"] * 23, "and each once"
    assert any("did not accept" in warning for warning in project.warnings)


def test_it_is_not_waited_for_longer_than_the_lease(project: Project, failing: Failing) -> None:
    project.write("2021-07-18", "一")
    channel = Letters(project.world, count=5, behaves=fail_when(failing, 1, 1_000_000, after_commit=False))
    done = project.publish(channel).channels["letters"]
    assert isinstance(done.error, StorageError)
    assert project.waited <= 2 * channel.capabilities.timeout
    failing.left = 0
    project.now += dt.timedelta(minutes=1)
    done = project.publish(Letters(project.world, count=5)).channels["letters"]
    assert done.error, "what was not recorded is unknown, and asked about"
    assert set(project.world.sent.values()) == {1}


def test_a_stop_shortens_the_wait(project: Project, failing: Failing) -> None:
    project.write("2021-07-18", "一")
    channel = Letters(project.world, count=5, behaves=fail_when(failing, 1, 1_000_000, after_commit=False))
    project.meanwhile = project.stop.set
    done = project.publish(channel).channels["letters"]
    assert isinstance(done.error, StorageError)
    assert project.waited <= channel.capabilities.timeout


def test_a_ledger_that_fails_at_once_is_reported_soon(project: Project, failing: Failing) -> None:
    """As long as nothing was sent there is nothing to lose."""
    project.write("2021-07-18", "一")

    def opening() -> None:
        failing.left = 1_000_000

    channel = Letters(project.world, count=5, opening=opening)
    done = project.publish(channel).channels["letters"]
    assert isinstance(done.error, StorageError)


class Slow(Letters, frozen=True):
    """Letters that may take long."""

    capabilities: ClassVar[Capabilities] = Capabilities(timeout=120.0)


class OnServer(Project):
    """A newsletter whose ledger is on a database server."""

    @property
    def config(self) -> Config:
        return replace(super().config, ledger=Reference("env:LEDGER"))


def test_a_server_that_is_restarted_meanwhile(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgres.address()
    monkeypatch.setenv("LEDGER", address)
    project, stopped = OnServer(tmp_path / "letter"), threading.Event()
    project.write("2021-07-18", "一")
    numbers = count(1)

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        receipt = effect()
        if next(numbers) == 7:
            postgres.stop("immediate")
            stopped.set()
        return receipt

    def restart() -> None:
        if project.waited == 3:
            assert stopped.wait(300)
            postgres.start()

    project.meanwhile = restart
    done = project.publish(Slow(project.world, count=23, behaves=behave)).channels["letters"]
    assert (done.error, done.sent) == (None, 23)
    assert set(project.world.sent.values()) == {1}
    with closing(Ledger(address)) as ledger:
        attempts = load_attempts(ledger, project.key(channel="letters"))
    assert [attempt.outcome for attempt in attempts] == ["sent"] * 23
