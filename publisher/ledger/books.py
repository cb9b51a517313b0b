"""The ledger as those who publish use it: claim a publication, plan it, take turns at it, let it go."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

from publisher.channel import Part
from publisher.credentials import redact
from publisher.errors import BusyError, StorageError
from publisher.failpoints import reach
from publisher.ledger.database import Database, Transaction
from publisher.ledger.moments import moment, stamp
from publisher.ledger.owner import is_gone, myself
from publisher.ledger.rows import Claim, Key, LostError, Result, State, Task
from publisher.ledger.schema import STEPS

_ATTEMPT = """INSERT INTO attempt (delivery, fence, began, ended, digest, outcome, evidence)
              VALUES (?, ?, ?, ?, ?, ?, ?)"""


class Ledger:
    """The books of a newsletter, in the file `place` or in the database at the address postgresql://…

    Every method is one transaction, and raises StorageError when the database does not take it.
    """

    def __init__(self, place: Path | str) -> None:
        self._database = _connect(place)
        self.examine = self._database.examine
        self.transaction = self._database.transaction
        try:
            self._make_tables()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _make_tables(self) -> None:
        database = self._database
        with self.transaction() as books:
            version = database.version(books)
            if version > len(STEPS):
                raise StorageError(
                    f"the ledger is of version {version}, written by a newer publisher",
                    "nothing was sent: upgrade this one",
                )
            for number, step in enumerate(STEPS[version:], version + 1):
                for statement in step:
                    books.run(statement.format(**database.words))
                database.set_version(books, number)

    # ------------------------------------------------------------ in hand or not

    def claim(self, key: Key, now: dt.datetime, lease: dt.timedelta, *, repeatable: bool = False) -> Claim:
        """Take a publication in hand until `now + lease`, longer with every turn.

        What a former owner left in `sending` becomes unknown; planned again if it changes what stands there,
        or if the channel is `repeatable`. Raises BusyError, naming the owner, while another has it.
        """
        until, me = stamp(now + lease), myself()
        with self.transaction() as books:
            new = books.run(
                """INSERT INTO publication (issue, channel, destination, owner, fence, lease)
                   VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING""",
                *key,
                me,
                until,
            )
            [(number, holder, fence, held)] = books.rows(
                f"""SELECT id, owner, fence, lease FROM publication
                    WHERE issue = ? AND channel = ? AND destination = ? {self._database.words["lock"]}""",
                *key,
            )
            if new:
                return Claim(number, 1)
            if holder and held > stamp(now) and not is_gone(holder):
                raise BusyError(
                    f"{key.destination} is in the hands of {holder}",
                    f"wait until it is done; it has until {held[:19]}Z to say that it is still at work",
                )
            books.run(
                "UPDATE publication SET owner = ?, fence = ?, lease = ? WHERE id = ?",
                me,
                fence + 1,
                until,
                number,
            )
            self._recover(books, number, now, repeatable)
            return Claim(number, fence + 1)

    def _recover(self, books: Transaction, number: int, now: dt.datetime, repeatable: bool) -> None:
        """Settle what the former owner began and did not end."""
        left = books.rows(
            """SELECT id, fence, began, tried, remote_id FROM delivery
               WHERE publication = ? AND state = 'sending'""",
            number,
        )
        for delivery, fence, began, tried, remote_id in left:
            again = repeatable or remote_id
            reason = "" if again else "the publisher ended before it knew what came of it"
            state = State.PLANNED if again else State.UNKNOWN
            books.run("UPDATE delivery SET state = ?, reason = ? WHERE id = ?", state.value, reason, delivery)
            books.run(_ATTEMPT, delivery, fence, began, stamp(now), tried, State.UNKNOWN.value, reason)

    def release(self, claim: Claim, now: dt.datetime) -> bool:
        """Let a publication go; whether everything of it is done. A claim that was lost changes nothing."""
        with self.transaction() as books:
            [(left,)] = books.rows(
                """SELECT COUNT(*) FROM delivery
                   WHERE publication = ? AND state IN ('planned', 'sending', 'failed', 'unknown')""",
                claim.id,
            )
            books.run(
                """UPDATE publication SET owner = '', lease = '', done = ?, published =
                   CASE WHEN published = '' AND ? = 1 THEN ? ELSE published END WHERE id = ? AND fence = ?""",
                int(not left),
                int(not left),
                stamp(now),
                *claim,
            )
            return not left

    # ------------------------------------------------------------------ the plan

    def plan(
        self, claim: Claim, parts: Sequence[Part], recipients: Iterable[str], now: dt.datetime, *, keep: bool
    ) -> None:
        """Plan each part for each recipient, few at a time; what is planned already stays as it is.

        The parts become the content of the publication: what was sent with another content is planned to be
        changed, and what is no part any more to be taken back. With `keep`, none of that happens: the content
        stays the one it began with. Raises LostError.
        """
        order = {part.key: position for position, part in enumerate(parts)}
        with self.transaction() as books:
            self._check(books, claim)
            reach("planning")
            if not keep:
                books.many(
                    "INSERT INTO content (digest, media_type, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    [(part.digest, part.media_type, part.body) for part in parts],
                )
                books.run("DELETE FROM part WHERE publication = ?", claim.id)
                books.many(
                    "INSERT INTO part (publication, part, position, digest) VALUES (?, ?, ?, ?)",
                    [(claim.id, part.key, order[part.key], part.digest) for part in parts],
                )
            books.many(
                """INSERT INTO delivery (publication, recipient, part, position, state)
                   VALUES (?, ?, ?, ?, 'planned') ON CONFLICT DO NOTHING""",
                ((claim.id, who, key, order[key]) for who, key in product(recipients, order)),
            )
            if not keep:
                self._plan_changes(books, claim)
                books.run(
                    "UPDATE publication SET digest = ?, done = 0, changed = ? WHERE id = ?",
                    digest_of(parts),
                    stamp(now),
                    claim.id,
                )

    def _plan_changes(self, books: Transaction, claim: Claim) -> None:
        wanted = """(SELECT digest FROM part
                     WHERE part.publication = delivery.publication AND part.part = delivery.part)"""
        books.run(
            f"""UPDATE delivery SET state = 'planned', reason = '', next_at = '' WHERE publication = ? AND (
                (state = 'sent' AND remote_id <> '' AND COALESCE({wanted}, '') <> live)
                OR (state = 'failed' AND COALESCE({wanted}, '') <> tried))""",
            claim.id,
        )
        # what never went out and is no part any more needs no taking back
        books.run(
            f"""UPDATE delivery SET state = 'dropped' WHERE publication = ? AND remote_id = ''
                AND state = 'planned' AND {wanted} IS NULL""",
            claim.id,
        )
        books.run(
            f"""UPDATE delivery SET state = 'planned' WHERE publication = ? AND state = 'dropped'
                AND tried = '' AND {wanted} IS NOT NULL""",
            claim.id,
        )

    # ----------------------------------------------------------------- the turns

    def turn(
        self,
        claim: Claim,
        results: Sequence[Result],
        size: int,
        now: dt.datetime,
        lease: dt.timedelta,
        *,
        ordered: bool = False,
    ) -> list[Task]:
        """Take in what came of the last tasks, and give out the next ones, at most `size`: from here on they
        count as begun. With `ordered`, only the first part that has not arrived is given, and none while that
        one cannot be sent.

        Raises LostError when another has the publication; the results are in the books as evidence all the
        same.
        """
        reach("confirming")
        with self.transaction() as books:
            for result in results:
                self._enter(books, claim, result)
            kept = books.run(
                "UPDATE publication SET lease = ? WHERE id = ? AND fence = ?", stamp(now + lease), *claim
            )
            tasks = self._begin(books, claim, size, now, ordered) if kept and size else []
        reach("begun" if tasks else "confirmed")
        if not kept:
            raise LostError(
                "another publish took this over", "this one was stopped too long: see publish status"
            )
        return tasks

    def _enter(self, books: Transaction, claim: Claim, result: Result) -> None:
        task, reason = result.task, redact(result.reason)
        sent = result.state is State.SENT
        remote_id = result.remote_id or task.remote_id
        if sent and not task.digest:  # taken back
            state, remote_id = State.DROPPED, ""
        else:
            state = result.state
        books.run(
            """UPDATE delivery SET state = ?, live = CASE WHEN ? = 1 THEN tried ELSE live END, remote_id = ?,
               next_at = ?, reason = ? WHERE id = ? AND state = 'sending' AND fence = ?""",
            state.value,
            int(sent),
            remote_id,
            stamp(result.next_at) if result.next_at else "",
            reason,
            task.id,
            claim.fence,
        )
        books.run(
            _ATTEMPT,
            task.id,
            claim.fence,
            stamp(task.began),
            stamp(result.at),
            task.digest,
            result.state.value,
            reason or remote_id,
        )
        if sent and result.url:
            books.run("UPDATE publication SET url = ? WHERE id = ? AND url = ''", result.url, claim.id)

    def _begin(
        self, books: Transaction, claim: Claim, size: int, now: dt.datetime, ordered: bool
    ) -> list[Task]:
        at = stamp(now)
        states = "('planned', 'sending', 'failed', 'unknown')" if ordered else "('planned')"
        found = books.rows(
            f"""SELECT delivery.id, recipient, delivery.part, COALESCE(part.digest, ''), remote_id, tries + 1,
                       state, next_at
                FROM delivery LEFT JOIN part
                  ON part.publication = delivery.publication AND part.part = delivery.part
                WHERE delivery.publication = ? AND state IN {states} AND (next_at <= ? OR {int(ordered)} = 1)
                ORDER BY delivery.position, delivery.id LIMIT ?""",
            claim.id,
            at,
            1 if ordered else size,
        )
        due = [row for row in found if row[6] == State.PLANNED.value and row[7] <= at]
        tasks = [
            Task(number, recipient, part, digest, remote_id, tries, now)
            for number, recipient, part, digest, remote_id, tries, *_ in due
        ]
        books.many(
            """UPDATE delivery SET state = 'sending', tries = ?, fence = ?, began = ?, tried = ?, next_at = ''
               WHERE id = ? AND state = 'planned'""",
            [(task.tries, claim.fence, at, task.digest, task.id) for task in tasks],
        )
        return tasks

    def _check(self, books: Transaction, claim: Claim) -> None:
        [(fence,)] = books.rows(
            f"SELECT fence FROM publication WHERE id = ? {self._database.words['lock']}", claim.id
        )
        if fence != claim.fence:
            raise LostError(
                "another publish took this over", "this one was stopped too long: see publish status"
            )

    def part(self, digest: str, key: str) -> Part:
        """The part of that digest, as it was planned."""
        with self.transaction() as books:
            [(media_type, body)] = books.rows("SELECT media_type, body FROM content WHERE digest = ?", digest)
        return Part(key, media_type, bytes(body))

    def next_at(self, claim: Claim) -> dt.datetime | None:
        """When the first delivery that was put off is due; None when none was."""
        with self.transaction() as books:
            [(first,)] = books.rows(
                """SELECT MIN(next_at) FROM delivery
                   WHERE publication = ? AND state = 'planned' AND next_at <> ''""",
                claim.id,
            )
        return moment(first) if first else None


def digest_of(parts: Iterable[Part]) -> str:
    """SHA-256 (hex) over the keys and bodies of parts."""
    return hashlib.sha256("\n".join(f"{part.key} {part.digest}" for part in parts).encode()).hexdigest()


def _connect(place: Path | str) -> Database:
    """The database in the file `place`, or the one at the address postgresql://…"""
    if isinstance(place, Path):
        from publisher.ledger.sqlite import Sqlite

        return Sqlite(place)
    from publisher.ledger.postgres import Postgres

    return Postgres(place)
