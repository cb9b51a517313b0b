"""Plans deliveries: which part goes to which recipient, and which messages are edited or deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from publisher.channel import Part
from publisher.ledger.database import Transaction

_PART_JOIN = "part.publication = delivery.publication AND part.part = delivery.part"
_PLANNED_DIGEST = f"COALESCE((SELECT digest FROM part WHERE {_PART_JOIN}), '')"
_IS_PART = f"EXISTS (SELECT 1 FROM part WHERE {_PART_JOIN})"
_IS_RECIPIENT = "EXISTS (SELECT 1 FROM current_recipient WHERE current_recipient.recipient = delivery.recipient)"


def compute_parts_digest(parts: Iterable[Part]) -> str:
    """Return a SHA-256 (hex) over the keys and bodies of parts."""
    return hashlib.sha256("\n".join(f"{part.key} {part.digest}" for part in parts).encode()).hexdigest()


def replace_content(tx: Transaction, publication: int, parts: Sequence[Part], at: str) -> None:
    """Make these parts the content of the publication, and plan edits and deletions of what was sent with
    other content."""
    positions = {part.key: position for position, part in enumerate(parts)}
    old_positions: dict[str, int] = dict(
        tx.fetch_all("SELECT part, position FROM part WHERE publication = ?", publication)
    )
    tx.execute_many(
        "INSERT INTO content (digest, media_type, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(part.digest, part.media_type, part.body) for part in parts],
    )
    tx.execute("DELETE FROM part WHERE publication = ?", publication)
    tx.execute_many(
        "INSERT INTO part (publication, part, position, digest) VALUES (?, ?, ?, ?)",
        [(publication, part.key, positions[part.key], part.digest) for part in parts],
    )
    if old_positions and old_positions != positions:
        position = f"(SELECT part.position FROM part WHERE {_PART_JOIN})"
        tx.execute(
            f"UPDATE delivery SET position = {position} WHERE publication = ? AND position <> {position}", publication
        )
    tx.execute(
        f"""UPDATE delivery SET state = 'planned', reason = '', next_at = '', tries = 0
            WHERE publication = ?
            AND ((state = 'sent' AND remote_id <> '' AND {_PLANNED_DIGEST} <> delivered_digest)
            OR (state = 'failed' AND {_PLANNED_DIGEST} <> attempted_digest))""",
        publication,
    )
    digest = compute_parts_digest(parts)
    tx.execute(
        "UPDATE publication SET digest = ?, changed_at = ? WHERE id = ? AND digest <> ?",
        digest,
        at,
        publication,
        digest,
    )


def plan_deliveries(tx: Transaction, dialect: dict[str, str], publication: int, recipients: Iterable[str]) -> None:
    """Plan a delivery of each part of the content to each recipient, few in memory at a time.

    Existing deliveries stay as they are. Only those never sent are dropped while their part or recipient is
    removed, and planned again when it comes back.
    """
    tx.execute(f"CREATE TEMPORARY TABLE current_recipient (number {dialect['id']}, recipient TEXT NOT NULL UNIQUE)")
    tx.execute_many(
        "INSERT INTO current_recipient (recipient) VALUES (?) ON CONFLICT DO NOTHING",
        ((recipient,) for recipient in recipients),
    )
    tx.execute(
        """INSERT INTO delivery (publication, recipient, part, position, state)
           SELECT publication, recipient, part, position, 'planned' FROM current_recipient CROSS JOIN part
           WHERE publication = ? ORDER BY number ON CONFLICT DO NOTHING""",
        publication,
    )
    _drop_planned(tx, publication, f"NOT ({_IS_PART} AND {_IS_RECIPIENT})")
    tx.execute(
        f"""UPDATE delivery SET state = 'planned', tries = 0
            WHERE publication = ? AND state = 'dropped' AND attempted_digest = ''
            AND {_IS_PART} AND {_IS_RECIPIENT}""",
        publication,
    )
    tx.execute("DROP TABLE current_recipient")
    tx.execute("UPDATE publication SET done = 0 WHERE id = ?", publication)


def drop_removed_parts(tx: Transaction, publication: int) -> None:
    """Drop deliveries that were never sent and whose part was removed."""
    _drop_planned(tx, publication, f"NOT {_IS_PART}")


def _drop_planned(tx: Transaction, publication: int, condition: str) -> None:
    # no attempted_digest: it tells these, which may be planned again, from deliveries that a person gave up
    tx.execute(
        f"""UPDATE delivery SET state = 'dropped', attempted_digest = '', reason = '', next_at = ''
            WHERE publication = ? AND state = 'planned' AND remote_id = '' AND {condition}""",
        publication,
    )
