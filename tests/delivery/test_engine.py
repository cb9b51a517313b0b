"""The queue that brings shards to workers, on a real database: with the transaction, once while it waits, and always
again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from threading import Event, Lock, Thread
from time import monotonic, sleep

import pytest

from publisher.delivery.engine import JobQueue, JobWorker, LaneThreads
from publisher.delivery.engine_tables import delete_stalled_jobs, set_up_tables
from publisher.errors import StorageError
from publisher.ledger import Ledger
from publisher.ledger.shards import ShardRef
from publisher.ledger.worker_heartbeats import record_worker
from tests.support.postgres import Postgres

NEWSLETTER = "tag:e.org,2021:slow"
LANES = ("qq.com", "163.com")


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.address()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    ledger = Ledger(url)
    yield ledger
    ledger.close()


@pytest.fixture
def queue(ledger: Ledger) -> JobQueue:
    set_up_tables(ledger)
    return JobQueue(NEWSLETTER, LANES)


def shard(number: int, fence: int, lane: str = "") -> ShardRef:
    return ShardRef(number, fence, lane, "email", f"{NEWSLETTER}/2021-07-18")


def jobs(ledger: Ledger) -> list[tuple[str, int, int, str]]:
    """The jobs in the tables: queue, shard, fence and state."""
    with ledger.transaction() as tx:
        return [
            (str(name), int(arguments["shard"]), int(arguments["fence"]), str(state))
            for name, arguments, state in tx.fetch_all(
                "SELECT queue_name, args, status::text FROM procrastinate_jobs ORDER BY id"
            )
        ]


def eventually(is_so: Callable[[], bool]) -> None:
    end = monotonic() + 300
    while not is_so():
        assert monotonic() < end, "it has not become so"
        sleep(0.02)


class Workers:
    """Workers in threads of this process, and what they were given to deliver. `deliver` may come before it counts."""

    def __init__(self, url: str, queue: JobQueue) -> None:
        self._url, self._queue, self._lock = url, queue, Lock()
        self.delivered: list[tuple[int, int]] = []
        self.reports: list[StorageError | None] = []
        self.before: Callable[[int], object] = lambda _: None

    def deliver(self, shard: int, fence: int) -> None:
        self.before(shard)
        with self._lock:
            self.delivered.append((shard, fence))

    @contextmanager
    def working(self, *groups: LaneThreads) -> Iterator[Event]:
        """Two threads of all lanes without a limit, unless there are others."""
        stop = Event()
        groups = groups or (LaneThreads([""], 2),)
        worker = JobWorker(self._queue, self._url, groups, self.deliver, self.reports.append)
        thread = Thread(target=worker.run, args=(stop,))
        thread.start()
        try:
            yield stop
        finally:
            stop.set()
            thread.join(300)
            assert not thread.is_alive()


# -------------------------------------------------------------------- enqueuing


def test_jobs_are_there_with_the_transaction(ledger: Ledger, queue: JobQueue) -> None:
    with suppress(ZeroDivisionError), ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1)])
        raise ZeroDivisionError
    assert jobs(ledger) == []
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1), shard(2, 7, "qq.com")])
    assert jobs(ledger) == [(NEWSLETTER, 1, 1, "todo"), (f"{NEWSLETTER} qq.com", 2, 7, "todo")]


def test_a_job_in_the_queue_of_a_limit_that_is_gone_does_not_keep_its_shard(ledger: Ledger, queue: JobQueue) -> None:
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1, "qq.com")])
        JobQueue(NEWSLETTER, ()).enqueue(tx, [shard(1, 1, "qq.com")])
    assert [name for name, *_ in jobs(ledger)] == [f"{NEWSLETTER} qq.com", NEWSLETTER]


def test_a_job_that_waits_already_does_not_abort_the_transaction(ledger: Ledger, queue: JobQueue) -> None:
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1)])
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 2), shard(2, 1), shard(2, 1)])
        tx.execute("INSERT INTO meta (name, value) VALUES ('after', 'it')")
    assert [shard for _, shard, _, _ in jobs(ledger)] == [1, 2]
    with ledger.transaction() as tx:
        assert tx.fetch_all("SELECT value FROM meta WHERE name = 'after'") == [("it",)]


def test_two_processes_may_enqueue_the_same_shard_at_once(url: str, ledger: Ledger, queue: JobQueue) -> None:
    """The second one waits for the first, and what else it does is not lost."""
    with closing(Ledger(url)) as second, closing(Ledger(url)) as third:

        def enqueue_as_well() -> None:
            with second.transaction() as tx:
                tx.execute("INSERT INTO meta (name, value) VALUES ('before', 'it')")
                queue.enqueue(tx, [shard(1, 1), shard(2, 1)])

        def is_waiting() -> bool:
            with third.transaction() as tx:
                return bool(tx.fetch_all("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))

        thread = Thread(target=enqueue_as_well)
        with ledger.transaction() as tx:
            queue.enqueue(tx, [shard(1, 1)])
            thread.start()
            eventually(is_waiting)
        thread.join()
    assert [number for _, number, *_ in jobs(ledger)] == [1, 2]
    with ledger.transaction() as tx:
        assert tx.fetch_all("SELECT value FROM meta WHERE name = 'before'") == [("it",)]


def test_each_lane_has_jobs_for_its_workers_and_not_more(
    ledger: Ledger, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = [shard(number, 1, lane) for number, lane in enumerate(["", "qq.com", "", "gone.example"] * 10)]
    for number in (0, 1, 3):
        with ledger.transaction() as tx:
            for process in range(number):
                monkeypatch.setattr("publisher.ledger.worker_heartbeats.get_process_id", lambda one=process: f"{one}")
                record_worker(tx, ledger.dialect, NEWSLETTER)
            queue.enqueue(tx, shards)
        counts = Counter(name for name, *_ in jobs(ledger))
        assert counts == dict.fromkeys([NEWSLETTER, f"{NEWSLETTER} qq.com"], 2 * max(1, number))
    assert [number for name, number, *_ in jobs(ledger) if name == NEWSLETTER] == [0, 2, 3, 4, 6, 7]


def test_jobs_of_workers_that_were_killed_are_deleted(ledger: Ledger, queue: JobQueue) -> None:
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1, "qq.com"), shard(2, 1, "163.com"), shard(3, 1), shard(4, 1)])
        for number, age in ((1, 5), (2, 31)):
            tx.execute(f"INSERT INTO procrastinate_workers (last_heartbeat) VALUES (NOW() - INTERVAL '{age} seconds')")
            tx.execute(f"UPDATE procrastinate_jobs SET status = 'doing', worker_id = {number} WHERE id = {number}")
        tx.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = 3")
    with ledger.transaction() as tx:
        assert delete_stalled_jobs(tx) == 2
    assert [number for _, number, *_ in jobs(ledger)] == [1, 4]


@pytest.mark.parametrize("length", [16, 33, 34, 40, 41, 500])
def test_the_name_of_a_queue_fits_and_is_its_own(ledger: Ledger, queue: JobQueue, length: int) -> None:
    ids = [f"tag:e.org,2021:{letter * (length - 15)}" for letter in "ab"]
    names = {JobQueue(newsletter, LANES).name_queue(lane) for newsletter in ids for lane in ("", "qq.com")}
    assert len(names) == 4
    assert max(map(len, names)) <= 40
    with ledger.transaction() as tx:
        JobQueue(ids[0], LANES).enqueue(tx, [shard(1, 1), shard(2, 1, "qq.com")])
    assert {name for name, *_ in jobs(ledger)} <= names


def test_a_queue_that_is_gone_is_an_error_of_the_ledger(ledger: Ledger, queue: JobQueue) -> None:
    with ledger.transaction() as tx:
        tx.execute("DROP TABLE procrastinate_jobs CASCADE")
    with pytest.raises(StorageError, match="procrastinate_jobs"), ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1)])


# ---------------------------------------------------------------------- working


def test_a_worker_delivers_what_is_there_and_what_comes(url: str, ledger: Ledger, queue: JobQueue) -> None:
    workers = Workers(url, queue)
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1), shard(2, 3)])
        JobQueue("tag:e.org,2021:other", LANES).enqueue(tx, [shard(9, 9)])
    with workers.working(LaneThreads(["", "qq.com"], 2)):
        eventually(lambda: len(workers.delivered) == 2)
        with ledger.transaction() as tx:
            queue.enqueue(tx, [shard(4, 1, "qq.com"), shard(3, 1)])
        eventually(lambda: len(workers.delivered) == 4)
        eventually(lambda: len(jobs(ledger)) == 1)
    assert sorted(workers.delivered) == [(1, 1), (2, 3), (3, 1), (4, 1)]
    assert [shard for _, shard, _, _ in jobs(ledger)] == [9], "the jobs of another newsletter, and none that is done"
    assert workers.reports == [None]


def test_a_worker_takes_only_jobs_of_its_lanes(url: str, ledger: Ledger, queue: JobQueue) -> None:
    workers = Workers(url, queue)
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1), shard(2, 1, "qq.com"), shard(3, 1, "163.com")])
    with workers.working(LaneThreads(["qq.com"], 2)):
        eventually(lambda: bool(workers.delivered))
        eventually(lambda: len(jobs(ledger)) == 2)
    assert workers.delivered == [(2, 1)]


def test_the_jobs_of_one_lane_do_not_take_the_threads_of_another(url: str, ledger: Ledger, queue: JobQueue) -> None:
    workers, lock, begun, go_on = Workers(url, queue), Lock(), list[int](), Event()

    def hold(shard: int) -> None:
        with lock:
            begun.append(shard)
        go_on.wait(60)

    workers.before = hold
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1), shard(2, 1), shard(3, 1, "qq.com"), shard(4, 1, "qq.com")])
    with workers.working(LaneThreads([""], 1), LaneThreads(["qq.com"], 1), LaneThreads(["163.com"], 1)) as stop:
        eventually(lambda: len(begun) == 2)
        with ledger.transaction() as tx:
            queue.enqueue(tx, [shard(5, 1, "163.com"), shard(6, 1)])
        eventually(lambda: len(begun) == 3)
        assert sorted(begun) == [1, 3, 5]
        stop.set()
        go_on.set()  # one that is free may take another job before it sees that it should stop
    assert {number for _, number, *_ in jobs(ledger)} == {1, 2, 3, 4, 5, 6} - {*begun}


def test_a_worker_that_is_stopped_ends_what_it_has_begun(url: str, ledger: Ledger, queue: JobQueue, caplog) -> None:
    caplog.set_level("INFO", "procrastinate.worker")
    workers, begun, go_on = Workers(url, queue), Event(), Event()

    def hold(_: int) -> None:
        begun.set()
        go_on.wait(300)

    workers.before = hold
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(number, 1) for number in range(5)])
    with workers.working(LaneThreads([""], 1)) as stop:
        assert begun.wait(300)
        stop.set()
        eventually(lambda: "Waiting for job to finish" in caplog.text)
        go_on.set()
    assert len(workers.delivered) == 1
    assert len(jobs(ledger)) == 1, "what it had not begun is still there"


def test_a_worker_is_stopped_though_a_cancellation_is_lost(
    url: str, ledger: Ledger, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, lost = Event(), Event()
    run_worker = queue.procrastinate.App.run_worker_async

    async def run_late(app: object, **options: object) -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(300)
        lost.set()
        await run_worker(app, **options)

    monkeypatch.setattr(queue.procrastinate.App, "run_worker_async", run_late)
    with Workers(url, queue).working() as stop:
        assert begun.wait(300)
        stop.set()
    assert lost.is_set()


def test_a_worker_can_be_stopped_as_soon_as_it_has_started(url: str, ledger: Ledger, queue: JobQueue) -> None:
    workers = Workers(url, queue)
    for number in range(60):
        with workers.working(LaneThreads([""], 2), LaneThreads(["qq.com"], 1)):
            sleep(number / 3000)  # most often while connections are opened
    assert not any(workers.reports)


def test_a_worker_survives_the_loss_of_its_jobs(url: str, ledger: Ledger, queue: JobQueue) -> None:
    workers, begun, go_on = Workers(url, queue), Event(), Event()

    def hold(_: int) -> None:
        begun.set()
        go_on.wait(300)

    workers.before = hold
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(number, 1) for number in range(3)])
    with workers.working(LaneThreads([""], 1)):
        assert begun.wait(300)
        with ledger.transaction() as tx:
            tx.execute("TRUNCATE procrastinate_jobs CASCADE")
        go_on.set()
        eventually(lambda: len(workers.delivered) == 1)
        with ledger.transaction() as tx:
            queue.enqueue(tx, [shard(7, 1)])
        eventually(lambda: len(workers.delivered) == 2)
    assert [shard for shard, _ in workers.delivered] == [0, 7]


def test_a_worker_outlives_the_database(url: str, ledger: Ledger, queue: JobQueue, postgres: Postgres) -> None:
    workers = Workers(url, queue)
    with workers.working():
        eventually(lambda: workers.reports == [None])
        postgres.stop("immediate")
        eventually(lambda: isinstance(workers.reports[-1], StorageError))
        postgres.start()
        eventually(lambda: workers.reports[-1] is None)
        with ledger.transaction() as tx:
            queue.enqueue(tx, [shard(1, 1)])
        eventually(lambda: len(workers.delivered) == 1)
    assert all("postgresql://" not in error.message for error in workers.reports if error)


@pytest.mark.parametrize("is_noticed", [False, True])
def test_a_worker_whose_database_is_gone_can_be_stopped(
    url: str, queue: JobQueue, postgres: Postgres, is_noticed: bool
) -> None:
    workers = Workers(url, queue)
    with workers.working() as stop:
        eventually(lambda: workers.reports == [None])
        postgres.stop("immediate")
        if is_noticed:
            eventually(lambda: isinstance(workers.reports[-1], StorageError))
        stop.set()
