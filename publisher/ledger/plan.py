"""The plan of a publication: which part is to reach whom, and what is to become of what is there already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from publisher.channel import Part
from publisher.ledger.database import Transaction

_PART = "part.publication = delivery.publication AND part.part = delivery.part"
_WANTED = f"COALESCE((SELECT digest FROM part WHERE {_PART}), '')"
_IS_PART = f"EXISTS (SELECT 1 FROM part WHERE {_PART})"
_IS_LISTED = "EXISTS (SELECT 1 FROM listed WHERE listed.recipient = delivery.recipient)"


def digest_of(parts: Iterable[Part]) -> str:
    """SHA-256 (hex) over the keys and bodies of parts."""
    return hashlib.sha256("\n".join(f"{part.key} {part.digest}" for part in parts).encode()).hexdigest()


def take_content(books: Transaction, publication: int, parts: Sequence[Part], at: str) -> None:
    """Make these parts the content of the publication, and plan to change or take back what was sent with
    another."""
    order = {part.key: position for position, part in enumerate(parts)}
    before: dict[str, int] = dict(
        books.rows("SELECT part, position FROM part WHERE publication = ?", publication)
    )
    books.many(
        "INSERT INTO content (digest, media_type, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(part.digest, part.media_type, part.body) for part in parts],
    )
    books.run("DELETE FROM part WHERE publication = ?", publication)
    books.many(
        "INSERT INTO part (publication, part, position, digest) VALUES (?, ?, ?, ?)",
        [(publication, part.key, order[part.key], part.digest) for part in parts],
    )
    if before and before != order:
        place = f"(SELECT part.position FROM part WHERE {_PART})"
        books.run(
            f"UPDATE delivery SET position = {place} WHERE publication = ? AND position <> {place}",
            publication,
        )
    books.run(
        f"""UPDATE delivery SET state = 'planned', reason = '', next_at = '', tries = 0
            WHERE publication = ? AND ((state = 'sent' AND remote_id <> '' AND {_WANTED} <> live)
            OR (state = 'failed' AND {_WANTED} <> tried))""",
        publication,
    )
    digest = digest_of(parts)
    books.run(
        "UPDATE publication SET digest = ?, changed = ? WHERE id = ? AND digest <> ?",
        digest,
        at,
        publication,
        digest,
    )


def plan_deliveries(
    books: Transaction, words: dict[str, str], publication: int, recipients: Iterable[str]
) -> None:
    """Plan each part of the content for each recipient, few at a time.

    What is there already stays as it is, but for what never went out: nobody needs it whose part is gone, or
    who is no recipient any more, as long as that is so.
    """
    books.run(f"CREATE TEMPORARY TABLE listed (number {words['id']}, recipient TEXT NOT NULL UNIQUE)")
    books.many(
        "INSERT INTO listed (recipient) VALUES (?) ON CONFLICT DO NOTHING", ((one,) for one in recipients)
    )
    books.run(
        """INSERT INTO delivery (publication, recipient, part, position, state)
           SELECT publication, recipient, part, position, 'planned' FROM listed CROSS JOIN part
           WHERE publication = ? ORDER BY number ON CONFLICT DO NOTHING""",
        publication,
    )
    _drop(books, publication, f"NOT ({_IS_PART} AND {_IS_LISTED})")
    books.run(
        f"""UPDATE delivery SET state = 'planned', tries = 0
            WHERE publication = ? AND state = 'dropped' AND tried = '' AND {_IS_PART} AND {_IS_LISTED}""",
        publication,
    )
    books.run("DROP TABLE listed")
    books.run("UPDATE publication SET done = 0 WHERE id = ?", publication)


def drop_what_is_gone(books: Transaction, publication: int) -> None:
    """Give up what is planned for the first time and is no part any more."""
    _drop(books, publication, f"NOT {_IS_PART}")


def _drop(books: Transaction, publication: int, which: str) -> None:
    # a delivery that a person gave up was tried; what may come back by itself must not look like one
    books.run(
        f"""UPDATE delivery SET state = 'dropped', tried = '', reason = '', next_at = ''
            WHERE publication = ? AND state = 'planned' AND remote_id = '' AND {which}""",
        publication,
    )
