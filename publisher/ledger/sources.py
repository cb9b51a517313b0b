"""From which file, at which URL and with which text issues were published, and which were adopted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import NamedTuple, Self

from publisher.archive.records import Record
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import format_utc


class PublishedSource(NamedTuple):
    """The source of an issue when it was last published: its id in the feeds, the path of its file, the URL
    of its page, and the sketch of its text."""

    issue: str
    path: str
    page: str
    sketch: str

    @classmethod
    def from_record(cls, issue: str, record: Record) -> Self:
        """Return the source of the issue with this id. A file name that is not UTF-8 is escaped."""
        path = record.path.encode("utf-8", "backslashreplace").decode()
        return cls(issue, path, record.url, record.sketch)


def record_sources(ledger: Ledger, sources: Iterable[PublishedSource]) -> None:
    """Record the sources of issues that are about to be published."""
    with ledger.transaction() as tx:
        tx.execute_many(
            """INSERT INTO source (issue, path, page, sketch) VALUES (?, ?, ?, ?)
               ON CONFLICT (issue) DO UPDATE
               SET path = excluded.path, page = excluded.page, sketch = excluded.sketch""",
            sorted(sources),  # in the same order everywhere, or two processes deadlock
        )


def load_sources(ledger: Ledger, issues: Collection[str], sketch: str) -> list[PublishedSource]:
    """Return the recorded sources of these issues, and of all with this sketch."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all("SELECT issue, path, page, sketch FROM source ORDER BY issue")
    return [source for source in map(PublishedSource._make, rows) if source.issue in issues or source.sketch == sketch]


def record_adopted(ledger: Ledger, issues: Iterable[str], now: dt.datetime) -> None:
    """Record issues that were published before the ledger existed: on all channels, also on later ones."""
    with ledger.transaction() as tx:
        tx.execute_many(
            "INSERT INTO adopted_issue (issue, adopted_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(issue, format_utc(now)) for issue in sorted(issues)],
        )


def load_adopted(ledger: Ledger) -> frozenset[str]:
    """Return the adopted issues."""
    with ledger.transaction() as tx:
        return frozenset(str(issue) for (issue,) in tx.fetch_all("SELECT issue FROM adopted_issue"))


def has_publications(ledger: Ledger, newsletter: str) -> bool:
    """Return whether anything of a newsletter (by its id) was published or adopted."""
    prefix = f"{newsletter}/"
    with ledger.transaction() as tx:
        return any(
            tx.fetch_all(f"SELECT 1 FROM {table} WHERE SUBSTR(issue, 1, ?) = ? LIMIT 1", len(prefix), prefix)
            for table in ("publication", "adopted_issue")
        )


def rename_newsletter(ledger: Ledger, old: str, new: str) -> None:
    """Give all that is recorded about a newsletter to its new id, so that nothing is sent again."""
    prefix = f"{old}/"
    with ledger.transaction() as tx:
        for table in ("publication", "source", "adopted_issue", "schedule_override", "alert", "forced_issue"):
            tx.execute(
                f"UPDATE {table} SET issue = ? || SUBSTR(issue, ?) WHERE SUBSTR(issue, 1, ?) = ?",
                *(new, len(old) + 1, len(prefix), prefix),
            )
        tx.execute("UPDATE publication SET issue = ? WHERE issue = ?", new, old)
