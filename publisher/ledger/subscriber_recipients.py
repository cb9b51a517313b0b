"""Subscribers as recipients: which deliveries are planned for them, and what becomes of these when they leave.

Those of a subscriber who leaves are dropped at once, and a delivery is started only if its recipient is still on
the list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from publisher.ledger.database import Transaction
from publisher.ledger.models import format_utc
from publisher.ledger.shards import change_deliveries
from publisher.ledger.subscribers import count_suppressions
from publisher.named_tuple import NamedTuple

ACTIVE = (
    "(subscriber.state = 'confirmed' OR (subscriber.state = 'paused' AND subscriber.paused_until BETWEEN '1' AND ?))"
)
"""Selects subscribers to whom issues are sent: SQL that needs the time, because a pause may be over."""

IS_ACTIVE = f"""EXISTS (SELECT 1 FROM subscriber
    WHERE subscriber.newsletter = ? AND subscriber.key = delivery.recipient AND {ACTIVE})"""

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


def count_listed(tx: Transaction, selection: SubscriberSelection) -> ListedCounts:
    """Return to how many subscribers an issue would be sent, and how many addresses are or were subscribed: also those
    that were erased."""
    newsletter = selection.newsletter
    [(listed,)] = tx.fetch_all(f"SELECT COUNT(*) FROM subscriber WHERE newsletter = ? AND {ACTIVE}", *selection.values)
    [(known,)] = tx.fetch_all("SELECT COUNT(*) FROM subscriber WHERE newsletter = ? AND state <> 'asked'", newsletter)
    erased = count_suppressions(tx, newsletter).get("erased", 0)
    return ListedCounts(int(listed), int(known) + erased)


def select_active(tx: Transaction, selection: SubscriberSelection) -> list[str]:
    """Return the keys of the subscribers to whom an issue would be sent."""
    rows = tx.fetch_all(f"SELECT key FROM subscriber WHERE newsletter = ? AND {ACTIVE}", *selection.values)
    return [key for (key,) in rows]


def unlist_inactive(tx: Transaction, selection: SubscriberSelection, deliveries: Sequence[int]) -> int:
    """Unlist those of the planned deliveries (their ids) whose recipients are not subscribed now. Return how many: the
    caller counts them."""
    marks = ", ".join("?" * len(deliveries))
    return tx.execute(
        f"""UPDATE delivery SET state = 'unlisted', attempted_content = 0, reason = '', next_at = ''
            WHERE id IN ({marks}) AND unsent_state = 'planned' AND remote_id = '' AND NOT {IS_ACTIVE}""",
        *(*deliveries, *selection.values),
    )


def drop_deliveries(tx: Transaction, newsletter: str, recipient: str, reason: str) -> int:
    """Drop what is planned for a recipient, and what failed. Return how many deliveries that are."""
    return change_deliveries(
        tx,
        *("state = 'dropped', reason = ?, next_at = ''", (reason,)),
        f"""recipient = ? AND unsent_state IN ('planned', 'failed', 'unlisted') AND remote_id = ''
            AND publication IN (SELECT id FROM publication WHERE done = 0 AND {_OF_NEWSLETTER})""",
        (recipient, *_match_newsletter(newsletter)),
    )


def unlist_deliveries(tx: Transaction, newsletter: str, recipient: str) -> int:
    """Unlist what is planned for a recipient who comes back later. Return how many deliveries that are."""
    return change_deliveries(
        tx,
        *("state = 'unlisted', attempted_content = 0, reason = '', next_at = ''", ()),
        f"""recipient = ? AND unsent_state = 'planned' AND remote_id = ''
            AND publication IN (SELECT id FROM publication WHERE done = 0 AND {_OF_NEWSLETTER})""",
        (recipient, *_match_newsletter(newsletter)),
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
