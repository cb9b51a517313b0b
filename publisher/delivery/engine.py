"""What brings shards to worker processes: a queue of Procrastinate, in the PostgreSQL database of the ledger.

The ledger alone says what is to be sent. A job only says that a shard may have something to do: one that comes twice
finds the shard claimed or done, and one that never comes is replaced, because open shards are enqueued again and again.
So the tables of the queue may be lost at any time.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any

from publisher.delivery.engine_tables import TASK_NAME, import_procrastinate
from publisher.errors import StorageError
from publisher.ledger.database import Transaction
from publisher.ledger.postgres import CONNECTION_OPTIONS, PostgresDatabase, PostgresTransaction
from publisher.ledger.shards import ShardRef
from publisher.ledger.worker_heartbeats import list_workers
from publisher.named_tuple import NamedTuple
from publisher.redaction import redact

if TYPE_CHECKING:
    from procrastinate import App

_MAX_QUEUE_NAME = 63 - len("procrastinate_queue_v1#")  # bytes: with this before it, it is an identifier of PostgreSQL

_JOBS_PER_WORKER = 2
"""How many jobs of a lane wait at most for each worker."""

_POLL_SECONDS = 5.0
"""How often a worker looks for jobs, should a notification be lost, and for a database that failed."""


class JobQueue:
    """The jobs of a newsletter (by its id). Each of the `lanes`, which have a rate limit, has a queue of its own; ""
    is all others together."""

    def __init__(self, newsletter: str, lanes: Collection[str]) -> None:
        self.procrastinate = import_procrastinate()
        self.lanes = frozenset(lanes) | {""}
        self._newsletter = newsletter
        self._app = self.procrastinate.App(connector=self.procrastinate.SyncPsycopgConnector())  # for our connection

    def enqueue(self, tx: Transaction, shards: Iterable[ShardRef]) -> None:
        """Enqueue shards that do not wait in the queue already, of each lane at most so many that its workers stay
        busy: the end of one enqueues the next. Workers see them when the transaction is committed."""
        assert isinstance(tx, PostgresTransaction)
        waiting = tx.fetch_all("SELECT queue_name, queueing_lock FROM procrastinate_jobs WHERE status = 'todo'")
        counts, locks = Counter(name for name, _ in waiting), {lock for _, lock in waiting}
        limit = _JOBS_PER_WORKER * max(1, len(list_workers(tx, PostgresDatabase.dialect, self._newsletter)))
        for shard in shards:
            name = self.name_queue(shard.queue)
            lock = f"{name}: shard {shard.id}"  # one may wait in the queue of a lane that has no limit any more
            if lock in locks or counts[name] >= limit:
                continue
            counts[name] += 1
            options = {"queue": name, "priority": int(bool(shard.queue)), "connection": tx.connection}
            deferrer = self._app.configure_task(TASK_NAME, queueing_lock=lock, **options)
            try:
                # another process may have enqueued it; without a savepoint that would abort the transaction
                with suppress(self.procrastinate.exceptions.AlreadyEnqueued), tx.connection.transaction():
                    deferrer.defer(shard=shard.id, fence=shard.fence)
            except self.procrastinate.exceptions.ConnectorException as error:
                raise error.__cause__ or error from None  # an error of the driver, which `tx` knows

    def find_lane(self, queue: str) -> str:
        """Return the lane of a shard's queue: "", all others, also for one that has no rate limit any more."""
        return queue if queue in self.lanes else ""

    def name_queue(self, lane: str) -> str:
        """Return the name of the queue of a lane."""
        name = f"{self._newsletter} {self.find_lane(lane)}".rstrip()
        digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
        return name if len(name) <= _MAX_QUEUE_NAME else f"{name[: _MAX_QUEUE_NAME - 17]} {digest}"


class LaneThreads(NamedTuple):
    """So many threads, which take the jobs of these lanes and of no others."""

    lanes: Sequence[str]
    threads: int


class JobWorker:
    """Calls `deliver`, which must not raise, for each job of some lanes, in `groups` of threads: with a `shard` (its
    id) that has work, and the `fence` that it had. `report` is called with an error when the database at `url` fails,
    and with None when it is back."""

    def __init__(
        self,
        queue: JobQueue,
        url: str,
        groups: Sequence[LaneThreads],
        deliver: Callable[[int, int], None],
        report: Callable[[StorageError | None], None],
    ) -> None:
        self._queue, self._url, self._groups = queue, url, groups
        self._deliver, self._report = deliver, report
        self._in_progress: set[int] = set()

    def run(self, stop: Event) -> None:
        """Work until `stop` is set, and again whenever the database fails. Returns when all calls have returned."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: Event) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(sum(group.threads for group in self._groups) + 1))
        loop.set_exception_handler(lambda *_: None)  # of a job that was deleted from the tables while it ran
        stopped = asyncio.create_task(asyncio.to_thread(stop.wait))
        while not stopped.done():
            options = {"kwargs": CONNECTION_OPTIONS, "min_size": 1, "timeout": _POLL_SECONDS}
            connector = self._queue.procrastinate.PsycopgConnector(conninfo=self._url, **options)
            app = self._queue.procrastinate.App(connector=connector)
            app.task(name=TASK_NAME)(self._do_job)
            try:
                async with app.open_async():  # not to be cancelled, which would leave tasks behind that never end
                    self._report(None)
                    await self._take_jobs(app, stopped)
            except Exception as error:  # whatever it is, it is better to go on than to end
                reason, *_ = [*redact(str(error.__cause__ or error)).splitlines(), type(error).__name__]
                self._report(StorageError(f"the queue of the workers: {reason}"))
            await asyncio.wait([stopped], timeout=_POLL_SECONDS)

    async def _take_jobs(self, app: App, stopped: asyncio.Task[bool]) -> None:
        options: dict[str, Any] = {"fetch_job_polling_interval": _POLL_SECONDS, "delete_jobs": "always"}
        workers = []
        for lanes, threads in self._groups:
            queues = [self._queue.name_queue(lane) for lane in lanes]
            worker = app.run_worker_async(queues=queues, concurrency=threads, install_signal_handlers=False, **options)
            workers.append(asyncio.create_task(worker))
        done, _ = await asyncio.wait([stopped, *workers], return_when=asyncio.FIRST_COMPLETED)
        ending = asyncio.gather(*workers, return_exceptions=True)
        ending.cancel()
        while not (await asyncio.wait([ending], timeout=_POLL_SECONDS))[0]:
            if not self._in_progress:  # the cancellation was lost, as by asyncio.wait_for of Python 3.11
                ending.cancel()
        if stopped not in done:
            await done.pop()
            raise StorageError("the database failed for a moment")  # a worker ends without an error then

    def _do_job(self, shard: int, fence: int) -> None:
        self._in_progress.add(shard)
        self._deliver(shard, fence)
        self._in_progress.discard(shard)
