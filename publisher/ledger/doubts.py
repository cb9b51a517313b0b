"""What nobody knows about, for those who can find out: a look at the platform, or a rule of the channel."""

from __future__ import annotations

from publisher.ledger.books import Ledger
from publisher.ledger.moments import moment, stamp
from publisher.ledger.rows import Claim, Result, Task
from publisher.ledger.turns import attempted


def doubts(ledger: Ledger, claim: Claim) -> list[Task]:
    """The tasks of a publication whose outcome is unknown."""
    with ledger.transaction() as books:
        found = books.rows(
            """SELECT id, recipient, part, tried, remote_id, tries, began FROM delivery
               WHERE publication = ? AND state = 'unknown' ORDER BY position, id""",
            claim.id,
        )
    return [
        Task(number, recipient, part, digest, remote_id, tries, moment(began))
        for number, recipient, part, digest, remote_id, tries, began in found
    ]


def settle(ledger: Ledger, claim: Claim, results: list[Result]) -> None:
    """Enter what was found out about tasks that are unknown, unless another has the publication by now."""
    with ledger.transaction() as books:
        for result in results:
            task, state = result.task, result.state.value
            touched = books.run(
                """UPDATE delivery SET state = ?, reason = ?, remote_id = ?,
                   live = CASE ? WHEN 'sent' THEN tried ELSE live END
                   WHERE id = ? AND state = 'unknown' AND EXISTS
                   (SELECT 1 FROM publication WHERE id = ? AND fence = ?)""",
                *(state, "", result.remote_id, state, task.id, *claim),
            )
            if touched:
                began = (task.id, claim.fence, stamp(task.began), task.digest)
                attempted(books, began, result.at, state, result.reason)
            if touched and result.url:
                books.run("UPDATE publication SET url = ? WHERE id = ? AND url = ''", result.url, claim.id)
