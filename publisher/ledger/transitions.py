"""What happens to deliveries: given out, ended one way or another, or left behind by an owner who is gone."""

from __future__ import annotations

import datetime as dt

from publisher.credentials import redact
from publisher.ledger.database import Transaction
from publisher.ledger.models import Claim, Result, State, Task, stamp

_LONGEST = 500
"""So many characters of what a platform said are kept."""

_LEFT = (State.PLANNED, State.SENDING, State.FAILED, State.UNKNOWN)


def holds(books: Transaction, words: dict[str, str], claim: Claim) -> bool:
    """Whether a claim still stands, and then nobody takes over before the transaction ends."""
    [(fence,)] = books.rows(f"SELECT fence FROM publication WHERE id = ? {words['lock']}", claim.id)
    return bool(fence == claim.fence)


def begin(books: Transaction, claim: Claim, size: int, now: dt.datetime, *, ordered: bool) -> list[Task]:
    """Give out the next deliveries, at most `size`; if `ordered`, the first that has not arrived or none."""
    at = stamp(now)
    left = ", ".join(f"'{state.value}'" for state in _LEFT)
    which = (
        f"state IN ({left}) ORDER BY delivery.position, delivery.id"
        if ordered
        else "state = 'planned' AND next_at <= ? ORDER BY next_at, delivery.position, delivery.id"
    )
    found = books.rows(
        f"""SELECT delivery.id, recipient, delivery.part, COALESCE(part.digest, ''), remote_id, tries + 1,
                   state, next_at
            FROM delivery LEFT JOIN part
              ON part.publication = delivery.publication AND part.part = delivery.part
            WHERE delivery.publication = ? AND {which} LIMIT ?""",
        *((claim.id, 1) if ordered else (claim.id, at, size)),
    )
    tasks = [
        Task(number, recipient, part, digest, remote_id, tries, now)
        for number, recipient, part, digest, remote_id, tries, state, next_at in found
        if state == State.PLANNED.value and next_at <= at
    ]
    books.many(
        """UPDATE delivery SET state = 'sending', tries = ?, fence = ?, began = ?, tried = ?, next_at = ''
           WHERE id = ?""",
        [(task.tries, claim.fence, at, task.digest, task.id) for task in tasks],
    )
    return tasks


def enter(books: Transaction, claim: Claim, result: Result) -> None:
    """Note what came of a task. When the claim was lost it is evidence, and nothing else."""
    task, reason = result.task, evidence(result.reason)
    arrived = result.state is State.SENT
    taken_back = arrived and not task.digest
    remote_id = "" if taken_back else storable(result.remote_id) or task.remote_id
    books.run(
        """UPDATE delivery SET state = ?, live = CASE WHEN ? = 1 THEN tried ELSE live END, remote_id = ?,
           next_at = ?, reason = ? WHERE id = ? AND state = 'sending' AND fence = ?""",
        State.DROPPED.value if taken_back else result.state.value,
        int(arrived),
        remote_id,
        stamp(result.next_at) if result.next_at else "",
        reason,
        task.id,
        claim.fence,
    )
    attempted(
        books,
        (task.id, claim.fence, stamp(task.began), task.digest),
        result.at,
        result.state.value,
        reason or evidence(result.remote_id),
    )
    if arrived and result.url:
        see(books, claim, result.url)


def see(books: Transaction, claim: Claim, url: str) -> None:
    """Note where a publication can be seen: at the address of what arrived first."""
    books.run(
        "UPDATE publication SET url = ? WHERE id = ? AND fence = ? AND url = ''",
        redact(storable(url)),
        *claim,
    )


def settle(books: Transaction, publication: int, now: dt.datetime, *, repeatable: bool) -> None:
    """Settle what a former owner began and did not end: it is unknown, or planned again where to do it twice
    is the same as once."""
    what = "the publisher ended before it knew what came of it"
    left = books.rows(
        """SELECT id, fence, began, tried, remote_id FROM delivery
           WHERE publication = ? AND state = 'sending'""",
        publication,
    )
    for delivery, fence, began, tried, remote_id in left:
        again = repeatable or remote_id
        books.run(
            "UPDATE delivery SET state = ?, reason = ? WHERE id = ?",
            (State.PLANNED if again else State.UNKNOWN).value,
            "" if again else what,
            delivery,
        )
        attempted(books, (delivery, fence, began, tried), now, State.UNKNOWN.value, what)


def attempted(
    books: Transaction, attempt: tuple[int, int, str, str], ended: dt.datetime, outcome: str, told: str
) -> None:
    """Add an attempt to those of its delivery. `attempt` is the delivery, its fence, when it began, and the
    digest of what was tried."""
    delivery, fence, began, digest = attempt
    books.run(
        """INSERT INTO attempt (delivery, fence, began, ended, digest, outcome, evidence)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        *(delivery, fence, began, stamp(ended), digest, outcome, told),
    )


def conclude(books: Transaction, publication: int, now: dt.datetime) -> None:
    """Note whether a publication is done: it was planned, and nothing of it is left to do."""
    # asked for the first of each, because a database may take EXISTS for cheap and then look at every row
    first = """SELECT id FROM delivery WHERE publication = ? AND state = ?
               ORDER BY next_at, position, id LIMIT 1"""
    left = any(books.rows(first, publication, state.value) for state in _LEFT)
    books.run("UPDATE publication SET done = ? WHERE id = ? AND digest <> ''", int(not left), publication)
    books.run(
        "UPDATE publication SET published = ? WHERE id = ? AND done = 1 AND published = ''",
        stamp(now),
        publication,
    )


def evidence(text: str) -> str:
    """What is kept of what a platform said: one line of it, without secrets."""
    return " ".join(redact(storable(text)).split())[:_LONGEST]


def storable(text: str) -> str:
    """What any database takes: a mark that is none must not keep what was sent from being noted."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
