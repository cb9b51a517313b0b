"""The recipients of a publication, as they are planned: a list that is read once, or the subscribers of the ledger."""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import cache
from itertools import islice
from typing import NamedTuple

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


class ListedRecipient(NamedTuple):
    """A recipient, the lane, and the queue. `place` is where it is in the list."""

    place: int | str
    recipient: str
    lane: str
    queue: str


class Listing(NamedTuple):
    """The recipients of a publication, few in memory at a time.

    `query` selects those after a place, in their order: place, recipient, and what `find_lane` is asked about; its
    values are `scope`, the place, and how many. `is_listed` is the condition for a row of `delivery`, with the values
    `listed_scope`. `start` is a place before all.
    """

    query: str
    scope: tuple[object, ...]
    start: int | str
    is_listed: str
    listed_scope: tuple[object, ...]
    counts: ListedCounts
    find_lane: FindLane
    only: Container[str] | None = None

    def read(self, tx: Transaction, after: int | str) -> list[ListedRecipient]:
        """Return the next recipients after a place, in the order of the list; none at its end."""
        rows = tx.fetch_all(self.query, *self.scope, after, ROWS_PER_TRANSACTION)
        return [ListedRecipient(place, recipient, *self.find_lane(key)) for place, recipient, key in rows]


def list_active(
    tx: Transaction, selection: SubscriberSelection, find_lane: FindLane, only: Container[str] | None
) -> Listing:
    """Return the subscribers as recipients, but for those not in `only`. A lane is found once for each domain."""
    return Listing(
        f"""SELECT key, key, domain FROM subscriber WHERE newsletter = ? AND {ACTIVE} AND key > ?
            ORDER BY key LIMIT ?""",
        selection.values,
        "",
        IS_ACTIVE,
        selection.values,
        count_listed(tx, selection),
        cache(lambda domain: find_lane(f"postmaster@{domain}")),
        only,
    )


def copy_list(
    rolling: RollingTransaction, recipients: Iterable[str], find_lane: FindLane, only: Container[str] | None
) -> Listing:
    """Return the recipients of a list that is read one by one, but for those not in `only`.

    They are in the ledger until `forget_list`.
    """
    publication, listed = rolling.lease.publication_id, 0
    forget_list(rolling)  # of a plan that was interrupted
    remaining = iter(recipients)
    while batch := list(islice(remaining, ROWS_PER_TRANSACTION)):
        listed += len(batch)
        wanted = [(publication, recipient) for recipient in batch if only is None or recipient in only]
        rolling.tx.insert_many("listed_recipient", ("publication", "recipient"), wanted)
        rolling.count(len(batch))
    return Listing(
        """SELECT number, recipient, recipient FROM listed_recipient WHERE publication = ? AND number > ?
           ORDER BY number LIMIT ?""",
        (publication,),
        -1,
        """EXISTS (SELECT 1 FROM listed_recipient WHERE listed_recipient.publication = delivery.publication
           AND listed_recipient.recipient = delivery.recipient)""",
        (),
        ListedCounts(listed, listed),
        find_lane,
    )


def forget_list(rolling: RollingTransaction) -> None:
    """Delete the copy of a list."""
    publication = rolling.lease.publication_id
    while deleted := rolling.tx.execute(
        """DELETE FROM listed_recipient WHERE publication = ? AND number < ?
           + (SELECT MIN(number) FROM listed_recipient WHERE publication = ?)""",
        *(publication, ROWS_PER_TRANSACTION, publication),
    ):
        rolling.count(deleted)
