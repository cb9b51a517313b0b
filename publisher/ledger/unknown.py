"""What nobody knows about, for those who can find out: a look at the platform, or a rule of the channel."""

from __future__ import annotations

from publisher.ledger.ledger import Ledger
from publisher.ledger.models import Delivery, DeliveryResult, DeliveryState, Lease, format_utc, parse_utc
from publisher.ledger.plan import drop_removed_parts
from publisher.ledger.transitions import clean_evidence, make_storable, owns, record_attempt, set_url


def find_unresolved_deliveries(ledger: Ledger, lease: Lease) -> list[Delivery]:
    """The tasks of a publication whose outcome is unknown; `tries` says how many of their tries were that."""
    with ledger.transaction() as tx:
        found = tx.fetch_all(
            """SELECT id, recipient, part, attempted_digest, remote_id, (SELECT COUNT(*) FROM attempt
                      WHERE attempt.delivery = delivery.id AND outcome = 'unknown'), started_at
               FROM delivery WHERE publication = ? AND state = 'unknown' ORDER BY position, id""",
            lease.publication_id,
        )
    return [
        Delivery(number, recipient, part, digest, remote_id, tries, parse_utc(began))
        for number, recipient, part, digest, remote_id, tries, began in found
    ]


def record_resolutions(ledger: Ledger, lease: Lease, results: list[DeliveryResult]) -> None:
    """Enter what was found out about tasks that are unknown, unless another has the publication by now."""
    with ledger.transaction() as tx:
        for result in results if owns(tx, ledger.dialect, lease) else ():
            task, state = result.delivery, result.state.value
            given_up = clean_evidence(result.reason) if result.state is DeliveryState.DROPPED else ""
            touched = tx.execute(
                """UPDATE delivery SET state = ?, reason = ?, remote_id = ?,
                   delivered_digest = CASE ? WHEN 'sent' THEN attempted_digest ELSE delivered_digest END
                   WHERE id = ? AND state = 'unknown'""",
                *(state, given_up, make_storable(result.remote_id), state, task.id),
            )
            if touched:
                began = (task.id, lease.fence, format_utc(task.started_at), task.digest)
                record_attempt(tx, began, result.ended_at, state, clean_evidence(result.reason))
            if touched and result.url:
                set_url(tx, lease, result.url)
        drop_removed_parts(tx, lease.publication_id)
