"""The ledger as those who publish use it: claim a publication, plan it, take turns at it, let it go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from publisher.channel import Part
from publisher.errors import BusyError
from publisher.failpoints import hit_failpoint
from publisher.ledger.database import Database
from publisher.ledger.models import (
    Delivery,
    DeliveryResult,
    Lease,
    LeaseLostError,
    PublicationKey,
    format_utc,
    parse_utc,
)
from publisher.ledger.plan import plan_deliveries, replace_content
from publisher.ledger.process_id import format_owner, get_process_id, is_process_gone
from publisher.ledger.schema import migrate_schema
from publisher.ledger.transitions import (
    owns,
    record_result,
    recover_interrupted,
    start_deliveries,
    update_done,
)


class Ledger:
    """The tx of a newsletter, in the file `place` or in the database at the address postgresql://…

    Every method is one transaction, and raises StorageError when the database does not take it. Threads may
    share a ledger: they take turns.
    """

    def __init__(self, location: Path | str) -> None:
        self._database = _open_database(location)
        self._is_modified = False
        self.check_health = self._database.check_health
        self.transaction = self._database.transaction
        self.dialect = self._database.dialect
        try:
            migrate_schema(self._database)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database, and leave a copy beside it if it is a file that learnt something."""
        if self._is_modified:
            self._database.write_backup()
        self._database.close()

    # ------------------------------------------------------------ in hand or not

    def claim(
        self, key: PublicationKey, now: dt.datetime, lease_duration: dt.timedelta, *, idempotent: bool = False
    ) -> Lease:
        """Take a publication in hand until `now + lease`, longer with every turn.

        What a former owner left in `sending` becomes unknown; planned again if it changes what stands there,
        or if the channel is `repeatable`. Raises BusyError, naming the owner, while another has it.
        """
        until, me = format_utc(now + lease_duration), get_process_id()
        with self.transaction() as tx:
            new = tx.execute(
                """INSERT INTO publication (issue, channel, destination, owner, fence, leased_until)
                   VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING""",
                *key,
                me,
                until,
            )
            [(number, holder, fence, held)] = tx.fetch_all(
                f"""SELECT id, owner, fence, leased_until FROM publication
                    WHERE issue = ? AND channel = ? AND destination = ? {self.dialect["lock"]}""",
                *key,
            )
            if new:
                return Lease(number, 1)
            if holder and held > format_utc(now) and not is_process_gone(holder):
                raise BusyError(
                    f"{key.destination} is in the hands of {format_owner(holder)}",
                    f"wait until it is done; it has until {held[:19]}Z to say that it is still at work",
                )
            claim = Lease(number, fence + 1)
            tx.execute(
                "UPDATE publication SET owner = ?, fence = ?, leased_until = ? WHERE id = ?",
                *(me, claim.fence, until, claim.publication_id),
            )
            recover_interrupted(tx, claim.publication_id, now, idempotent=idempotent)
            return claim

    def release(self, lease: Lease, now: dt.datetime) -> None:
        """Let a publication go, and note whether it is done. A claim that was lost changes nothing."""
        with self.transaction() as tx:
            if tx.execute(
                "UPDATE publication SET owner = '', leased_until = '' WHERE id = ? AND fence = ?", *lease
            ):
                update_done(tx, lease.publication_id, now)

    # ------------------------------------------------------------------ the plan

    def plan(
        self,
        lease: Lease,
        parts: Sequence[Part],
        recipients: Iterable[str],
        now: dt.datetime,
        *,
        keep_content: bool,
    ) -> None:
        """Plan each part for each recipient, few at a time; what is planned already stays as it is, unless
        its recipient is none any more.

        The parts become the content of the publication: what was sent with another content is planned to be
        changed, and what is no part any more to be taken back. With `keep`, none of that happens: the content
        stays the one it began with. Raises LostError. The recipients must not ask the ledger anything.
        """
        with self.transaction() as tx:
            if not owns(tx, self.dialect, lease):
                raise _build_takeover_error()
            hit_failpoint("planning")
            if not keep_content:
                replace_content(tx, lease.publication_id, parts, format_utc(now))
            plan_deliveries(tx, self.dialect, lease.publication_id, recipients)

    # ----------------------------------------------------------------- the turns

    def checkpoint(
        self,
        lease: Lease,
        results: Sequence[DeliveryResult],
        limit: int,
        now: dt.datetime,
        lease_duration: dt.timedelta,
        *,
        ordered: bool = False,
    ) -> list[Delivery]:
        """Take in what came of the last tasks, and give out the next ones, at most `size`: from here on they
        count as begun. With `ordered`, only the first part that has not arrived is given, and none while that
        one cannot be sent.

        Raises LostError when another has the publication; the results are in the tx as evidence all the
        same.
        """
        hit_failpoint("confirming")
        with self.transaction() as tx:
            # first, because it is also the lock: nobody can take over while the results are noted
            kept = tx.execute(
                "UPDATE publication SET leased_until = ? WHERE id = ? AND fence = ?",
                format_utc(now + lease_duration),
                *lease,
            )
            for result in results:
                record_result(tx, lease, result)
            tasks = start_deliveries(tx, lease, limit, now, ordered=ordered) if kept and limit else []
        self._is_modified = self._is_modified or bool(results)
        hit_failpoint("begun" if tasks else "confirmed")
        if not kept:
            raise _build_takeover_error()
        return tasks

    def load_part(self, digest: str, key: str) -> Part:
        """The part of that digest, as it was planned."""
        with self.transaction() as tx:
            [(media_type, body)] = tx.fetch_all(
                "SELECT media_type, body FROM content WHERE digest = ?", digest
            )
        return Part(key, media_type, bytes(body))

    def find_next_attempt(self, lease: Lease) -> dt.datetime | None:
        """When the first delivery that was put off is due; None when none was."""
        with self.transaction() as tx:
            [(first,)] = tx.fetch_all(
                """SELECT MIN(next_at) FROM delivery
                   WHERE publication = ? AND state = 'planned' AND next_at > ''""",
                lease.publication_id,
            )
        return parse_utc(first) if first else None


def _build_takeover_error() -> LeaseLostError:
    return LeaseLostError(
        "another publish took this over", "this one was stopped too long: see publish status"
    )


def _open_database(location: Path | str) -> Database:
    """The database in the file `place`, or the one at the address postgresql://…"""
    if isinstance(location, Path):
        from publisher.ledger.sqlite import SqliteDatabase

        return SqliteDatabase(location)
    from publisher.ledger.postgres import PostgresDatabase

    return PostgresDatabase(location)
