"""A provider with a rate limit gets its emails at that rate from all workers together, and delays no one else's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tests.simulate.kills import Progress
from tests.simulate.letter import Letter
from tests.simulate.processes import ProcessGroup

LIMITED = "qq.com"
"""A provider that the program sends 60 emails a minute to."""


class Pace(Struct, frozen=True):
    """What arrived: emails a minute at the limited provider, and the seconds that all others took in all."""

    per_minute: float
    others_seconds: float


def measure_pace(letter: Letter, arrived: Path, group: ProcessGroup, readers: int, stall: float) -> Pace:
    """Wait until as many emails have arrived as there are readers. Raises RuntimeError if nothing more arrives."""
    progress = Progress(arrived)
    while progress.look() < readers:
        if progress.idle > stall:
            raise RuntimeError(f"{readers - progress.lines} of {readers} emails have not arrived")
        group.refill()
        time.sleep(0.2)
    limited: list[float] = []
    others: list[float] = []
    for at, recipient in read_arrivals(arrived):
        (limited if recipient.endswith(f"@{LIMITED}") else others).append(at)
    rate = 60 * (len(limited) - 1) / (limited[-1] - limited[0]) if len(limited) > 1 else 0.0
    return Pace(rate, others[-1] - others[0])


def read_arrivals(arrived: Path) -> Iterator[tuple[float, str]]:
    """Yield when each email arrived and for whom, in order."""
    for line in arrived.read_text().splitlines():
        at, _, recipient = line.partition(" ")
        yield float(at), recipient
