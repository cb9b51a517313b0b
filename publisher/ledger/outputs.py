"""Folders whose files are being written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from publisher.failpoints import hit_failpoint
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import PublicationKey, format_utc


def record_files_started(ledger: Ledger, digests: Mapping[PublicationKey, str], now: dt.datetime) -> None:
    """Record that files of these publications are about to be written; the values are digests of their input.

    Writing them again does no harm, so the next run after a crash simply does.
    """
    with ledger.transaction() as tx:
        tx.execute_many(
            """INSERT INTO publication (issue, channel, destination, digest, changed_at)
               VALUES (?, ?, ?, ?, ?) ON CONFLICT (issue, channel, destination)
               DO UPDATE SET digest = excluded.digest, changed_at = excluded.changed_at, done = 0""",
            # in the same order everywhere, or two processes deadlock
            ((*key, digests[key], format_utc(now)) for key in sorted(digests)),
        )
    hit_failpoint("files begun")


def record_files_done(ledger: Ledger, destinations: Iterable[tuple[str, str]], now: dt.datetime) -> None:
    """Record that all files of these (channel, folder) pairs are written."""
    hit_failpoint("files written")
    with ledger.transaction() as tx:
        tx.execute_many(
            """UPDATE publication
               SET done = 1, published_at = CASE published_at WHEN '' THEN ? ELSE published_at END
               WHERE done = 0 AND channel = ? AND destination = ?""",
            [(format_utc(now), channel, folder) for channel, folder in destinations],
        )
