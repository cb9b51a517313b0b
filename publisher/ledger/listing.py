"""The recipients of a publication, as they are planned: a list that is read once, or the subscribers of the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from typing import Protocol

from msgspec.json import encode

from publisher.errors import StorageError
from publisher.ledger.database import Transaction
from publisher.ledger.rolling import ROWS_PER_TRANSACTION, RollingTransaction
from publisher.ledger.subscriber_recipients import (
    ACTIVE,
    IS_ACTIVE,
    FindLane,
    ListedCounts,
    SubscriberSelection,
    count_listed,
)
from publisher.named_tuple import NamedTuple


class ListedRecipient(NamedTuple):
    """A recipient, the lane, and the queue."""

    recipient: str
    lane: str
    queue: str


class SqlCondition(NamedTuple):
    """A condition for rows of `delivery`, and its values."""

    sql: str
    values: tuple[object, ...]


class Listing(Protocol):
    """The recipients of a publication, few in memory at a time, and none of them twice."""

    counts: ListedCounts

    def read(self, rolling: RollingTransaction) -> Iterator[list[ListedRecipient]]:
        """Yield all, some at a time, in the order of the list."""
        ...

    def build_condition(self, tx: Transaction, shards: Sequence[int]) -> SqlCondition:
        """Return what selects those deliveries of these shards whose recipients are on the list."""
        ...


class ActiveSubscribers:
    """The subscribers to whom issues are sent, but for those not in `only`. A lane is found once for each domain."""

    def __init__(
        self, tx: Transaction, selection: SubscriberSelection, find_lane: FindLane, only: Container[str] | None
    ) -> None:
        self.counts = count_listed(tx, selection)
        self._values = selection.values
        self._find_lane = cache(lambda domain: find_lane(f"postmaster@{domain}"))
        self._only = only

    def read(self, rolling: RollingTransaction) -> Iterator[list[ListedRecipient]]:
        """See Listing."""
        after = ""
        while rows := rolling.tx.fetch_all(
            f"""SELECT key, domain FROM subscriber WHERE newsletter = ? AND {ACTIVE} AND key > ?
                ORDER BY key LIMIT ?""",
            *(*self._values, after, ROWS_PER_TRANSACTION),
        ):
            yield [
                ListedRecipient(key, *self._find_lane(domain))
                for key, domain in rows
                if self._only is None or key in self._only
            ]
            after = rows[-1][0]

    def build_condition(self, tx: Transaction, shards: Sequence[int]) -> SqlCondition:  # noqa: ARG002 - for any shards
        """See Listing."""
        return SqlCondition(IS_ACTIVE, self._values)


class CopiedList:
    """The recipients of a list that is read one by one, but for those not in `only`.

    They are copied, because all must be counted before any is planned: to a temporary file that has no name, and not
    to the ledger, which would log them twice. Raises StorageError if there is no room for it.
    """

    def __init__(
        self, rolling: RollingTransaction, recipients: Iterable[str], find_lane: FindLane, only: Container[str] | None
    ) -> None:
        self._find_lane = find_lane
        self._texts = rolling.dialect["texts"]
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        with self._translate_errors():
            self._file.execute("PRAGMA journal_mode = OFF")
            self._file.execute("CREATE TABLE listed (recipient TEXT NOT NULL UNIQUE)")
            self._file.execute("BEGIN")
        listed, remaining = 0, iter(recipients)
        while batch := list(islice(remaining, ROWS_PER_TRANSACTION)):
            listed += len(batch)
            wanted = [(recipient,) for recipient in batch if only is None or recipient in only]
            with self._translate_errors():
                self._file.executemany("INSERT OR IGNORE INTO listed (recipient) VALUES (?)", wanted)
            rolling.count(len(batch))
        self.counts = ListedCounts(listed, listed)

    def close(self) -> None:
        """Delete the copy."""
        self._file.close()

    def read(self, rolling: RollingTransaction) -> Iterator[list[ListedRecipient]]:  # noqa: ARG002 - not in the ledger
        """See Listing."""
        with self._translate_errors():
            rows = self._file.execute("SELECT recipient FROM listed ORDER BY rowid")
        while batch := self._fetch_batch(rows):
            yield [ListedRecipient(recipient, *self._find_lane(recipient)) for (recipient,) in batch]

    def build_condition(self, tx: Transaction, shards: Sequence[int]) -> SqlCondition:
        """See Listing."""
        unsent = tx.fetch_all(
            f"""SELECT DISTINCT recipient FROM delivery WHERE shard IN ({", ".join("?" * len(shards))})
                AND unsent_state IN ('planned', 'dropped', 'unlisted')""",
            *shards,
        )
        with self._translate_errors():
            find = "SELECT 1 FROM listed WHERE recipient = ?"
            missing = [recipient for (recipient,) in unsent if not self._file.execute(find, (recipient,)).fetchone()]
        return SqlCondition(f"recipient NOT IN ({self._texts})", (encode(missing).decode(),))

    def _fetch_batch(self, rows: sqlite3.Cursor) -> list[tuple[str]]:
        with self._translate_errors():
            return rows.fetchmany(ROWS_PER_TRANSACTION)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(
                f"the copy of the list of recipients: {error}", "make room for temporary files"
            ) from error
