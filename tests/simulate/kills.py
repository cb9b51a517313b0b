"""The kill loop: processes send an issue to a large list, some are killed, and the database is restarted."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from tests.simulate.account import Account, audit
from tests.simulate.letter import Letter
from tests.simulate.processes import ProcessGroup
from tests.support.postgres import Postgres

_POLL_SECONDS = 0.1
_ASK_SECONDS = 2.0
"""How often the ledger is asked what is left."""


class Plan(Struct, frozen=True):
    """What to do: `kills` processes are killed and `suspensions` frozen, `readers` is the size of the list.

    A lease lasts `lease` seconds after its process is gone. If nothing has arrived for `stall` seconds, the simulation
    ends, and says that it did not finish. `seed` decides when each thing happens.
    """

    readers: int
    processes: int = 3
    kills: int = 8
    suspensions: int = 1
    restarts: int = 1
    lease: float = 10.0
    stall: float = 120.0
    seed: str = "1"


class Ending(Struct, frozen=True):
    """How it ended: the account, after how many seconds, how many processes lost their lease by force, and the exit
    codes of those that were asked to stop."""

    account: Account
    seconds: float
    losses: int
    codes: list[int]


class Progress:
    """How many lines a file has, read as it grows, and for how many seconds it has not grown."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0
        self._grew_at = time.monotonic()
        self.lines = 0

    @property
    def idle(self) -> float:
        return time.monotonic() - self._grew_at

    def look(self) -> int:
        """Return the number of lines now."""
        if self._file.exists():
            with self._file.open("rb") as lines:
                lines.seek(self._offset)
                new = lines.read()
            if new:
                self._grew_at = time.monotonic()
            self._offset += len(new)
            self.lines += new.count(b"\n")
        return self.lines


def count_open(letter: Letter) -> int:
    """Return how many deliveries are planned or being sent; -1 while the database cannot be asked."""
    import psycopg

    try:
        with psycopg.connect(letter.ledger, connect_timeout=5) as connection:
            query = "SELECT COUNT(*) FROM delivery WHERE state IN ('planned', 'sending')"
            [(number,)] = connection.execute(query).fetchall()
            return int(number)
    except psycopg.Error:
        return -1


class KillLoop:
    """One run. `trouble` are further things to do in the middle, at random moments."""

    def __init__(self, plan: Plan, letter: Letter, group: ProcessGroup, arrived: Path, server: Postgres) -> None:
        self._plan = plan
        self._letter = letter
        self._group = group
        self._arrived = arrived
        self._server = server
        self._chance = random.Random(plan.seed)
        self._losses = 0
        self._resume_at = 0.0
        self._asked_at = 0.0

    def run(self, *trouble: Callable[[], object]) -> Ending:
        """Send until nothing is left, or until nothing has arrived for too long."""
        begun = time.monotonic()
        events, progress = self._schedule(trouble), Progress(self._arrived)
        at, act = next(events)
        while not self._is_over(progress):
            while progress.lines >= at:
                act()
                at, act = next(events)
            if self._resume_at and time.monotonic() >= self._resume_at:
                self._group.resume()
                self._resume_at = 0.0
            self._group.refill()
            time.sleep(_POLL_SECONDS)
        seconds = time.monotonic() - begun
        codes = self._group.stop()
        return Ending(audit(self._letter, self._arrived, self._plan.readers), seconds, self._losses, codes)

    def _is_over(self, progress: Progress) -> bool:
        progress.look()
        if progress.idle > self._plan.stall:
            return True
        if not progress.lines or self._resume_at or time.monotonic() - self._asked_at < _ASK_SECONDS:
            return False
        self._asked_at = time.monotonic()
        return count_open(self._letter) == 0

    def _schedule(self, trouble: tuple[Callable[[], object], ...]) -> Iterator[tuple[float, Callable[[], object]]]:
        """Yield what to do and after how many arrivals, in order, and last what is never done."""
        plan, chance = self._plan, self._chance
        acts: list[Callable[[], object]] = [self._kill] * plan.kills + [self._suspend] * plan.suspensions + [*trouble]
        moments = [chance.uniform(0.02, 0.95) * plan.readers for _ in acts]
        restarts = [plan.readers * (number + 1) / (plan.restarts + 1) for number in range(plan.restarts)]
        events = [*zip(moments, acts, strict=True), *((moment, self._restart_database) for moment in restarts)]
        yield from sorted(events, key=lambda event: event[0])
        yield float("inf"), lambda: None

    def _kill(self) -> None:
        self._losses += self._group.kill(self._chance.randrange(100))

    def _suspend(self) -> None:
        """Freeze one for longer than its lease."""
        if not self._resume_at:
            self._group.suspend(self._chance.randrange(100))
            self._losses += 1
            self._resume_at = time.monotonic() + 1.5 * self._plan.lease

    def _restart_database(self) -> None:
        self._server.stop("immediate")
        self._server.start()
