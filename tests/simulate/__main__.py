"""`make simulate`: several processes send one issue over one PostgreSQL, and are killed at it.

Prints a row for each figure, and ends with 1 if one misses its limit. `make simulate ARGS="--only half --readers
10000000"` runs one part, with as many readers. Everything is on this machine and in a temporary folder; it takes about
ten minutes, and 1.2 kB of disk for each reader.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.simulate.account import audit
from tests.simulate.half import Costs, deliver_until, measure_disk, measure_leaving, measure_plan, measure_status
from tests.simulate.kills import KillLoop, Plan
from tests.simulate.lanes import LIMITED, measure_pace
from tests.simulate.letter import Letter, empty_queue, plan_issue
from tests.simulate.processes import ProcessGroup
from tests.simulate.report import MISSES, at_least, at_most, note
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
    at_most(f"{name}: exit codes of those that were stopped", max(ending.codes), 0)


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
        measure_leaving(letter, costs, readers - 1)
        group.stop()
    measure_status(letter, costs, work / "log")
    account, name = audit(letter, arrived, readers), f"{readers:,} readers, half delivered"
    note(f"{name}: to plan", costs.planning, "s")
    note(f"{name}: deliveries a second, by 2 workers", costs.rate)
    at_most(f"{name}: one leaves", 1000 * costs.leaving, 10, "ms")
    at_most(f"{name}: publish status", costs.status, 1, "s")
    at_most(f"{name}: memory of a process", costs.memory / 1e6, 150, "MB")
    at_most(f"{name}: sent twice", account.duplicates, 0)
    at_most(f"{name}: unknown after they were stopped", account.unknown, 0)
    note(f"{name}: disk of the tables, each", measure_disk(letter) / 1000 / readers, "kB")


PARTS = {"kills": (kills, 200_000), "lanes": (lanes, 10_000), "half": (half, 1_000_000)}
"""What is simulated, and with how many readers."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--only", choices=[*PARTS], help="run this part alone")
    parser.add_argument("--readers", type=int, default=0, help="how many there are, instead of those of each part")
    given = parser.parse_args()
    for name in [given.only] if given.only else PARTS:
        part, readers = PARTS[name]
        with running_server() as server, tempfile.TemporaryDirectory() as folder:
            part(Path(folder), server, given.readers or readers)
    if MISSES:
        raise SystemExit(f"missed: {', '.join(MISSES)}")


if __name__ == "__main__":
    main()
