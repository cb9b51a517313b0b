"""The alarm clock: it only wakes. Whatever it does wrong, an issue goes out once."""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from apscheduler import events
from apscheduler.schedulers import blocking

from publisher.credentials import resolve_secret
from publisher.daemon import alarm
from publisher.daemon.alarm import run_alarm
from publisher.daemon.hook import run_hook
from tests.support.newsletter import HOUR, MINUTE, Project

Ring = Callable[[], None]


class Fake:
    """A scheduler that does as `rings` says with the job it was given."""

    rings: Callable[[Ring], None]
    running = False

    def __init__(self, **_: Any) -> None:
        self._jobs: dict[str, Ring] = {}
        self._listener: Callable[[Any], None] = lambda _: None

    def add_listener(self, listener: Callable[[Any], None], _: int) -> None:
        self._listener = listener

    def add_job(self, job: Ring, _: str, **words: Any) -> None:
        self._jobs[words["id"]] = job

    def start(self) -> None:
        self._listener(events.SchedulerEvent(events.EVENT_SCHEDULER_STARTED))
        Fake.rings(self._jobs["tick"])


def serve(project: Project, monkeypatch: pytest.MonkeyPatch, rings: Callable[[Ring], None]) -> None:
    monkeypatch.setattr(blocking, "BlockingScheduler", Fake)
    monkeypatch.setattr(Fake, "rings", staticmethod(rings), raising=False)
    ticker = project.ticker()
    run_alarm(lambda: project.tick(ticker).next_due, project.stop, lambda *_: None)
    project.stop.clear()


def test_one_that_never_rings(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(project, monkeypatch, lambda _: None)
    assert project.sent == []
    serve(project, monkeypatch, lambda ring: ring())
    assert project.sent == ["一"]


def test_one_that_rings_twice(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(ring: Ring) -> None:
        both = [threading.Thread(target=ring) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        ring()

    serve(project, monkeypatch, twice)
    assert project.sent == ["一"]


def test_one_that_rings_late(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(ring: Ring) -> None:
        project.now -= MINUTE
        ring()
        assert project.sent == []
        project.now += 5 * HOUR
        ring()

    serve(project, monkeypatch, late)
    assert project.sent == ["一"]
    assert project.said("publishing")[0].message == "late by 4 h 59 min"


# ---------------------------------------------------------------- the real one


def leave(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def test_it_rings_at_once_and_at_the_moment_that_was_asked_for() -> None:
    times = []

    def tick() -> dt.datetime | None:
        times.append(dt.datetime.now(dt.UTC))
        if len(times) == 2:
            leave()
            return None
        return times[0] + dt.timedelta(seconds=0.5)

    stop = threading.Event()
    before = signal.getsignal(signal.SIGTERM)
    run_alarm(tick, stop, lambda *_: None)
    assert stop.is_set()
    assert len(times) == 2, "the next half minute would have been too late"
    assert times[1] - times[0] >= dt.timedelta(seconds=0.5)
    assert signal.getsignal(signal.SIGTERM) == before


def test_it_is_an_alarm_clock_and_remembers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One job for the half minutes, one for the moment that was asked for, both in memory."""
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    made, seen = [], []
    begin = blocking.BlockingScheduler.__init__

    def note(self: Any, **words: Any) -> None:
        made.append(self)
        begin(self, **words)

    monkeypatch.setattr(blocking.BlockingScheduler, "__init__", note)

    def tick() -> dt.datetime:
        if seen:
            leave()
        else:
            seen.append(1)
            made[0].modify_job("tick", next_run_time=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.3))
        jobs = {job.id: job.trigger for job in made[0].get_jobs()}
        seen.append(jobs.keys())
        assert jobs["tick"].interval == dt.timedelta(seconds=30)
        return tomorrow

    run_alarm(tick, threading.Event(), lambda text: pytest.fail(text))
    assert seen == [1, {"tick"}, {"tick", "next"}]
    assert [type(store).__name__ for store in made[0]._jobstores.values()] == ["MemoryJobStore"]
    assert alarm.TICK_INTERVAL == 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_waits_for_the_tick_under_way(number: signal.Signals) -> None:
    """Also when that asks for another alarm at its end, as it does while an issue is to come."""
    stop, ended = threading.Event(), []

    def tick() -> dt.datetime:
        leave(number)
        assert stop.wait(300)
        time.sleep(0.2)
        ended.append(1)
        return dt.datetime.now(dt.UTC) + dt.timedelta(days=1)

    run_alarm(tick, stop, lambda *_: None)
    assert ended == [1]


def test_an_error_in_a_tick_is_reported_and_the_next_tick_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm, "TICK_INTERVAL", 0.3)
    reported, ticks = [], []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 1:
            raise ZeroDivisionError("by zero")
        if len(ticks) == 2:
            leave()

    run_alarm(tick, threading.Event(), reported.append)
    assert reported == ["internal error: ZeroDivisionError: by zero"]
    assert len(ticks) >= 2


@pytest.mark.parametrize("first", [1, 2], ids=["by the half minute", "by the exact alarm"])
def test_a_tick_that_takes_long_is_looked_after(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm, "TICK_INTERVAL", 0.2)
    looked, ticks = threading.Event(), []

    def tick() -> dt.datetime | None:
        ticks.append(1)
        if len(ticks) < first:
            return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.05)
        looked.clear()
        assert looked.wait(300)
        leave()
        return None

    run_alarm(tick, threading.Event(), lambda _: None, looked.set)
    assert looked.is_set()


def test_a_clock_that_is_set_back_wakes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch looks each EVERY seconds; that the job itself comes again only in an hour stands for a clock
    that was set back by one."""
    ahead = iter([0.0, 0.0, -7200.0])
    monkeypatch.setattr(alarm, "_measure_clock_offset", lambda: next(ahead, -7200.0))
    add = blocking.BlockingScheduler.add_job

    def rarely(self: Any, *job: Any, **words: Any) -> Any:
        return add(self, *job, **words | ({"seconds": 3600} if "seconds" in words else {}))

    monkeypatch.setattr(blocking.BlockingScheduler, "add_job", rarely)
    monkeypatch.setattr(alarm, "TICK_INTERVAL", 0.2)
    ticks = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 2:
            leave()

    run_alarm(tick, threading.Event(), lambda *_: None)
    assert len(ticks) == 2


# ---------------------------------------------------------------- whom it tells


@pytest.fixture
def server() -> Iterator[Any]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.heard.append((self.path, self.headers["content-type"], body.decode()))  # type: ignore[attr-defined]
            self.send_response(500 if "broken" in self.path else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    made.heard = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_an_address_hears_it(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"http://127.0.0.1:{server.server_port}"
    assert run_hook(f"{address}/hook", {"what": "failed"}, tmp_path) == ""
    assert server.heard == [("/hook", "application/json", '{"what": "failed"}')]
    monkeypatch.setenv("HOOK", f"{address}/broken/canary")
    assert run_hook("env:HOOK", {}, tmp_path) == "the server answered 500"
    assert server.heard[1][0] == "/broken/canary"
    monkeypatch.setenv("HOOK", "sh -c 'echo $0 $1 >&2; exit 1' canary-of-hook")
    assert "sh -c" not in run_hook("env:HOOK", {}, tmp_path)


def test_hook_redacts_secrets(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "canary-of-token")
    resolve_secret("env:TOKEN")
    address = f"http://127.0.0.1:{server.server_port}/hook"
    assert run_hook(address, {"text": "internal error: canary-of-token"}, tmp_path) == ""
    [(_, _, heard)] = server.heard
    assert "internal error" in heard
    assert "canary" not in heard


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("env:NO_SUCH_HOOK", "ConfigError: env:NO_SUCH_HOOK: the variable is not set"),
        ("http://127.0.0.1:1/secret", "ConnectError"),
        ("no-such-program at all", "FileNotFoundError: [Errno 2] No such file or directory: 'no-such-program'"),
        ("""sh -c 'echo nobody >&2; exit 3'""", "the command failed with exit code 3: nobody"),
        ("sh -c 'unclosed", "ValueError: No closing quotation"),
    ],
)
def test_nobody_hears_it(target: str, why: str, tmp_path: Path) -> None:
    assert run_hook(target, {}, tmp_path) == why
