"""A large list, half of it delivered: what it costs that someone leaves, to ask how far it is, and to hold it."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from statistics import median

from msgspec import Struct

from publisher.signing import SigningKeys
from publisher.subscribers.models import Origin
from publisher.subscribers.subscriber_list import SubscriberList
from tests.simulate.kills import Progress
from tests.simulate.letter import ID, KEY, PROVIDERS, Letter, run_to_end
from tests.simulate.processes import ProcessGroup, read_peak_memory

_LEAVERS = 20
_TIMES = 3


class Costs(Struct):
    """Seconds, unless it says otherwise. `rate` is deliveries a second of all processes, `memory` bytes of the largest
    one, and `status` the fastest of a few calls, each a process of its own."""

    planning: float = 0.0
    rate: float = 0.0
    leaving: float = 0.0
    status: float = 0.0
    memory: int = 0


def measure_plan(letter: Letter, costs: Costs, log: Path) -> None:
    """Plan the issue. Raises RuntimeError if that fails."""
    run_to_end(letter, log, "worker", "--setup")
    begun = time.monotonic()
    with log.open("ab") as output, letter.start("--yes", "--channel", "email", log=output) as process:
        while process.poll() is None:
            costs.memory = max(costs.memory, read_peak_memory(process.pid))
            time.sleep(0.05)
    if process.returncode:
        raise RuntimeError(f"exit {process.returncode}: {log.read_text()[-2000:]}")
    costs.planning = time.monotonic() - begun


def deliver_until(group: ProcessGroup, arrived: Path, costs: Costs, number: int, stall: float) -> None:
    """Have the group deliver until so many have arrived. Raises RuntimeError if nothing more arrives."""
    progress = Progress(arrived)
    while not (first := progress.look()):
        time.sleep(0.01)
        if progress.idle > stall:
            raise RuntimeError("no email arrives")
    begun = time.monotonic()
    while progress.look() < number:
        if progress.idle > stall:
            raise RuntimeError(f"{progress.lines} emails have arrived, and no more do")
        costs.memory = max(costs.memory, *map(read_peak_memory, group.pids))
        group.refill()
        time.sleep(0.2)
    costs.rate = (progress.lines - first) / (time.monotonic() - begun)


def measure_leaving(letter: Letter, last: int) -> float:
    """Have the readers with the highest numbers up to `last` leave, one after another; return the median in seconds."""
    seconds = []
    now = dt.datetime.now(dt.UTC)
    with letter.open_ledger() as ledger:
        subscribers = SubscriberList(ledger, ID, SigningKeys(KEY))
        for number in range(last, last - _LEAVERS, -1):
            begun = time.perf_counter()
            left = subscribers.leave(f"reader{number}@{PROVIDERS[number % len(PROVIDERS)]}", Origin(now, "simulation"))
            seconds.append(time.perf_counter() - begun)
            assert left, f"reader{number} is not on the list"
    return median(seconds)


def measure_status(letter: Letter, costs: Costs, log: Path) -> None:
    """Ask `publish status`, as a person does."""
    seconds = []
    for _ in range(_TIMES):
        begun = time.perf_counter()
        with log.open("ab") as output:
            letter.start("status", log=output).wait()
        seconds.append(time.perf_counter() - begun)
    costs.status = min(seconds)


def measure_disk(letter: Letter) -> int:
    """Return how many bytes the tables take with their indexes."""
    import psycopg

    with psycopg.connect(letter.ledger) as connection:
        query = """SELECT SUM(pg_total_relation_size(oid))::bigint FROM pg_class
                   WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"""
        [(size,)] = connection.execute(query).fetchall()
    return int(size)
