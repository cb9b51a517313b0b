"""Many readers: bounded memory to plan, and no step that looks at all of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from publisher.ledger import DeliveryState, Ledger
from publisher.ledger.calendar import find_ready
from publisher.ledger.database import Row, Transaction
from publisher.ledger.destinations import load_destination_ids
from publisher.ledger.subscriber_recipients import drop_deliveries
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, claim, ended, rows, turn

ROOT = Path(__file__).parents[2]
MEGABYTE = 1024

PLANNING = """
import json, sys, zlib
from pathlib import Path
from publisher.ledger import Ledger
from tests.ledger.shortcuts import claim, parts, plan, rows
kind, place, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
ledger = Ledger(Path(place) if kind == "PosixPath" else place)
claimed, counts = claim(ledger), []
for _ in range(2):
    readers = (f"{zlib.crc32(b'%d' % n):x}-{n}@example.org" for n in range(number))
    plan(ledger, claimed, parts(mail="text"), readers)
    counts += rows(ledger, "SELECT COUNT(*), MAX(id) FROM delivery")
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([int(peak.split()[1]), *counts]))
"""


def planned(place: Path | str, number: int) -> tuple[int, list[int], list[int]]:
    """Peak memory in kB of a process that plans for so many readers twice; rows and last row each time."""
    command = [sys.executable, "-c", PLANNING, type(place).__name__, str(place), str(number)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    peak, first, second = json.loads(done.stdout)
    return peak, first, second


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_does_not_grow_with_the_list(place: Path | str, tmp_path: Path) -> None:
    number = 100_000
    few, first, second = planned(tmp_path / "few.db", 10_000)
    assert first == second == [10_000, 10_000]
    many, first, second = planned(place, number)
    assert first == second == [number, number], "to plan again inserts nothing"
    # a list of so many addresses takes 16 MB; with PostgreSQL, another library is loaded
    assert many - few < (10 if isinstance(place, Path) else 64) * MEGABYTE


class Recorder:
    """Keeps the statements that pass."""

    def __init__(self, tx: Transaction, kept: list[tuple[str, Any]]) -> None:
        self._tx, self._kept = tx, kept

    def execute(self, sql: str, *values: object) -> int:
        self._kept.append((sql, values))
        return self._tx.execute(sql, *values)

    def execute_many(self, sql: str, rows: Any) -> int:
        every = list(rows)
        self._kept += [(sql, values) for values in every[:1]]
        return self._tx.execute_many(sql, every)

    def insert_many(self, table: str, columns: Any, rows: Any) -> None:
        self._tx.insert_many(table, columns, rows)

    def update_many(self, sql: str, columns: Any, rows: Any) -> set[object]:
        one = f"(SELECT {', '.join(f'? AS {column}' for column in columns)}) AS new"
        self._kept += [(sql.replace("{new}", one), values) for values in rows[:1]]
        return self._tx.update_many(sql, columns, rows)

    def fetch_all(self, sql: str, *values: object) -> list[Row]:
        self._kept.append((sql, values))
        return self._tx.fetch_all(sql, *values)

    def lock_rows(self, table: str, ids: Collection[int]) -> None:
        self._tx.lock_rows(table, ids)


@contextmanager
def recorded(ledger: Ledger) -> Iterator[list[tuple[str, Any]]]:
    """The statements of the block, with the values of one row each."""
    kept: list[tuple[str, Any]] = []
    real = ledger.transaction

    @contextmanager
    def recording() -> Iterator[Transaction]:
        with real() as tx:
            yield Recorder(tx, kept)

    ledger.transaction = recording  # type: ignore[assignment]
    yield kept
    ledger.transaction = real


def use_in_every_way(ledger: Ledger) -> None:
    """All that happens for each window, and at the ends of a run."""
    again = claim(ledger, NOON + MINUTE)
    a, b, c, *_ = turn(ledger, again, size=5)
    later = ended(b, DeliveryState.PLANNED, next_at=NOON + MINUTE)
    turn(ledger, again, ended(a, url="https://e.org/"), later, ended(c, DeliveryState.UNKNOWN))
    ledger.find_next_attempt(again, NOON)
    ledger.find_queues(again)
    ledger.load_part(a.digest, a.part)
    load_destination_ids(ledger, KEY.channel)
    ledger.release(again, NOON)
    find_ready(ledger, NOON)
    with ledger.transaction() as tx:
        drop_deliveries(tx, KEY.issue.rpartition("/")[0], "reader9", "left the list")
    ledger.claim(KEY, NOON, MINUTE)


def test_no_step_looks_at_all_deliveries(ledger: Ledger) -> None:
    on_sqlite = ledger.dialect["lock"] == ""
    begun(ledger, *(f"reader{number}" for number in range(10 if on_sqlite else 20_000)))
    if not on_sqlite:
        with ledger.transaction() as tx:
            for table in ("publication", "shard", "delivery"):  # each is locked, so not those of other tests
                tx.execute(f"ANALYZE {table}")
    with recorded(ledger) as kept:
        use_in_every_way(ledger)
    about = {sql: values for sql, values in kept if "delivery" in sql}
    assert [sql for sql in about if "AND state = 'sending' ORDER BY id" in sql], "what the last owner left"
    assert len(about) >= 7
    for sql, values in about.items():
        if on_sqlite:
            steps = [step for *_, step in rows(ledger, f"EXPLAIN QUERY PLAN {sql}", *values)]
            assert not [step for step in steps if step.startswith("SCAN") and "delivery" in step], (sql, steps)
            assert "USE TEMP B-TREE FOR ORDER BY" not in steps, (sql, steps)
        else:
            steps = [step for (step,) in rows(ledger, f"EXPLAIN {sql}", *values)]
            avoided = "Seq Scan on delivery" if "DISTINCT" in sql else "Seq Scan on delivery|Sort"  # of a few
            assert not [step for step in steps if re.search(avoided, step)], (sql, steps)
