"""Deliveries with an unknown outcome, for code that finds it out by asking the platform or by a rule."""

from __future__ import annotations

from publisher.channel import Receipt
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import Delivery, DeliveryState, Lease, Result, format_utc, parse_utc
from publisher.ledger.plan import drop_removed_parts
from publisher.ledger.transitions import ATTEMPTED_DIGEST, clean_evidence, make_storable, owns, record_attempts, set_url


def find_unresolved_deliveries(ledger: Ledger, lease: Lease) -> list[Delivery]:
    """Return a publication's deliveries with an unknown outcome; `tries` counts their unknown attempts."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            f"""SELECT id, recipient, part, {ATTEMPTED_DIGEST}, remote_id, (SELECT COUNT(*) FROM attempt
                      WHERE attempt.delivery = delivery.id AND outcome = 'unknown'), started_at,
                      CASE first_started_at WHEN '' THEN started_at ELSE first_started_at END
               FROM delivery WHERE publication = ? AND unsent_state = 'unknown' ORDER BY position, id""",
            lease.publication_id,
        )
    return [
        Delivery(delivery_id, recipient, part, digest, remote_id, tries, parse_utc(started_at), parse_utc(first))
        for delivery_id, recipient, part, digest, remote_id, tries, started_at, first in rows
    ]


def record_resolutions(ledger: Ledger, lease: Lease, results: list[Result]) -> None:
    """Record what was found out about unknown deliveries. No effect if the lease was lost."""
    with ledger.transaction() as tx:
        for result in results if owns(tx, ledger.dialect, lease) else ():
            delivery, state, receipt = result.delivery, result.state.value, result.receipt or Receipt()
            drop_reason = clean_evidence(result.reason) if result.state is DeliveryState.DROPPED else ""
            changed = tx.execute(
                """UPDATE delivery SET state = ?, reason = ?, remote_id = ?,
                   delivered_content = CASE ? WHEN 'sent' THEN attempted_content ELSE delivered_content END
                   WHERE id = ? AND state = 'unknown'""",
                *(state, drop_reason, make_storable(receipt.remote_id), state, delivery.id),
            )
            if changed:
                times = (format_utc(delivery.started_at), format_utc(result.ended_at))
                evidence = clean_evidence(result.reason)
                record_attempts(tx, [(delivery.id, lease.fence, *times, delivery.digest, state, evidence)])
            if changed and receipt.url:
                set_url(tx, lease, receipt.url)
        drop_removed_parts(tx, lease.publication_id)
