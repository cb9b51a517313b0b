"""The queue that brings shards to workers, on a real database: with the transaction, once while it waits, and always
again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Barrier, Event, Lock, Thread
from time import monotonic, sleep

import pytest

from publisher.delivery.engine import JobQueue, JobWorker, ShardJob
from publisher.delivery.engine_tables import count_workers, delete_stalled_jobs, require_tables, set_up_tables
from publisher.errors import ConfigError, StorageError
from publisher.ledger import Ledger
from publisher.ledger.meta import set_meta
from publisher.ledger.shards import ShardRef
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
        self.delivered: list[ShardJob] = []
        self.reports: list[StorageError | None] = []
        self.before: Callable[[ShardJob], object] = lambda _: None

    def deliver(self, job: ShardJob) -> None:
        self.before(job)
        with self._lock:
            self.delivered.append(job)

    @contextmanager
    def working(self, lanes: tuple[str, ...] = ("",), threads: int = 2) -> Iterator[Event]:
        stop = Event()
        worker = JobWorker(self._queue, self._url, lanes, threads, self.deliver, self.reports.append)
        thread = Thread(target=worker.run, args=(stop,))
        thread.start()
        try:
            yield stop
        finally:
            stop.set()
            thread.join(300)
            assert not thread.is_alive()


# ------------------------------------------------------------------ the tables


def test_there_is_nothing_to_enqueue_into_before_the_setup(ledger: Ledger) -> None:
    with ledger.transaction() as tx, pytest.raises(ConfigError, match="no tables yet") as caught:
        require_tables(tx)
    assert caught.value.hint == "create them: publish worker --setup"
    assert set_up_tables(ledger)
    with ledger.transaction() as tx:
        require_tables(tx)
    assert set_up_tables(ledger) == []


def describe(ledger: Ledger) -> list[list[tuple[object, ...]]]:
    """All that a schema has, without its name."""
    here = "(SELECT current_schema()::regnamespace)"
    queries = (
        "SELECT table_name, column_name, data_type, is_nullable, regexp_replace(column_default, 'test\\d+.', '') "
        "FROM information_schema.columns WHERE table_schema = current_schema()",
        "SELECT regexp_replace(indexdef, 'test\\d+.', '', 'g') FROM pg_indexes WHERE schemaname = current_schema()",
        f"SELECT proname, md5(prosrc), pg_get_function_arguments(oid) FROM pg_proc WHERE pronamespace = {here}",
        f"""SELECT tgname, pg_class.relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
            WHERE pg_class.relnamespace = {here} AND NOT tgisinternal""",
        f"""SELECT typname, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
            WHERE typnamespace = {here}""",
    )
    with ledger.transaction() as tx:
        return [sorted(tx.fetch_all(query), key=repr) for query in queries]


@pytest.mark.parametrize(
    "before", ["02.14.01_01_add_indexes_for_fetch_job.sql", "03.04.00_01_pre_add_retry_failed_job_procedure.sql"]
)
def test_older_tables_are_upgraded(ledger: Ledger, postgres: Postgres, before: str) -> None:
    from procrastinate.schema import migrations_path

    from publisher.ledger.postgres import PostgresTransaction

    for script in sorted(Path(migrations_path).glob("*.sql")):
        if script.name <= before:
            with ledger.transaction() as tx:
                assert isinstance(tx, PostgresTransaction)
                tx.connection.execute(script.read_bytes())
    set_meta(ledger, "last migration of procrastinate", before)
    with ledger.transaction() as tx, pytest.raises(ConfigError, match="older version"):
        require_tables(tx)
    done = set_up_tables(ledger)
    assert done == sorted(done)
    assert done[0] > before
    with ledger.transaction() as tx:
        require_tables(tx)
    fresh = Ledger(postgres.address())
    set_up_tables(fresh)
    assert describe(ledger) == describe(fresh)
    fresh.close()


def test_several_processes_may_set_up_at_once(url: str, ledger: Ledger) -> None:
    done: list[list[str]] = []
    begin = Barrier(4)

    def set_up() -> None:
        own = Ledger(url)
        begin.wait()
        done.append(set_up_tables(own))
        own.close()

    threads = [Thread(target=set_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, done)) == [0, 0, 0, 1]
    with ledger.transaction() as tx:
        require_tables(tx)


def test_tables_of_others_are_left_alone(ledger: Ledger) -> None:
    set_up_tables(ledger)
    set_meta(ledger, "last migration of procrastinate", "")
    with pytest.raises(ConfigError, match="which publisher has not created"):
        set_up_tables(ledger)


TABLES = ("jobs", "workers", "events", "periodic_defers")


@pytest.mark.parametrize("dropped", [TABLES, *((name,) for name in TABLES)], ids="+".join)
def test_tables_that_were_dropped_are_created_again(
    ledger: Ledger, queue: JobQueue, postgres: Postgres, dropped: Sequence[str]
) -> None:
    with ledger.transaction() as tx:
        for name in dropped:
            tx.execute(f"DROP TABLE procrastinate_{name} CASCADE")
        assert count_workers(tx) == 0
    with ledger.transaction() as tx, pytest.raises(ConfigError, match="no tables yet"):
        require_tables(tx)
    assert set_up_tables(ledger)
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1)])
    fresh = Ledger(postgres.address())
    set_up_tables(fresh)
    assert describe(ledger) == describe(fresh)
    fresh.close()


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


def test_each_lane_has_jobs_for_its_workers_and_not_more(ledger: Ledger, queue: JobQueue) -> None:
    shards = [shard(number, 1, lane) for number, lane in enumerate(["", "qq.com", "", "gone.example"] * 10)]
    for number in (0, 1, 3):
        with ledger.transaction() as tx:
            tx.execute("DELETE FROM procrastinate_workers")
            for _ in range(number):
                tx.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
            tx.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (NOW() - INTERVAL '31 seconds')"
            )  # which was killed
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
    with workers.working(("", "qq.com")):
        eventually(lambda: len(workers.delivered) == 2)
        with ledger.transaction() as tx:
            assert count_workers(tx) == 1
            queue.enqueue(tx, [shard(4, 1, "qq.com"), shard(3, 1)])
        eventually(lambda: len(workers.delivered) == 4)
        eventually(lambda: len(jobs(ledger)) == 1)
    assert sorted(workers.delivered) == [(1, 1, ""), (2, 3, ""), (3, 1, ""), (4, 1, "qq.com")]
    assert [shard for _, shard, _, _ in jobs(ledger)] == [9], "the jobs of another newsletter, and none that is done"
    with ledger.transaction() as tx:
        assert count_workers(tx) == 0
    assert workers.reports == [None]


def test_a_worker_takes_only_jobs_of_its_lanes(url: str, ledger: Ledger, queue: JobQueue) -> None:
    workers = Workers(url, queue)
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(1, 1), shard(2, 1, "qq.com"), shard(3, 1, "163.com")])
    with workers.working(("qq.com",)):
        eventually(lambda: bool(workers.delivered))
        eventually(lambda: len(jobs(ledger)) == 2)
    assert workers.delivered == [(2, 1, "qq.com")]


def test_a_worker_that_is_stopped_ends_what_it_has_begun(url: str, ledger: Ledger, queue: JobQueue, caplog) -> None:
    caplog.set_level("INFO", "procrastinate.worker")
    workers, begun, go_on = Workers(url, queue), Event(), Event()

    def hold(_: ShardJob) -> None:
        begun.set()
        go_on.wait(300)

    workers.before = hold
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(number, 1) for number in range(5)])
    with workers.working(threads=1) as stop:
        assert begun.wait(300)
        stop.set()
        eventually(lambda: "Waiting for job to finish" in caplog.text)
        go_on.set()
    assert len(workers.delivered) == 1
    assert len(jobs(ledger)) == 1, "what it had not begun is still there"


def test_a_worker_survives_the_loss_of_its_jobs(url: str, ledger: Ledger, queue: JobQueue) -> None:
    workers, begun, go_on = Workers(url, queue), Event(), Event()

    def hold(_: ShardJob) -> None:
        begun.set()
        go_on.wait(300)

    workers.before = hold
    with ledger.transaction() as tx:
        queue.enqueue(tx, [shard(number, 1) for number in range(3)])
    with workers.working(threads=1):
        assert begun.wait(300)
        with ledger.transaction() as tx:
            tx.execute("TRUNCATE procrastinate_jobs CASCADE")
        go_on.set()
        eventually(lambda: len(workers.delivered) == 1)
        with ledger.transaction() as tx:
            queue.enqueue(tx, [shard(7, 1)])
        eventually(lambda: len(workers.delivered) == 2)
    assert [job.shard for job in workers.delivered] == [0, 7]


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
