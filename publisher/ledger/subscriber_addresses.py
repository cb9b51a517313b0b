"""Where the deliveries of a turn go, and which delivery a returned email is about.

The envelope sender of a delivery has a token of the subscriber's tag and the delivery's id, the primary key of its row.
The tag shows that the token was not made up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from publisher.ledger.database import Transaction
from publisher.ledger.models import Delivery
from publisher.ledger.subscribers import select_subscribers
from publisher.named_tuple import NamedTuple
from publisher.subscription import SubscriberAddress

_BOUNCE_TOKEN = re.compile(r"([a-z0-9]+)-([0-9a-f]{1,15})", re.ASCII)


class ReturnedDelivery(NamedTuple):
    """The delivery that a token is of: its id, the key of its recipient, and the issue that was sent."""

    id: int
    recipient: str
    issue: str


def load_addresses(tx: Transaction, newsletter: str, deliveries: Sequence[Delivery]) -> Mapping[int, SubscriberAddress]:
    """Return by the ids of deliveries where they go; without those whose recipients are not on the list any more."""
    rows = select_subscribers(tx, newsletter, {one.recipient for one in deliveries})
    return {
        one.id: SubscriberAddress(row.address, row.name, row.tag, _build_bounce_token(row.tag, one.id))
        for one in deliveries
        if (row := rows.get(one.recipient))
    }


def find_returned_delivery(tx: Transaction, newsletter: str, token: str) -> ReturnedDelivery | None:
    """Return the delivery that a token of an envelope sender is of; None if it is of none to a known subscriber."""
    match = _BOUNCE_TOKEN.fullmatch(token)
    if match is None:
        return None
    rows = tx.fetch_all(
        """SELECT delivery.id, delivery.recipient, publication.issue FROM delivery
           JOIN publication ON publication.id = delivery.publication
           JOIN subscriber ON subscriber.key = delivery.recipient AND subscriber.newsletter = ?
           WHERE delivery.id = ? AND subscriber.tag = ?""",
        *(newsletter, int(match[2], 16), match[1]),
    )
    return ReturnedDelivery(*rows[0]) if rows else None


def _build_bounce_token(tag: str, delivery: int) -> str:
    return f"{tag}-{delivery:x}"
