"""A worker: sends the shards that the queue brings, of issues that another process has planned, until it is stopped.

It needs publisher.toml and the secrets there, and nothing else of the newsletter's folder: what is sent is in the
ledger.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from functools import partial
from threading import Event, Lock, Semaphore, Thread

from publisher.config import Config
from publisher.credentials import resolve_secret
from publisher.daemon.alerts import DaemonEvent, DaemonEventHandler, report_closed_lanes
from publisher.delivery import ledger_guard
from publisher.delivery.engine import JobWorker, LaneThreads
from publisher.delivery.engine_tables import delete_stalled_jobs, require_tables
from publisher.delivery.sent_settings import verify_settings
from publisher.delivery.shard_delivery import ShardOutcome, deliver_shard
from publisher.delivery.worker_queue import enqueue_open_shards, find_worker_channels, open_job_queue
from publisher.errors import ConfigError, PublisherError, find_nearest
from publisher.ledger.calendar import record_alerts
from publisher.ledger.lane_metrics import OTHER_LANES
from publisher.ledger.meta import select_clock
from publisher.ledger.open_shards import find_shard
from publisher.ledger.shards import ShardRef
from publisher.ledger.worker_heartbeats import record_worker, remove_worker
from publisher.redaction import redact
from publisher.run import RunContext
from publisher.theme import Theme

_UPKEEP_SECONDS = 5.0
"""How often a worker enqueues what is open: what was lost, what was postponed and is due, what others have left."""

_SHARDS = 2
"""How many shards without a rate limit a worker sends at a time: a message that takes long at the end of one does not
hold up the others."""

_PAUSE_SECONDS = 60.0
"""How long a worker leaves a channel alone on which nothing can be sent, such as one with a wrong password."""

_MAX_SKEW = dt.timedelta(seconds=30)
"""How far the clocks of a worker and of the database may differ: leases end by the clocks of the workers."""


class ShardWorker:
    """Works in the newsletter that `load` loads, again for each shard, as publisher.toml may change meanwhile.

    `lanes` are the names of those to work in, none for all; `threads` is how many messages are sent at the same time, 0
    for as many as the channel has connections. `stop` ends it after the deliveries in progress.
    """

    def __init__(
        self,
        load: Callable[[], tuple[Config, Theme]],
        on_event: DaemonEventHandler,
        stop: Event,
        lanes: Collection[str],
        threads: int,
    ) -> None:
        self._load = load
        self._on_event = on_event
        self._stop = stop
        config, _ = load()
        self._url = resolve_secret(config.ledger)
        self._queue = open_job_queue(config)
        self._lanes = _choose_lanes(lanes, self._queue.lanes)
        concurrency = max((channel.concurrency for channel in find_worker_channels(config)), default=1)
        self._groups, spare = share_threads(self._lanes, threads or concurrency)
        self._spare = Semaphore(spare)
        self._paused_until: dict[str, float] = {}
        self._channel_errors: dict[str, str] = {}
        self._failures: dict[str, str] = {}  # what does not work now, and why
        self._lock = Lock()

    def check(self) -> None:
        """Make sure that this can work, before it says that it has started. Raises ConfigError if the tables of the
        queue are missing, the clock is wrong, or publisher.toml is not that of the process that plans; StorageError if
        the database cannot be reached."""
        with self._open_run() as run:
            with run.ledger.transaction() as tx:
                require_tables(tx)
            ledger_guard.require_same_id(run, accept=False)
            _verify_run(run)

    def run(self) -> None:
        """Work until `stop` is set."""
        upkeep = Thread(target=self._keep_enqueuing, name="upkeep")
        upkeep.start()
        report_queue = partial(self._report_state, "queue")
        worker = JobWorker(self._queue, self._url, self._groups, self._handle_job, report_queue)
        try:
            worker.run(self._stop)
        finally:
            self._stop.set()
            upkeep.join()

    @contextmanager
    def _open_run(self) -> Iterator[RunContext]:
        """Open a run with a connection of its own, for one thread."""
        with closing(RunContext.open(*self._load(), dt.datetime.now(dt.UTC))) as run:
            yield run

    def _keep_enqueuing(self) -> None:
        while True:
            with self._report_errors(), self._open_run() as run:
                newsletter = run.config.newsletter.id
                _verify_run(run)
                with run.ledger.transaction() as tx:
                    record_worker(tx, run.ledger.dialect, newsletter)
                enqueue_open_shards(run, self._queue, self._lanes)
                with run.ledger.transaction() as tx:
                    delete_stalled_jobs(tx)
                self._report_state("work", None)
                if self._stop.wait(_UPKEEP_SECONDS):
                    with run.ledger.transaction() as tx:
                        remove_worker(tx, newsletter)
            if self._stop.is_set():
                return

    # ------------------------------------------------------------------- a job

    def _handle_job(self, shard: int, fence: int) -> None:
        """Send a shard (its id). If there is a reason not to, it is enqueued again as long as it is open."""
        with self._report_errors():
            if self._stop.is_set():
                return
            with self._open_run() as run:
                _verify_run(run)
                with run.ledger.transaction() as tx:
                    found = find_shard(tx, shard)
                if found and self._send(run, found, fence):
                    enqueue_open_shards(run, self._queue, [self._queue.find_lane(found.queue)])

    def _send(self, run: RunContext, shard: ShardRef, fence: int) -> bool:
        """Send a shard. Return whether there was something to do and it went well."""
        channels = {channel.name: channel for channel in find_worker_channels(run.config)}
        if shard.channel not in channels or self._is_paused(shard.channel):
            return False
        outcome = deliver_shard(
            *(run.ledger, channels[shard.channel], shard.id),
            fence=fence,
            clock=run.clock,
            stop=self._stop,
            zone=run.zone,
            spare=None if self._queue.find_lane(shard.queue) else self._spare,
        )
        self._report_outcome(run, shard, outcome)
        return outcome.error is None

    def _is_paused(self, channel: str) -> bool:
        return time.monotonic() < self._paused_until.get(channel, 0.0)

    # ----------------------------------------------------------------- reports

    def _report_outcome(self, run: RunContext, shard: ShardRef, outcome: ShardOutcome) -> None:
        issue = shard.issue.rpartition("/")[2]
        for note in outcome.notes:
            self._log(DaemonEvent("warning", issue, (shard.channel,), redact(note)))
        if outcome.sent:
            self._channel_errors.pop(shard.channel, None)
            lane = shard.queue or OTHER_LANES
            self._log(DaemonEvent("sent", issue, (shard.channel,), f"{outcome.sent:,} in lane {lane}"))
        for event in report_closed_lanes(run, run.clock.time()):
            self._log(event)
        if until := outcome.paused_until:
            self._paused_until[shard.channel] = time.monotonic() + (until - run.clock.time()).total_seconds()
            if outcome.pause_reason != self._channel_errors.get(shard.channel):
                message = f"until {until.astimezone(run.zone):%H:%M}: {outcome.pause_reason}"
                self._log(DaemonEvent("waiting", issue, (shard.channel,), message))
            self._channel_errors[shard.channel] = outcome.pause_reason
        if error := outcome.error:
            self._paused_until[shard.channel] = time.monotonic() + _PAUSE_SECONDS
            subject = [(shard.issue, shard.channel)]
            is_new = bool(record_alerts(run.ledger, subject, "failed", error.message, run.clock.time()))
            if is_new or error.message != self._channel_errors.get(shard.channel):
                self._log(DaemonEvent("failed", issue, (shard.channel,), error.message, error.hint, alarm=is_new))
            self._channel_errors[shard.channel] = error.message

    @contextmanager
    def _report_errors(self) -> Iterator[None]:
        """Report an error that keeps this worker from working, once, and go on."""
        try:
            yield
        except PublisherError as error:
            self._report_state("work", error)
        except Exception as error:  # a bug that one shard shows must not end the others
            message = redact(f"internal error: {type(error).__name__}: {error}")
            self._report_state("work", PublisherError(message, "please report it"))

    def _report_state(self, subject: str, error: PublisherError | None) -> None:
        """Report an error of the queue or of the work that is not known, or that none is left."""
        with self._lock:  # another thread may report the same while the alarm is raised
            before = self._failures.pop(subject, "")
            if error:
                self._failures[subject] = error.message
            has_recovered = before and not self._failures
        if error and error.message != before:
            self._log(DaemonEvent("failed", message=error.message, hint=error.hint, alarm=True))
        elif has_recovered:
            self._log(DaemonEvent("recovered"))

    def _log(self, event: DaemonEvent) -> None:
        with self._lock:
            self._on_event(event)


def _verify_run(run: RunContext) -> None:
    """Raise ConfigError if this worker must not send: leases end by the clocks of the workers, and each message is to
    be the same, whichever of them sends it."""
    if not find_worker_channels(run.config):
        raise ConfigError("no channel sends to subscribers here", "enable [channels.email], and set its server")
    verify_settings(run)
    with run.ledger.transaction() as tx:
        skew = abs(select_clock(tx, run.ledger.dialect) - run.clock.time())
    if skew > _MAX_SKEW:
        limit = f"{_MAX_SKEW.total_seconds():.0f} seconds"  # not the difference, each of which would be another failure
        raise ConfigError(f"the clocks of this machine and of the database differ by over {limit}", "let NTP set both")


def _choose_lanes(names: Collection[str], lanes: frozenset[str]) -> frozenset[str]:
    """Return the lanes with these names, all if there are none. Raises ConfigError."""
    known = {lane or OTHER_LANES: lane for lane in lanes}
    for name in names:
        if name not in known:
            nearest = find_nearest(name, known)
            hint = f"did you mean {nearest}?" if nearest else f"there are {', '.join(sorted(known))}"
            raise ConfigError(f"there is no lane {name} with a rate limit of its own", hint)
    return frozenset(known[name] for name in names) or lanes


def share_threads(lanes: Collection[str], messages: int) -> tuple[list[LaneThreads], int]:
    """Return the threads for so many messages at a time, each of which sends one, and how many are left: those of "",
    which are all lanes without a rate limit, send that many more.

    A lane that has one gets a thread, because it mostly waits. If there are too few, lanes share one, and wait for
    each other.
    """
    limited, has_others = sorted(set(lanes) - {""}), "" in lanes
    if messages == 1:
        return [LaneThreads(sorted(lanes), 1)], 0
    number = min(len(limited), messages - has_others)
    groups = [LaneThreads(limited[first::number], 1) for first in range(number)]
    if not has_others:
        return groups, 0
    left = messages - number
    others = min(_SHARDS, left)
    return [*groups, LaneThreads([""], others)], left - others
