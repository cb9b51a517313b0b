"""The alarm clock: calls a tick every half minute, and at the very moment at which something is due.

APScheduler is only to wake up. It stores nothing and knows nothing: its own store would lose a job whose
process dies, and run it twice where two processes share it. What is due is for the ledger to say, so an alarm
that does not ring, rings twice or too late does no harm.
Source: apscheduler.readthedocs.io/en/3.x/faq.html
"""

from __future__ import annotations

import datetime as dt
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.events import SchedulerEvent
    from apscheduler.schedulers.base import BaseScheduler

TICK_INTERVAL = 30.0
"""Seconds from tick to tick."""

_MAX_CLOCK_STEP = 5.0
"""So many seconds a clock may be set, and nobody minds."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_alarm(
    tick: Callable[[], dt.datetime | None],
    stop: Event,
    on_error: Callable[[str], None],
    on_busy: Callable[[], None] = lambda: None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Call `tick` until SIGTERM or SIGINT comes; then set `stop`, and return when the tick has ended.

    `ready` is called once, from when on a signal ends it in this good order. A tick gives back when it wants
    to be called at the latest, in UTC. No two are at work at a time: while one is, `at_work` is called each
    half minute. `tell` hears in words what went wrong.
    """
    import logging

    from apscheduler.schedulers.blocking import BlockingScheduler

    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # `tell` hears of it
    scheduler = BlockingScheduler(
        timezone=dt.UTC, job_defaults={"coalesce": True, "misfire_grace_time": None}
    )
    working = Lock()
    bell, ear = socket.socketpair()
    watch = Thread(target=_watch_clock, args=(ear, scheduler, stop, working), name="clock")

    def ring() -> None:
        if not working.acquire(blocking=False):
            on_busy()
            return
        try:
            if following := tick():
                scheduler.add_job(ring, "date", run_date=following, id="next", replace_existing=True)
        finally:
            working.release()

    _add_listeners(scheduler, watch, on_error, on_busy)
    scheduler.add_job(
        ring,
        "interval",
        seconds=TICK_INTERVAL,
        id="tick",
        next_run_time=dt.datetime.now(dt.UTC),
        max_instances=1,
    )
    # what a handler may do in the midst of anything is little: the bell rings, and the watch does the rest
    bell.setblocking(False)
    before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    fd = signal.set_wakeup_fd(bell.fileno())
    with closing(bell), closing(ear):
        try:
            on_ready()
            scheduler.start()
        finally:
            bell.send(b"!")
            if watch.is_alive():
                watch.join()
            signal.set_wakeup_fd(fd)
            for number, handler in before.items():
                signal.signal(number, handler)


def _add_listeners(
    scheduler: BaseScheduler, watcher: Thread, on_error: Callable[[str], None], on_busy: Callable[[], None]
) -> None:
    from apscheduler import events

    def hear(event: SchedulerEvent) -> None:
        match event.code:
            case events.EVENT_SCHEDULER_STARTED:
                watcher.start()
            case events.EVENT_JOB_ERROR:
                error = event.exception
                on_error(f"internal error: {type(error).__name__}: {error}")
            case events.EVENT_JOB_MISSED:
                on_error("the alarm came too late")
            case _:
                on_busy()

    codes = events.EVENT_JOB_ERROR | events.EVENT_JOB_MISSED | events.EVENT_JOB_MAX_INSTANCES
    scheduler.add_listener(hear, codes | events.EVENT_SCHEDULER_STARTED)


def _watch_clock(receiver: socket.socket, scheduler: BaseScheduler, stop: Event, working: Lock) -> None:
    """Wait for the bell, and shut down. Meanwhile see whether the clock was set, or the machine asleep: the
    scheduler waits by another clock, and after a step backwards it would wait until the old time is back."""
    ahead = _measure_clock_offset()
    while not select.select([receiver], [], [], TICK_INTERVAL)[0]:
        before, ahead = ahead, _measure_clock_offset()
        if abs(ahead - before) > _MAX_CLOCK_STEP:
            scheduler.modify_job("tick", next_run_time=dt.datetime.now(dt.UTC))
    stop.set()
    with working:  # to shut down waits for the tick, and holds what a tick needs that asks for an alarm
        if scheduler.running:
            scheduler.shutdown()


def _measure_clock_offset() -> float:
    """By how many seconds the time of day is ahead of the clock that nobody sets."""
    return time.time() - time.monotonic()
