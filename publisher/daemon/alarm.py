"""Calls a function (a tick) every half minute, and at the time when something is due.

APScheduler only wakes the process up and stores nothing: its own job store would lose a job whose process
dies, and run it twice where two processes share it. The ledger says what is due, so an alarm that is missed,
late or repeated does no harm.
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
"""Seconds between ticks."""

_MAX_CLOCK_STEP = 5.0
"""Changes of the system clock up to this many seconds are ignored."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_alarm(
    tick: Callable[[], dt.datetime | None],
    stop: Event,
    on_error: Callable[[str], None],
    on_busy: Callable[[], None] = lambda: None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Call `tick` until SIGTERM or SIGINT arrives; then set `stop`, and return when the tick has ended.

    `tick` returns when it must be called next at the latest, in UTC, or None. Ticks never overlap: while one
    is running, `on_busy` is called every half minute. `on_ready` is called once, when signals are handled.
    `on_error` gets a message when a tick fails or comes too late.
    """
    import logging

    from apscheduler.schedulers.blocking import BlockingScheduler

    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # errors go to `on_error`
    scheduler = BlockingScheduler(timezone=dt.UTC, job_defaults={"coalesce": True, "misfire_grace_time": None})
    tick_lock = Lock()
    sender, receiver = socket.socketpair()
    watcher = Thread(target=_watch_clock, args=(receiver, scheduler, stop, tick_lock), name="clock")

    def run_tick() -> None:
        if not tick_lock.acquire(blocking=False):
            on_busy()
            return
        try:
            if next_time := tick():
                scheduler.add_job(run_tick, "date", run_date=next_time, id="next", replace_existing=True)
        finally:
            tick_lock.release()

    _add_listeners(scheduler, watcher, on_error, on_busy)
    scheduler.add_job(
        run_tick, "interval", seconds=TICK_INTERVAL, id="tick", next_run_time=dt.datetime.now(dt.UTC), max_instances=1
    )
    # a signal handler can do little safely: the wakeup fd makes the socket readable, and the watcher acts
    sender.setblocking(False)
    old_handlers = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    old_fd = signal.set_wakeup_fd(sender.fileno())
    with closing(sender), closing(receiver):
        try:
            on_ready()
            scheduler.start()
        finally:
            sender.send(b"!")
            if watcher.is_alive():
                watcher.join()
            signal.set_wakeup_fd(old_fd)
            for number, handler in old_handlers.items():
                signal.signal(number, handler)


def _add_listeners(
    scheduler: BaseScheduler, watcher: Thread, on_error: Callable[[str], None], on_busy: Callable[[], None]
) -> None:
    from apscheduler import events

    def handle(event: SchedulerEvent) -> None:
        match event.code:
            case events.EVENT_SCHEDULER_STARTED:
                watcher.start()
            case events.EVENT_JOB_ERROR:
                error = event.exception
                on_error(f"internal error: {type(error).__name__}: {error}")
            case events.EVENT_JOB_MISSED:
                on_error("the alarm was too late")
            case _:
                on_busy()

    codes = events.EVENT_JOB_ERROR | events.EVENT_JOB_MISSED | events.EVENT_JOB_MAX_INSTANCES
    scheduler.add_listener(handle, codes | events.EVENT_SCHEDULER_STARTED)


def _watch_clock(receiver: socket.socket, scheduler: BaseScheduler, stop: Event, tick_lock: Lock) -> None:
    """Wait until a signal makes the socket readable, then shut down.

    Meanwhile notice when the clock was set or the machine was asleep, and run a tick: the scheduler waits by
    another clock, and after a step backwards it would wait until the old time is reached again.
    """
    offset = _measure_clock_offset()
    while not select.select([receiver], [], [], TICK_INTERVAL)[0]:
        old_offset, offset = offset, _measure_clock_offset()
        if abs(offset - old_offset) > _MAX_CLOCK_STEP:
            scheduler.modify_job("tick", next_run_time=dt.datetime.now(dt.UTC))
    stop.set()
    with tick_lock:  # shutdown() waits for the tick and holds a lock that the tick needs to add a job: deadlock
        if scheduler.running:
            scheduler.shutdown()


def _measure_clock_offset() -> float:
    """Return by how many seconds the system clock is ahead of the monotonic clock."""
    return time.time() - time.monotonic()
