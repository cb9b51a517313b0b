"""State changes of deliveries: ended with a result, or recovered from an owner that is gone.

A retry is a row with a time here and not a call of a library such as tenacity: it must survive a crash.
"""

from __future__ import annotations

import datetime as dt

from publisher.channel import Receipt
from publisher.credentials import redact
from publisher.ledger.database import Transaction
from publisher.ledger.models import DeliveryState, Lease, PublicationKey, Result, format_utc

_MAX_EVIDENCE_LENGTH = 500
"""How many characters of a platform's answer are kept."""

OPEN_STATES = (DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.FAILED, DeliveryState.UNKNOWN)


def resolve_key(tx: Transaction, key: PublicationKey) -> PublicationKey:
    """Return the key with the platform's id of the destination, if that is known."""
    rows = tx.fetch_all(
        "SELECT id FROM destination_name WHERE channel = ? AND name = ?", key.channel, key.base_destination
    )
    return key.with_destination(rows[0][0]) if rows else key


def owns(tx: Transaction, dialect: dict[str, str], lease: Lease) -> bool:
    """Return whether the lease is still valid. If so, no one can take over before the transaction ends."""
    [(fence,)] = tx.fetch_all(f"SELECT fence FROM publication WHERE id = ? {dialect['lock']}", lease.publication_id)
    return bool(fence == lease.fence)


def record_result(tx: Transaction, lease: Lease, result: Result, *, is_repeated: bool) -> None:
    """Record the result of a delivery. If the lease was lost, it is kept as evidence only.

    `is_repeated`: this was tried before, and it is not known whether the transaction was committed.
    """
    changed = _record_state(tx, lease, result)
    if changed or not is_repeated:
        delivery, receipt = result.delivery, result.receipt or Receipt()
        record_attempt(
            tx,
            (delivery.id, lease.fence, format_utc(delivery.started_at), delivery.digest),
            result.ended_at,
            result.state.value,
            clean_evidence(result.reason) or clean_evidence(receipt.remote_id),
        )


def _record_state(tx: Transaction, lease: Lease, result: Result) -> int:
    """Record the state of a delivery after an attempt. Return 1, or 0 if it was recorded or the lease is lost."""
    delivery, receipt = result.delivery, result.receipt or Receipt()
    arrived = result.state is DeliveryState.SENT
    deleted = arrived and not delivery.digest
    if arrived and receipt.url:
        set_url(tx, lease, receipt.url)
    return tx.execute(
        """UPDATE delivery SET state = ?, tries = ?,
           delivered_digest = CASE WHEN ? = 1 THEN attempted_digest ELSE delivered_digest END,
           remote_id = ?, next_at = ?, reason = ? WHERE id = ? AND state = 'sending' AND fence = ?""",
        DeliveryState.DROPPED.value if deleted else result.state.value,
        delivery.tries if result.attempted else delivery.tries - 1,
        int(arrived),
        "" if deleted else make_storable(receipt.remote_id) or delivery.remote_id,
        format_utc(result.next_at) if result.next_at else "",
        clean_evidence(result.reason),
        delivery.id,
        lease.fence,
    )


def set_url(tx: Transaction, lease: Lease, url: str) -> None:
    """Record the public URL of a publication: that of the part that arrived first."""
    tx.execute(
        "UPDATE publication SET url = ? WHERE id = ? AND fence = ? AND url = ''", redact(make_storable(url)), *lease
    )


def recover_interrupted(tx: Transaction, publication: int, now: dt.datetime, *, idempotent: bool) -> None:
    """Mark deliveries that a former owner left in `sending` as unknown.

    Edits, and all deliveries of an idempotent channel, are planned again: sending them twice does no harm.
    """
    reason = "the process ended before the outcome was known"
    interrupted = tx.fetch_all(
        """SELECT id, fence, started_at, attempted_digest, remote_id FROM delivery
           WHERE publication = ? AND state = 'sending'""",
        publication,
    )
    for delivery, fence, started_at, digest, remote_id in interrupted:
        repeatable = idempotent or remote_id
        tx.execute(
            "UPDATE delivery SET state = ?, reason = ? WHERE id = ?",
            (DeliveryState.PLANNED if repeatable else DeliveryState.UNKNOWN).value,
            "" if repeatable else reason,
            delivery,
        )
        attempt = (delivery, fence, started_at, digest)
        record_attempt(tx, attempt, now, DeliveryState.UNKNOWN.value, reason)


def record_attempt(
    tx: Transaction, attempt: tuple[int, int, str, str], ended_at: dt.datetime, outcome: str, evidence: str
) -> None:
    """Record an attempt. `attempt` is the delivery's id, its fence, when it started, and the digest of
    what was sent."""
    delivery, fence, started_at, digest = attempt
    tx.execute(
        """INSERT INTO attempt (delivery, fence, started_at, ended_at, digest, outcome, evidence)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        *(delivery, fence, started_at, format_utc(ended_at), digest, outcome, evidence),
    )


def update_done(tx: Transaction, publication: int, now: dt.datetime) -> None:
    """Record whether a publication is done: it was planned, and no delivery is left to make."""
    # LIMIT 1 for each state, because a database may plan EXISTS badly and then scan every row
    first_open = """SELECT id FROM delivery WHERE publication = ? AND state = ?
               ORDER BY next_at, position, id LIMIT 1"""
    unfinished = any(tx.fetch_all(first_open, publication, state.value) for state in OPEN_STATES)
    tx.execute("UPDATE publication SET done = ? WHERE id = ? AND digest <> ''", int(not unfinished), publication)
    tx.execute(
        "UPDATE publication SET published_at = ? WHERE id = ? AND done = 1 AND published_at = ''",
        format_utc(now),
        publication,
    )


def clean_evidence(text: str) -> str:
    """Return what is kept of a platform's answer: one line, without secrets."""
    return " ".join(redact(make_storable(text)).split())[:_MAX_EVIDENCE_LENGTH]


def make_storable(text: str) -> str:
    """Replace characters that a database refuses, so that every result can be recorded."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
