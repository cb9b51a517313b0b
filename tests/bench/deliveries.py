"""What the ledger costs a delivery, over a channel that only counts: time on both databases, and what PostgreSQL
writes and keeps. Files are in memory, so that SQLite is measured without the disk; PostgreSQL flushes to the disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

FEW, MANY, WINDOW = 10_000, 100_000, 100

_SQLITE_LIMIT = 12.0
"""What it was when results were recorded one by one, as SQLite does not need to have them together."""

_BARE = f"""
import json, sqlite3, sys, time
busy, begun = time.process_time(), time.perf_counter()
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA journal_mode = WAL")
file.execute("PRAGMA synchronous = FULL")
file.execute("CREATE TABLE delivery (id INTEGER PRIMARY KEY, recipient TEXT UNIQUE, state TEXT, at TEXT)")
numbers, at = range({FEW}), "2025-01-01T00:00:00.000000Z"
file.execute("BEGIN")
file.executemany("INSERT INTO delivery VALUES (?, ?, '', '')", ((n, f"reader{{n}}@example.net") for n in numbers))
file.execute("COMMIT")
for first in range(0, {FEW}, {WINDOW}):
    for state in ("sending", "sent"):
        file.execute("BEGIN IMMEDIATE")
        turn = [(state, at, n) for n in range(first, first + {WINDOW})]
        file.executemany("UPDATE delivery SET state = ?, at = ? WHERE id = ?", turn)
        file.execute("COMMIT")
print(json.dumps({{"seconds": time.perf_counter() - begun, "processor": time.process_time() - busy}}))
"""
"""The same three statements for each delivery, and nothing around them."""

Table = Callable[[str, float, str, float], None]


def sqlite(work: Path, table: Table) -> None:
    """Print how many times the processor time of bare SQLite the ledger takes."""
    ours, theirs = [], []
    for number in range(5):
        folder = work / f"ledger{number}"
        folder.mkdir()
        theirs.append(_run("-c", _BARE, str(folder / "bare.db"))["processor"])
        ours.append(_send(str(folder / "ledger.db"), FEW)["processor"])
        shutil.rmtree(folder)
    print(f"  B    {FEW / median(theirs):>9.0f} deliveries a second\n  ours {FEW / median(ours):>9.0f}")
    table(f"{FEW:,} deliveries with a ledger in SQLite", median(ours) / median(theirs), "B", _SQLITE_LIMIT)


def postgres(table: Table) -> None:
    """Print what a ledger on PostgreSQL costs, with fsync and full_page_writes as they are by default."""
    try:
        import psycopg

        from tests.support.postgres import Postgres, programs
    except ImportError as error:
        print(f"  no PostgreSQL: {error}")
        return
    found = {name: shutil.which(name, path=programs()) for name in ("pg_ctl", "initdb")}
    if not all(found.values()):
        print("  no PostgreSQL: it is not installed")
        return
    server = Postgres(lambda name: str(found[name]), "-c max_wal_size=4GB -c shared_buffers=128MB")
    try:
        place = server.address()  # the first, so that the server has nothing else to clean and to log
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            [(before,)] = connection.execute("SELECT pg_current_wal_lsn()").fetchall()
            taken = _send(place, MANY)
            [(wal, disk)] = connection.execute(_SIZES, (before,)).fetchall()
        fastest = min(_send(server.address(), FEW)["seconds"] for _ in range(5))
    finally:
        server.close()
    print(f"  {FEW / fastest:>6.0f} deliveries a second")
    table(f"{FEW:,} deliveries, on PostgreSQL: 4,000 a second", 4000 * fastest / FEW, "", 1)
    print(f"  {1e6 * taken['processor'] / MANY:>6.0f} µs of processor time a delivery, besides the server's")
    table(f"{MANY:,} deliveries on PostgreSQL, each: write-ahead log", wal / 1e3 / MANY, "kB", 1)
    table(f"{MANY:,} deliveries on PostgreSQL, each: disk", disk / 1e3 / MANY, "kB", 0.7)


_SIZES = """SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)::float, SUM(pg_total_relation_size(oid))::float
    FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"""


def _send(place: str, number: int) -> dict[str, float]:
    return _run(str(Path(__file__).with_name("send.py")), place, str(number), str(WINDOW))


def _run(*arguments: str) -> dict[str, float]:
    """Run a process. Return the seconds of wall clock and of processor time that it measured, without its start."""
    done = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured
