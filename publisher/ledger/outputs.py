"""Files that are being written, and the sources of what is published: files, pages and texts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Self

from publisher.failpoints import hit_failpoint
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import PublicationKey, format_utc
from publisher.named_tuple import NamedTuple


class PublishedSource(NamedTuple):
    """The source of an issue when it was last published: its id in the feeds, the path of its file, the URL
    of its page, and the sketch of its text."""

    issue: str
    path: str
    page: str
    sketch: str

    @classmethod
    def make(cls, issue: str, path: str, page: str, sketch: str) -> Self:
        """Return the source of an issue. A file name that is not UTF-8 is escaped."""
        return cls(issue, path.encode("utf-8", "backslashreplace").decode(), page, sketch)


def record_sources(ledger: Ledger, sources: Iterable[PublishedSource]) -> None:
    """Record the sources of issues that are about to be published."""
    with ledger.transaction() as tx:
        tx.execute_many(
            """INSERT INTO source (issue, path, page, sketch) VALUES (?, ?, ?, ?)
               ON CONFLICT (issue) DO UPDATE
               SET path = excluded.path, page = excluded.page, sketch = excluded.sketch""",
            sorted(sources),  # in the same order everywhere, or two processes deadlock
        )


def load_sources(ledger: Ledger, newsletter: str) -> list[PublishedSource]:
    """Return the recorded sources of all issues of a newsletter (by its id)."""
    prefix = f"{newsletter}/"
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            "SELECT issue, path, page, sketch FROM source WHERE SUBSTR(issue, 1, ?) = ? ORDER BY issue",
            *(len(prefix), prefix),
        )
    return [*map(PublishedSource._make, rows)]


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


def record_files_done(
    ledger: Ledger, destinations: Mapping[tuple[str, str], Collection[str]], now: dt.datetime
) -> None:
    """Record that all files of these (channel, folder) pairs are written; the values are the issues left out."""
    hit_failpoint("files written")
    with ledger.transaction() as tx:
        for (channel, folder), skipped in sorted(destinations.items()):
            placeholders = ", ".join("?" * len(skipped))
            tx.execute(
                f"""UPDATE publication
                    SET done = 1, published_at = CASE published_at WHEN '' THEN ? ELSE published_at END
                    WHERE done = 0 AND channel = ? AND destination = ? AND NOT issue IN ({placeholders or "''"})""",
                *(format_utc(now), channel, folder, *skipped),
            )
