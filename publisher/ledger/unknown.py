"""What nobody knows about, for those who can find out: a look at the platform, or a rule of the channel."""

from __future__ import annotations

from publisher.ledger.ledger import Ledger
from publisher.ledger.models import Claim, Result, State, Task, moment, stamp
from publisher.ledger.plan import drop_what_is_gone
from publisher.ledger.transitions import attempted, evidence, holds, see, storable


def doubts(ledger: Ledger, claim: Claim) -> list[Task]:
    """The tasks of a publication whose outcome is unknown; `tries` says how many of their tries were that."""
    with ledger.transaction() as books:
        found = books.rows(
            """SELECT id, recipient, part, tried, remote_id, (SELECT COUNT(*) FROM attempt
                      WHERE attempt.delivery = delivery.id AND outcome = 'unknown'), began
               FROM delivery WHERE publication = ? AND state = 'unknown' ORDER BY position, id""",
            claim.id,
        )
    return [
        Task(number, recipient, part, digest, remote_id, tries, moment(began))
        for number, recipient, part, digest, remote_id, tries, began in found
    ]


def settle(ledger: Ledger, claim: Claim, results: list[Result]) -> None:
    """Enter what was found out about tasks that are unknown, unless another has the publication by now."""
    with ledger.transaction() as books:
        for result in results if holds(books, ledger.words, claim) else ():
            task, state = result.task, result.state.value
            given_up = evidence(result.reason) if result.state is State.DROPPED else ""
            touched = books.run(
                """UPDATE delivery SET state = ?, reason = ?, remote_id = ?,
                   live = CASE ? WHEN 'sent' THEN tried ELSE live END WHERE id = ? AND state = 'unknown'""",
                *(state, given_up, storable(result.remote_id), state, task.id),
            )
            if touched:
                began = (task.id, claim.fence, stamp(task.began), task.digest)
                attempted(books, began, result.at, state, evidence(result.reason))
            if touched and result.url:
                see(books, claim, result.url)
        drop_what_is_gone(books, claim.id)
