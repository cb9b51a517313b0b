"""Which entries the live feeds show, and which archive holds the rest (RFC 5005, section 4).

Together they hold every issue exactly once: the live feed the newest few, the archive of a year what is
left of that year. So an archive is still while its year's issues have all left the live feed.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, takewhile

from publisher.channel import Entry

LIMIT = 20
"""The most issues a live feed shows: what readers of feeds expect to fetch each time."""

BUDGET = 500_000
"""The most bytes of a live feed before compression; readers were seen to refuse 516 KB."""

# what an entry takes in XML beside its texts: tags, dates, the id and the address
_FRAME = 900


def fitting(lines: Iterable[bytes]) -> int:
    """How many entries, from the first on, fit into BUDGET in any format; one in any case. `lines` are
    entries as JSON."""
    return max(1, sum(1 for _ in takewhile(lambda total: total <= BUDGET, accumulate(map(_weight, lines)))))


def years(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    """The entries by calendar year, oldest year first; within a year in the order given."""
    found: dict[int, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.date.year, []).append(entry)
    return dict(sorted(found.items()))


def _weight(line: bytes) -> int:
    """What an entry takes at most in any format: its JSON, with the mark-up in it escaped for XML."""
    return len(line) + 3 * (line.count(b"<") + line.count(b">")) + 4 * line.count(b"&") + _FRAME
