"""State changes of deliveries: ended with a result, or recovered from an owner that is gone.

A retry is a row with a time here and not a call of a library such as tenacity: it must survive a crash.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from publisher.ledger.bounces import record_refusals
from publisher.ledger.database import Transaction
from publisher.ledger.models import DeliveryState, Lease, PublicationKey, Result, format_utc
from publisher.ledger.shards import CountChanges, bring_forward, count_again, find_sending
from publisher.named_tuple import NamedTuple
from publisher.redaction import redact

_MAX_EVIDENCE_LENGTH = 500
"""How many characters of a platform's answer are kept."""

AttemptRow = tuple[int, int, str, str, str, str, str]
"""The delivery's id, its fence, when the attempt started and ended, the digest of what was sent, the outcome, and the
evidence."""

OPEN_STATES = (DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.FAILED, DeliveryState.UNKNOWN)


ATTEMPTED_DIGEST = "COALESCE((SELECT digest FROM content WHERE content.id = delivery.attempted_content), '')"
DELIVERED_DIGEST = "COALESCE((SELECT digest FROM content WHERE content.id = delivery.delivered_content), '')"
"""The digests of contents, '' for none: SQL."""


def resolve_key(tx: Transaction, key: PublicationKey) -> PublicationKey:
    """Return the key with the platform's id of the destination, if that is known."""
    rows = tx.fetch_all(
        "SELECT id FROM destination_name WHERE channel = ? AND name = ?", key.channel, key.base_destination
    )
    return key.with_destination(rows[0][0]) if rows else key


def owns(tx: Transaction, dialect: dict[str, str], lease: Lease) -> bool:
    """Return whether the lease is still valid. If so, no one can take over before the transaction ends."""
    table, id_ = ("shard", lease.shard) if lease.shard else ("publication", lease.publication_id)
    [(fence,)] = tx.fetch_all(f"SELECT fence FROM {table} WHERE id = ? {dialect['lock']}", id_)
    return bool(fence == lease.fence)


def record_results(
    tx: Transaction, lease: Lease, results: Sequence[Result], changes: CountChanges, *, is_repeated: bool
) -> None:
    """Record the results of deliveries. Those that are not `sending` any more, or again, are kept as evidence only.

    `is_repeated`: this was tried before, and it is not known whether the transaction was committed. The counts of the
    shards, which must be locked, are to be changed by `changes`.
    """
    outcomes = [_describe_outcome(lease, result) for result in results]
    ended = tx.update_many(
        """UPDATE delivery SET state = new.state, tries = new.tries, ended_at = new.ended_at,
           delivered_content = CASE new.arrived WHEN 1 THEN attempted_content ELSE delivered_content END,
           remote_id = new.remote_id, next_at = new.next_at, reason = new.reason
           FROM {new} WHERE delivery.id = new.id AND delivery.state = 'sending' AND delivery.fence = new.fence""",
        ("id", "fence", "state", "tries", "ended_at", "arrived", "remote_id", "next_at", "reason"),
        [outcome.row for outcome in outcomes],
    )
    record_attempts(
        tx,
        [
            _describe_attempt(lease, result, outcome.evidence)
            for result, outcome in zip(results, outcomes, strict=True)
            if (not outcome.is_kept_in_row if outcome.row[0] in ended else not is_repeated)
        ],
    )
    recorded = [result for result in results if result.delivery.id in ended]
    for (shard, state), count in Counter((one.delivery.shard, _get_end_state(one)) for one in recorded).items():
        changes.move(shard, DeliveryState.SENDING, state, count)
    postponed: dict[int, str] = {}
    for result in recorded:
        if result.state is DeliveryState.PLANNED:
            shard, due = result.delivery.shard, format_utc(result.next_at) if result.next_at else ""
            postponed[shard] = min(postponed.get(shard, due), due)
    bring_forward(tx, postponed)
    record_refusals(tx, lease, recorded)


def _get_end_state(result: Result) -> DeliveryState:
    """Return the state of a delivery after this result: what was deleted was not sent."""
    is_deleted = result.state is DeliveryState.SENT and not result.delivery.digest
    return DeliveryState.DROPPED if is_deleted else result.state


class _Outcome(NamedTuple):
    """What is recorded of a result: values of the delivery's row, and the evidence. With `is_kept_in_row` the row has
    all there is to say of it, and no attempt is recorded."""

    row: tuple[int | str, ...]
    evidence: str
    is_kept_in_row: bool


def _describe_outcome(lease: Lease, result: Result) -> _Outcome:
    delivery, reason = result.delivery, clean_evidence(result.reason)
    receipt_id = result.receipt.remote_id if result.receipt else ""
    evidence = reason or clean_evidence(receipt_id)
    arrived = result.state is DeliveryState.SENT
    deleted = arrived and not delivery.digest
    remote_id = "" if deleted else make_storable(receipt_id) or delivery.remote_id
    is_kept_in_row = arrived and not deleted and not reason and evidence == remote_id
    ended_at = format_utc(result.ended_at) if is_kept_in_row else ""
    tries = delivery.tries if result.attempted else delivery.tries - 1
    next_at = format_utc(result.next_at) if result.next_at else ""
    return _Outcome(
        (
            *(delivery.id, lease.fence, _get_end_state(result).value, tries),
            *(ended_at, int(arrived), remote_id, next_at, reason),
        ),
        evidence,
        is_kept_in_row,
    )


def _describe_attempt(lease: Lease, result: Result, evidence: str) -> AttemptRow:
    delivery = result.delivery
    times = format_utc(delivery.started_at), format_utc(result.ended_at)
    return (delivery.id, lease.fence, *times, delivery.digest, result.state.value, evidence)


def set_url(tx: Transaction, publication: int, results: Sequence[Result]) -> None:
    """Record the public URL of a publication: that of the part that arrived first."""
    for result in results:
        if result.state is DeliveryState.SENT and result.receipt and result.receipt.url:
            url = redact(make_storable(result.receipt.url))
            tx.execute("UPDATE publication SET url = ? WHERE id = ? AND url = ''", url, publication)
            return


def recover_interrupted(tx: Transaction, lease: Lease, now: dt.datetime, *, idempotent: bool) -> None:
    """Mark deliveries that a former owner left in `sending` as unknown.

    Edits, and all deliveries of an idempotent channel, are planned again: sending them twice does no harm.
    """
    reason = "the process ended before the outcome was known"
    ended_at, outcome = format_utc(now), DeliveryState.UNKNOWN.value
    for shard, first, last in find_sending(tx, lease):
        tx.lock_rows("shard", [shard])
        interrupted = tx.fetch_all(
            f"""SELECT id, fence, started_at, {ATTEMPTED_DIGEST}, remote_id FROM delivery
                WHERE id BETWEEN ? AND ? AND shard = ? AND state = 'sending' ORDER BY id""",
            *(first, last, shard),
        )
        for delivery, _, _, _, remote_id in interrupted:
            repeatable = idempotent or remote_id
            tx.execute(
                "UPDATE delivery SET state = ?, reason = ? WHERE id = ?",
                (DeliveryState.PLANNED if repeatable else DeliveryState.UNKNOWN).value,
                "" if repeatable else reason,
                delivery,
            )
        record_attempts(tx, [(*row[:3], ended_at, row[3], outcome, reason) for row in interrupted])
        tx.execute("UPDATE shard SET sending = sending - ? WHERE id = ?", len(interrupted), shard)
        count_again(tx, [shard])


def record_attempts(tx: Transaction, attempts: Sequence[AttemptRow]) -> None:
    if attempts:
        columns = ("delivery", "fence", "started_at", "ended_at", "digest", "outcome", "evidence")
        tx.insert_many("attempt", columns, attempts)


def update_done(tx: Transaction, publication: int, now: dt.datetime) -> None:
    """Record whether a publication, whose row must be locked, is done: it was planned, and no shard is open."""
    is_open = tx.fetch_all("SELECT 1 FROM shard WHERE publication = ? AND is_open = 1 LIMIT 1", publication)
    tx.execute(
        "UPDATE publication SET done = ? WHERE id = ? AND digest <> '' AND planning = 0", int(not is_open), publication
    )
    tx.execute(
        "UPDATE publication SET published_at = ? WHERE id = ? AND done = 1 AND published_at = ''",
        format_utc(now),
        publication,
    )


def clean_evidence(text: str) -> str:
    """Return what is kept of a platform's answer: one line, without secrets."""
    if not text:
        return ""
    return " ".join(redact(make_storable(text)).split())[:_MAX_EVIDENCE_LENGTH]


def make_storable(text: str) -> str:
    """Replace characters that a database refuses, so that every result can be recorded."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
