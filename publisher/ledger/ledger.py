"""The ledger as those who publish use it: claim a publication, plan it, take turns at it, let it go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from publisher.channel import Part
from publisher.errors import BusyError
from publisher.failpoints import hit_failpoint
from publisher.ledger.database import Database
from publisher.ledger.models import Claim, Key, LostError, Result, Task, moment, stamp
from publisher.ledger.plan import plan_deliveries, take_content
from publisher.ledger.process_id import in_short, is_gone, myself
from publisher.ledger.schema import make_tables
from publisher.ledger.transitions import begin, conclude, enter, holds, settle


class Ledger:
    """The books of a newsletter, in the file `place` or in the database at the address postgresql://…

    Every method is one transaction, and raises StorageError when the database does not take it. Threads may
    share a ledger: they take turns.
    """

    def __init__(self, place: Path | str) -> None:
        self._database = _connect(place)
        self._has_news = False
        self.examine = self._database.examine
        self.transaction = self._database.transaction
        self.words = self._database.words
        try:
            make_tables(self._database)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database, and leave a copy beside it if it is a file that learnt something."""
        if self._has_news:
            self._database.keep_copy()
        self._database.close()

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
                    WHERE issue = ? AND channel = ? AND destination = ? {self.words["lock"]}""",
                *key,
            )
            if new:
                return Claim(number, 1)
            if holder and held > stamp(now) and not is_gone(holder):
                raise BusyError(
                    f"{key.destination} is in the hands of {in_short(holder)}",
                    f"wait until it is done; it has until {held[:19]}Z to say that it is still at work",
                )
            claim = Claim(number, fence + 1)
            books.run(
                "UPDATE publication SET owner = ?, fence = ?, lease = ? WHERE id = ?",
                *(me, claim.fence, until, claim.id),
            )
            settle(books, claim.id, now, repeatable=repeatable)
            return claim

    def release(self, claim: Claim, now: dt.datetime) -> None:
        """Let a publication go, and note whether it is done. A claim that was lost changes nothing."""
        with self.transaction() as books:
            if books.run("UPDATE publication SET owner = '', lease = '' WHERE id = ? AND fence = ?", *claim):
                conclude(books, claim.id, now)

    # ------------------------------------------------------------------ the plan

    def plan(
        self, claim: Claim, parts: Sequence[Part], recipients: Iterable[str], now: dt.datetime, *, keep: bool
    ) -> None:
        """Plan each part for each recipient, few at a time; what is planned already stays as it is, unless
        its recipient is none any more.

        The parts become the content of the publication: what was sent with another content is planned to be
        changed, and what is no part any more to be taken back. With `keep`, none of that happens: the content
        stays the one it began with. Raises LostError. The recipients must not ask the ledger anything.
        """
        with self.transaction() as books:
            if not holds(books, self.words, claim):
                raise _lost()
            hit_failpoint("planning")
            if not keep:
                take_content(books, claim.id, parts, stamp(now))
            plan_deliveries(books, self.words, claim.id, recipients)

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
        hit_failpoint("confirming")
        with self.transaction() as books:
            # first, because it is also the lock: nobody can take over while the results are noted
            kept = books.run(
                "UPDATE publication SET lease = ? WHERE id = ? AND fence = ?", stamp(now + lease), *claim
            )
            for result in results:
                enter(books, claim, result)
            tasks = begin(books, claim, size, now, ordered=ordered) if kept and size else []
        self._has_news = self._has_news or bool(results)
        hit_failpoint("begun" if tasks else "confirmed")
        if not kept:
            raise _lost()
        return tasks

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
                   WHERE publication = ? AND state = 'planned' AND next_at > ''""",
                claim.id,
            )
        return moment(first) if first else None


def _lost() -> LostError:
    return LostError("another publish took this over", "this one was stopped too long: see publish status")


def _connect(place: Path | str) -> Database:
    """The database in the file `place`, or the one at the address postgresql://…"""
    if isinstance(place, Path):
        from publisher.ledger.sqlite import Sqlite

        return Sqlite(place)
    from publisher.ledger.postgres import Postgres

    return Postgres(place)
