"""What happens to deliveries: given out, ended one way or another, or left behind by an owner who is gone."""

from __future__ import annotations

import datetime as dt

from publisher.credentials import redact
from publisher.ledger.database import Transaction
from publisher.ledger.models import Delivery, DeliveryResult, DeliveryState, Lease, format_utc

_MAX_EVIDENCE_LENGTH = 500
"""So many characters of what a platform said are kept."""

_OPEN_STATES = (DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.FAILED, DeliveryState.UNKNOWN)


def owns(tx: Transaction, dialect: dict[str, str], lease: Lease) -> bool:
    """Whether a claim still stands, and then nobody takes over before the transaction ends."""
    [(fence,)] = tx.fetch_all(
        f"SELECT fence FROM publication WHERE id = ? {dialect['lock']}", lease.publication_id
    )
    return bool(fence == lease.fence)


def start_deliveries(
    tx: Transaction, lease: Lease, limit: int, now: dt.datetime, *, ordered: bool
) -> list[Delivery]:
    """Give out the next deliveries, at most `size`; if `ordered`, the first that has not arrived or none."""
    at = format_utc(now)
    left = ", ".join(f"'{state.value}'" for state in _OPEN_STATES)
    which = (
        f"state IN ({left}) ORDER BY delivery.position, delivery.id"
        if ordered
        else "state = 'planned' AND next_at <= ? ORDER BY next_at, delivery.position, delivery.id"
    )
    found = tx.fetch_all(
        f"""SELECT delivery.id, recipient, delivery.part, COALESCE(part.digest, ''), remote_id, tries + 1,
                   state, next_at
            FROM delivery LEFT JOIN part
              ON part.publication = delivery.publication AND part.part = delivery.part
            WHERE delivery.publication = ? AND {which} LIMIT ?""",
        *((lease.publication_id, 1) if ordered else (lease.publication_id, at, limit)),
    )
    tasks = [
        Delivery(number, recipient, part, digest, remote_id, tries, now)
        for number, recipient, part, digest, remote_id, tries, state, next_at in found
        if state == DeliveryState.PLANNED.value and next_at <= at
    ]
    tx.execute_many(
        """UPDATE delivery SET state = 'sending', tries = ?, fence = ?, started_at = ?,
           attempted_digest = ?, next_at = '' WHERE id = ?""",
        [(task.tries, lease.fence, at, task.digest, task.id) for task in tasks],
    )
    return tasks


def record_result(tx: Transaction, lease: Lease, result: DeliveryResult) -> None:
    """Note what came of a task. When the claim was lost it is evidence, and nothing else."""
    task, reason = result.delivery, clean_evidence(result.reason)
    arrived = result.state is DeliveryState.SENT
    taken_back = arrived and not task.digest
    remote_id = "" if taken_back else make_storable(result.remote_id) or task.remote_id
    tx.execute(
        """UPDATE delivery SET state = ?,
           delivered_digest = CASE WHEN ? = 1 THEN attempted_digest ELSE delivered_digest END,
           remote_id = ?, next_at = ?, reason = ? WHERE id = ? AND state = 'sending' AND fence = ?""",
        DeliveryState.DROPPED.value if taken_back else result.state.value,
        int(arrived),
        remote_id,
        format_utc(result.next_at) if result.next_at else "",
        reason,
        task.id,
        lease.fence,
    )
    record_attempt(
        tx,
        (task.id, lease.fence, format_utc(task.started_at), task.digest),
        result.ended_at,
        result.state.value,
        reason or clean_evidence(result.remote_id),
    )
    if arrived and result.url:
        set_url(tx, lease, result.url)


def set_url(tx: Transaction, lease: Lease, url: str) -> None:
    """Note where a publication can be seen: at the address of what arrived first."""
    tx.execute(
        "UPDATE publication SET url = ? WHERE id = ? AND fence = ? AND url = ''",
        redact(make_storable(url)),
        *lease,
    )


def recover_interrupted(tx: Transaction, publication: int, now: dt.datetime, *, idempotent: bool) -> None:
    """Settle what a former owner began and did not end: it is unknown, or planned again where to do it twice
    is the same as once."""
    what = "the publisher ended before it knew what came of it"
    left = tx.fetch_all(
        """SELECT id, fence, started_at, attempted_digest, remote_id FROM delivery
           WHERE publication = ? AND state = 'sending'""",
        publication,
    )
    for delivery, fence, began, tried, remote_id in left:
        again = idempotent or remote_id
        tx.execute(
            "UPDATE delivery SET state = ?, reason = ? WHERE id = ?",
            (DeliveryState.PLANNED if again else DeliveryState.UNKNOWN).value,
            "" if again else what,
            delivery,
        )
        record_attempt(tx, (delivery, fence, began, tried), now, DeliveryState.UNKNOWN.value, what)


def record_attempt(
    tx: Transaction, attempt: tuple[int, int, str, str], ended_at: dt.datetime, outcome: str, evidence: str
) -> None:
    """Add an attempt to those of its delivery. `attempt` is the delivery, its fence, when it began, and the
    digest of what was tried."""
    delivery, fence, began, digest = attempt
    tx.execute(
        """INSERT INTO attempt (delivery, fence, started_at, ended_at, digest, outcome, evidence)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        *(delivery, fence, began, format_utc(ended_at), digest, outcome, evidence),
    )


def update_done(tx: Transaction, publication: int, now: dt.datetime) -> None:
    """Note whether a publication is done: it was planned, and nothing of it is left to do."""
    # asked for the first of each, because a database may take EXISTS for cheap and then look at every row
    first = """SELECT id FROM delivery WHERE publication = ? AND state = ?
               ORDER BY next_at, position, id LIMIT 1"""
    left = any(tx.fetch_all(first, publication, state.value) for state in _OPEN_STATES)
    tx.execute("UPDATE publication SET done = ? WHERE id = ? AND digest <> ''", int(not left), publication)
    tx.execute(
        "UPDATE publication SET published_at = ? WHERE id = ? AND done = 1 AND published_at = ''",
        format_utc(now),
        publication,
    )


def clean_evidence(text: str) -> str:
    """What is kept of what a platform said: one line of it, without secrets."""
    return " ".join(redact(make_storable(text)).split())[:_MAX_EVIDENCE_LENGTH]


def make_storable(text: str) -> str:
    """What any database takes: a mark that is none must not keep what was sent from being noted."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
