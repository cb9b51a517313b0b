"""`make simulate`: several processes send one issue over one PostgreSQL, and are killed at it.

Prints a row for each figure, and ends with 1 if one misses its limit. `make simulate ARGS="--only kills --readers
30000"` runs one part, with as many readers. Everything is on this machine and in a temporary folder: it takes ten
minutes if the machine has nothing else to do, and 1.2 kB of disk for each reader. A part that only runs by hand,
`size`, plans for ten million.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.simulate.account import audit
from tests.simulate.half import Costs, deliver_until, measure_disk, measure_leaving, measure_plan, measure_status
from tests.simulate.kills import KillLoop, Plan
from tests.simulate.lanes import LIMITED, measure_pace
from tests.simulate.letter import Letter, empty_queue, plan_issue
from tests.simulate.processes import ProcessGroup
from tests.simulate.report import MISSES, at_least, at_most, miss, note, print_head
from tests.support.postgres import Postgres, programs
from tests.support.servers.mail_recorder import MailRecorder

WINDOW = 10
"""How many emails a worker sends at a time, whose outcome is unknown when it is killed."""

WORKER = ("worker", f"--threads={WINDOW}")

LEASE = 20.0
"""Seconds, instead of the 21 minutes that email needs, so that the simulation ends today."""

_SETTINGS = "-c max_wal_size=4GB -c shared_buffers=256MB -c max_connections=100"


@contextmanager
def running_server() -> Iterator[Postgres]:
    """A PostgreSQL that flushes to the disk, as it does by default."""
    found = {name: shutil.which(name, path=programs()) for name in ("pg_ctl", "initdb")}
    if not all(found.values()):
        raise SystemExit("PostgreSQL is not installed")
    server = Postgres(lambda name: str(found[name]), _SETTINGS)
    try:
        yield server
    finally:
        server.close()


def kills(work: Path, server: Postgres, readers: int) -> None:
    """Four workers, eight of which are killed in all; one is frozen, PostgreSQL restarted, and the queue emptied."""
    plan = Plan(readers, processes=4, lease=LEASE)
    with MailRecorder(work / "arrived", delay=0.001) as recorder:
        letter = Letter(work / "letter", server.address(), recorder.port)
        letter.subscribe(range(readers))
        plan_issue(letter, work / "log")
        with ProcessGroup(letter, WORKER, plan.processes, work / "log", TIMEOUT=str(LEASE / 2)) as group:
            loop = KillLoop(plan, letter, group, recorder.file, server)
            ending = loop.run(lambda: empty_queue(letter))
    account, name = ending.account, f"{readers:,} emails, {plan.processes} workers, {ending.losses} of them lost"
    note(f"{name}: seconds", ending.seconds, "s")
    at_most(f"{name}: sent twice", account.duplicates, 0)
    at_most(f"{name}: not sent, and not known", account.lost, 0)
    at_most(f"{name}: sent, and not known", account.misjudged, 0)
    at_most(f"{name}: left over", account.open, 0)
    at_most(f"{name}: unknown", account.unknown, WINDOW * ending.losses)
    at_most(f"{name}: highest exit code when stopped", max(ending.codes), 0)


def lanes(work: Path, server: Postgres, readers: int) -> None:
    """Three workers; a provider that takes 60 emails a minute has 150 of the readers, and then none."""
    seconds = {}
    for limited in (0, 150):
        folder = work / f"limited{limited}"
        folder.mkdir()
        with MailRecorder(folder / "arrived", delay=0.001) as recorder:
            letter = Letter(folder / "letter", server.address(), recorder.port)
            letter.subscribe(range(readers))
            letter.subscribe(range(readers, readers + limited), (LIMITED,))
            plan_issue(letter, folder / "log")
            with ProcessGroup(letter, WORKER, 3, folder / "log") as group:
                pace = measure_pace(letter, recorder.file, group, readers + limited, stall=120)
                group.stop()
        seconds[limited] = pace.others_seconds
    name = "a lane of 60 a minute, 3 workers"
    at_least(f"{name}: a minute", pace.per_minute, 57)
    at_most(f"{name}: a minute", pace.per_minute, 63)
    at_most(f"{name}: {readers:,} others, against without it", seconds[150] / seconds[0], 2, "×")


def half(work: Path, server: Postgres, readers: int) -> None:
    """Two workers deliver half of the emails over a channel that only notes them, and some readers leave then."""
    costs, arrived = Costs(), work / "arrived"
    letter = Letter(work / "letter", server.address(), 25)
    letter.subscribe(range(readers))
    measure_plan(letter, costs, work / "log")
    with ProcessGroup(letter, WORKER, 2, work / "log", ARRIVED=str(arrived), PAUSE="0.001") as group:
        deliver_until(group, arrived, costs, readers // 2, stall=120)
        leaving_meanwhile = measure_leaving(letter, readers - 1)
        group.stop()
    costs.leaving = measure_leaving(letter, readers - 101)
    measure_status(letter, costs, work / "log")
    account, name = audit(letter, arrived, readers), f"{readers:,} readers, half delivered"
    note(f"{name}: one leaves while workers send as fast as they can", 1000 * leaving_meanwhile, "ms")
    print_costs(letter, costs, name, readers)
    note(f"{name}: deliveries a second, 2 workers", costs.rate)
    at_most(f"{name}: sent twice", account.duplicates, 0)
    at_most(f"{name}: unknown after they were stopped", account.unknown, 0)


def print_costs(letter: Letter, costs: Costs, name: str, readers: int) -> None:
    note(f"{name}: to plan", costs.planning, "s")
    at_most(f"{name}: one leaves", 1000 * costs.leaving, 10, "ms")
    at_most(f"{name}: publish status", costs.status, 1, "s")
    at_most(f"{name}: memory of a process", costs.memory / 1e6, 150, "MB")
    note(f"{name}: disk of the tables, each", measure_disk(letter) / 1000 / readers, "kB")


def size(work: Path, server: Postgres, readers: int) -> None:
    """A list as long as any is planned, and some readers leave; nothing is sent."""
    costs, letter = Costs(), Letter(work / "letter", server.address(), 25)
    letter.subscribe(range(readers))
    measure_plan(letter, costs, work / "log")
    costs.leaving = measure_leaving(letter, readers - 1)
    measure_status(letter, costs, work / "log")
    print_costs(letter, costs, f"{readers:,} readers, planned", readers)


class Part(NamedTuple):
    """What is simulated, with how many readers, and after how many minutes it has failed if it is not over."""

    run: Callable[[Path, Postgres, int], None]
    readers: int
    minutes: int


PARTS = {"kills": Part(kills, 200_000, 40), "lanes": Part(lanes, 10_000, 12), "half": Part(half, 1_000_000, 60)}
BY_HAND = {"size": Part(size, 10_000_000, 120)}


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in a block that takes longer than that."""

    def end(*_: object) -> None:
        raise TimeoutError(f"it is not over after {seconds / 60:.0f} minutes")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def simulate(name: str, readers: int) -> None:
    """Run a part. One that cannot go on is a miss, as one that takes too long; the others are run all the same."""
    import psycopg

    part = (PARTS | BY_HAND)[name]
    readers = readers or part.readers
    try:
        with (
            time_limit(60 * part.minutes * max(1, readers / part.readers)),
            running_server() as server,
            tempfile.TemporaryDirectory() as folder,
        ):
            part.run(Path(folder), server, readers)
    except (RuntimeError, OSError, psycopg.Error) as error:
        miss(name, str(error))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--only", choices=[*PARTS, *BY_HAND], help="run this part alone")
    parser.add_argument("--readers", type=int, default=0, help="how many there are, instead of those of each part")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and no worker is left behind
    print_head()
    for name in [given.only] if given.only else PARTS:
        simulate(name, given.readers)
    if MISSES:
        raise SystemExit(f"missed: {', '.join(MISSES)}")


if __name__ == "__main__":
    main()
