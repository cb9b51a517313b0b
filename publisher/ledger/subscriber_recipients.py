"""Subscribers as recipients: which deliveries are planned for them, and what becomes of these when they leave.

No row of the list goes through the program: deliveries are planned by one INSERT … SELECT, and those of a subscriber
who leaves are dropped by one UPDATE.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from publisher.ledger.database import Transaction
from publisher.ledger.models import format_utc
from publisher.ledger.subscribers import count_suppressions

_ACTIVE = (
    "(subscriber.state = 'confirmed' OR (subscriber.state = 'paused' AND subscriber.paused_until BETWEEN '1' AND ?))"
)
"""Selects subscribers to whom issues are sent: SQL that needs the time, because a pause may be over."""

_IS_ACTIVE = f"""EXISTS (SELECT 1 FROM subscriber
    WHERE subscriber.newsletter = ? AND subscriber.key = delivery.recipient AND {_ACTIVE})"""

_OF_NEWSLETTER = "(issue = ? OR SUBSTR(issue, 1, ?) = ?)"
"""Selects the publications of a newsletter by its id."""

FindLane = Callable[[str], tuple[str, str]]
"""Returns the lane and the queue of a recipient."""


class SubscriberSelection(NamedTuple):
    """The subscribers of a newsletter (by its id) to whom issues are sent at a time (aware)."""

    newsletter: str
    now: dt.datetime

    @property
    def values(self) -> tuple[str, str]:
        """The values of SQL that selects them."""
        return self.newsletter, format_utc(self.now)


class ListedCounts(NamedTuple):
    """How many recipients are on a list, and of how many it knows what became of them: also of those who left it."""

    listed: int
    accounted: int


class RecipientRows(NamedTuple):
    """The recipients of a publication as SQL, with its values.

    `query` returns recipient, lane, queue and number, by which they are ordered; `is_listed` is the condition for a row
    of `delivery`.
    """

    query: str
    is_listed: str
    values: tuple[object, ...]
    counts: ListedCounts


_IS_REPEATED = """EXISTS (SELECT 1 FROM current_recipient earlier
    WHERE earlier.recipient = current_recipient.recipient AND earlier.number < current_recipient.number)"""


def copy_recipients(
    tx: Transaction,
    dialect: dict[str, str],
    recipients: Iterable[str],
    find_lane: FindLane,
    only: Container[str] | None,
) -> RecipientRows:
    """Return the recipients of a list that is read one by one, but for those not in `only`.

    They are in temporary tables until `drop_temporary_tables`.
    """
    listed = 0

    def select_wanted() -> Iterator[tuple[str, str, str]]:
        nonlocal listed
        for recipient in recipients:
            listed += 1
            if only is None or recipient in only:
                yield (recipient, *find_lane(recipient))

    tx.execute(
        f"""CREATE TEMPORARY TABLE current_recipient (number {dialect["id"]}, recipient TEXT NOT NULL,
            lane TEXT NOT NULL, queue TEXT NOT NULL)"""
    )
    tx.insert_many("current_recipient", ("recipient", "lane", "queue"), select_wanted())
    tx.execute("CREATE INDEX current_recipient_by_name ON current_recipient (recipient)")
    return RecipientRows(
        f"SELECT recipient, lane, queue, number FROM current_recipient WHERE NOT {_IS_REPEATED}",
        "EXISTS (SELECT 1 FROM current_recipient WHERE current_recipient.recipient = delivery.recipient)",
        (),
        ListedCounts(listed, listed),
    )


def select_subscribed(
    tx: Transaction, selection: SubscriberSelection, find_lane: FindLane, only: Collection[str] | None
) -> RecipientRows:
    """Return the subscribers as recipients, but for those not in `only`. A lane is found once for each domain.

    The lanes are in temporary tables until `drop_temporary_tables`.
    """
    domains = tx.fetch_all("SELECT DISTINCT domain FROM subscriber WHERE newsletter = ?", selection.newsletter)
    lanes = [(domain, *find_lane(f"postmaster@{domain}")) for (domain,) in domains]
    tx.execute("CREATE TEMPORARY TABLE domain_lane (domain TEXT PRIMARY KEY, lane TEXT NOT NULL, queue TEXT NOT NULL)")
    tx.insert_many("domain_lane", ("domain", "lane", "queue"), lanes)
    is_wanted = ""
    if only is not None:
        tx.execute("CREATE TEMPORARY TABLE wanted_recipient (recipient TEXT PRIMARY KEY)")
        tx.insert_many("wanted_recipient", ("recipient",), ((recipient,) for recipient in only))
        is_wanted = "AND key IN (SELECT recipient FROM wanted_recipient)"
    query = f"""SELECT key AS recipient, lane, queue, key AS number FROM subscriber JOIN domain_lane USING (domain)
                WHERE newsletter = ? AND {_ACTIVE} {is_wanted}"""
    return RecipientRows(query, _IS_ACTIVE, selection.values, count_listed(tx, selection))


def drop_temporary_tables(tx: Transaction) -> None:
    """Drop the tables of `copy_recipients` and `select_subscribed`."""
    for table in ("current_recipient", "domain_lane", "wanted_recipient"):
        tx.execute(f"DROP TABLE IF EXISTS {table}")


def count_listed(tx: Transaction, selection: SubscriberSelection) -> ListedCounts:
    """Return to how many subscribers an issue would be sent, and how many addresses are or were subscribed: also those
    that were erased."""
    newsletter = selection.newsletter
    [(listed,)] = tx.fetch_all(f"SELECT COUNT(*) FROM subscriber WHERE newsletter = ? AND {_ACTIVE}", *selection.values)
    [(known,)] = tx.fetch_all("SELECT COUNT(*) FROM subscriber WHERE newsletter = ? AND state <> 'asked'", newsletter)
    erased = count_suppressions(tx, newsletter).get("erased", 0)
    return ListedCounts(int(listed), int(known) + erased)


def select_active(tx: Transaction, selection: SubscriberSelection) -> list[str]:
    """Return the keys of the subscribers to whom an issue would be sent."""
    rows = tx.fetch_all(f"SELECT key FROM subscriber WHERE newsletter = ? AND {_ACTIVE}", *selection.values)
    return [key for (key,) in rows]


def unlist_inactive(tx: Transaction, selection: SubscriberSelection, deliveries: Sequence[int]) -> int:
    """Unlist those of the planned deliveries (their ids) whose recipients are not subscribed now. Return how many."""
    marks = ", ".join("?" * len(deliveries))
    return tx.execute(
        f"""UPDATE delivery SET state = 'unlisted', attempted_content = 0, reason = '', next_at = ''
            WHERE id IN ({marks}) AND unsent_state = 'planned' AND remote_id = '' AND NOT {_IS_ACTIVE}""",
        *(*deliveries, *selection.values),
    )


def drop_deliveries(tx: Transaction, newsletter: str, recipient: str, reason: str) -> int:
    """Drop what is planned for a recipient, and what failed. Return how many deliveries that are."""
    return tx.execute(
        f"""UPDATE delivery SET state = 'dropped', reason = ?, next_at = ''
            WHERE recipient = ? AND unsent_state IN ('planned', 'failed', 'unlisted') AND remote_id = ''
            AND publication IN (SELECT id FROM publication WHERE done = 0 AND {_OF_NEWSLETTER})""",
        *(reason, recipient, *_match_newsletter(newsletter)),
    )


def unlist_deliveries(tx: Transaction, newsletter: str, recipient: str) -> int:
    """Unlist what is planned for a recipient who comes back later. Return how many deliveries that are."""
    return tx.execute(
        f"""UPDATE delivery SET state = 'unlisted', attempted_content = 0, reason = '', next_at = ''
            WHERE recipient = ? AND unsent_state = 'planned' AND remote_id = ''
            AND publication IN (SELECT id FROM publication WHERE done = 0 AND {_OF_NEWSLETTER})""",
        *(recipient, *_match_newsletter(newsletter)),
    )


def rename_recipient(tx: Transaction, newsletter: str, old: str, new: str) -> int:
    """Give all deliveries of a recipient another name. Return how many there are."""
    return tx.execute(
        f"""UPDATE delivery SET recipient = ? WHERE recipient = ?
            AND publication IN (SELECT id FROM publication WHERE {_OF_NEWSLETTER})""",
        *(new, old, *_match_newsletter(newsletter)),
    )


def _match_newsletter(newsletter: str) -> tuple[str, int, str]:
    prefix = f"{newsletter}/"
    return newsletter, len(prefix), prefix
