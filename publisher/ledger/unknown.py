"""Deliveries with an unknown outcome, for code that finds it out by asking the platform or by a rule."""

from __future__ import annotations

from publisher.channel import Receipt
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import Delivery, DeliveryState, Lease, Result, format_utc, parse_utc
from publisher.ledger.plan import drop_removed_parts
from publisher.ledger.shards import count_again
from publisher.ledger.transitions import ATTEMPTED_DIGEST, clean_evidence, make_storable, owns, record_attempts, set_url


def find_unresolved_deliveries(ledger: Ledger, lease: Lease) -> list[Delivery]:
    """Return a publication's deliveries with an unknown outcome; `tries` counts their unknown attempts."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            f"""SELECT id, recipient, part, {ATTEMPTED_DIGEST}, remote_id, (SELECT COUNT(*) FROM attempt
                      WHERE attempt.delivery = delivery.id AND outcome = 'unknown'), started_at,
                      CASE first_started_at WHEN '' THEN started_at ELSE first_started_at END, shard
               FROM delivery WHERE unsent_state = 'unknown' AND shard IN
               (SELECT id FROM shard WHERE publication = ? AND ? IN (0, id) AND unknown > 0) ORDER BY position, id""",
            *(lease.publication_id, lease.shard),
        )
    return [
        Delivery(id_, recipient, part, digest, remote_id, tries, parse_utc(started_at), parse_utc(first), shard=shard)
        for id_, recipient, part, digest, remote_id, tries, started_at, first, shard in rows
    ]


def record_resolutions(ledger: Ledger, lease: Lease, results: list[Result]) -> None:
    """Record what was found out about unknown deliveries. No effect if the lease was lost."""
    shards = sorted({result.delivery.shard for result in results})
    with ledger.transaction() as tx:
        if not (shards and owns(tx, ledger.dialect, lease)):
            return
        tx.lock_rows("shard", shards)
        for result in results:
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
            if changed:
                set_url(tx, lease.publication_id, [result])
        count_again(tx, shards)
        drop_removed_parts(tx, shards)
