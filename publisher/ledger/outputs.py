"""What the ledger knows of places: destinations that moved, and folders whose files are being written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from publisher.failpoints import hit_failpoint
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import Key, stamp


def move(ledger: Ledger, channel: str, destination: str, moved_to: str) -> None:
    """Note that a platform gave a destination another name."""
    with ledger.transaction() as books:
        books.run(
            """INSERT INTO moved (channel, destination, moved_to) VALUES (?, ?, ?)
               ON CONFLICT (channel, destination) DO UPDATE SET moved_to = excluded.moved_to""",
            channel,
            destination,
            moved_to,
        )


def moved(ledger: Ledger, channel: str) -> Mapping[str, str]:
    """The new names of a channel's destinations."""
    with ledger.transaction() as books:
        return dict(books.rows("SELECT destination, moved_to FROM moved WHERE channel = ?", channel))


def begin_files(ledger: Ledger, keys: Mapping[Key, str], now: dt.datetime) -> None:
    """Note that files of these issues are about to be written; the values cover what they are made
    from. Writing them again is no harm, so whoever comes after a crash simply does."""
    with ledger.transaction() as books:
        books.many(
            """INSERT INTO publication (issue, channel, destination, digest, changed)
               VALUES (?, ?, ?, ?, ?) ON CONFLICT (issue, channel, destination)
               DO UPDATE SET digest = excluded.digest, changed = excluded.changed, done = 0""",
            # in one order, or two who begin at once wait for each other
            ((*key, keys[key], stamp(now)) for key in sorted(keys)),
        )
    hit_failpoint("files begun")


def end_files(ledger: Ledger, destinations: Iterable[tuple[str, str]], now: dt.datetime) -> None:
    """Note that all files of these channels and folders are written."""
    hit_failpoint("files written")
    with ledger.transaction() as books:
        books.many(
            """UPDATE publication
               SET done = 1, published = CASE published WHEN '' THEN ? ELSE published END
               WHERE done = 0 AND channel = ? AND destination = ?""",
            [(stamp(now), *one) for one in destinations],
        )
