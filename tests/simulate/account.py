"""Who was sent an issue, counted at the mail server and in the ledger, and whether the two agree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.simulate.letter import Letter

_READER = re.compile(rb"reader(\d+)@")
_OPEN = ("planned", "sending")


class Account(NamedTuple):
    """What became of the readers. `duplicates`: mails that a reader got besides the first.

    `lost`: readers who got nothing, and of whom the ledger says that they did, or does not say what became of them.
    `misjudged`: readers who got it, and of whom the ledger says neither that they did nor that this is unknown.
    """

    readers: int
    arrived: int
    duplicates: int
    lost: int
    misjudged: int
    states: Counter[str]

    @property
    def unknown(self) -> int:
        return self.states["unknown"]

    @property
    def open(self) -> int:
        """How many are still to be sent, or being sent."""
        return sum(self.states[state] for state in _OPEN)


def count_arrivals(file: Path, readers: int) -> bytearray:
    """Return how many mails each reader got, by number; 255 is so many or more."""
    counts = bytearray(readers)
    if not file.exists():
        return counts
    with file.open("rb") as lines:
        for line in lines:
            if found := _READER.search(line):
                number = int(found[1])
                counts[number] = min(255, counts[number] + 1)
    return counts


def compare(arrivals: bytearray, records: Iterable[tuple[str, str]]) -> Account:
    """Compare how many mails each reader got with the ledger's records: (recipient, state)."""
    readers = len(arrivals)
    lost, misjudged, states, seen = 0, 0, Counter[str](), bytearray(readers)
    for recipient, state in records:
        found = _READER.match(recipient.encode())
        assert found, recipient
        number = int(found[1])
        seen[number] = 1
        states[state] += 1
        lost += not arrivals[number] and state in ("sent", *_OPEN)
        misjudged += arrivals[number] > 0 and state not in ("sent", "unknown")
    lost += sum(1 for known, count in zip(seen, arrivals, strict=True) if not known and not count)
    arrived = readers - arrivals.count(0)
    return Account(readers, arrived, sum(arrivals) - arrived, lost, misjudged, states)


def audit(letter: Letter, arrived: Path, readers: int) -> Account:
    """Count everything, reader by reader."""
    import psycopg

    with psycopg.connect(letter.ledger) as connection, connection.cursor("deliveries") as cursor:
        cursor.itersize = 10_000
        cursor.execute("SELECT recipient, state FROM delivery")
        return compare(count_arrivals(arrived, readers), cursor)
