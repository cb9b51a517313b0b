"""The ledger for processes that publish: claim a publication, plan, checkpoint and release it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from publisher.channel import Part
from publisher.errors import BusyError
from publisher.failpoints import hit_failpoint
from publisher.ledger.bounces import drop_refused
from publisher.ledger.database import Database
from publisher.ledger.lanes import delay_lane
from publisher.ledger.models import Lease, LeaseLostError, PublicationKey, Result, Turn, format_utc, parse_utc
from publisher.ledger.plan import accept_recipients, plan_deliveries, replace_content
from publisher.ledger.process_id import format_owner, get_process_id, is_process_gone
from publisher.ledger.queues import QueueSelection, find_first_due, find_started, list_queues, start_deliveries
from publisher.ledger.schema import create_schema
from publisher.ledger.subscriber_addresses import load_addresses
from publisher.ledger.subscriber_recipients import FindLane, SubscriberSelection
from publisher.ledger.transitions import (
    count_sending,
    owns,
    record_results,
    recover_interrupted,
    resolve_key,
    update_done,
)


class Ledger:
    """The ledger of a newsletter, in an SQLite file (a path) or a PostgreSQL database (postgresql://…).

    Every method is one transaction, and raises StorageError when the database fails. Threads may share a
    ledger: they take turns.
    """

    def __init__(self, location: Path | str) -> None:
        self._database = _open_database(location)
        self._is_modified = False
        self.check_health = self._database.check_health
        self.find_backup_time = self._database.find_backup_time
        self.transaction = self._database.transaction
        self.dialect = self._database.dialect
        try:
            create_schema(self._database)
        except BaseException:
            self.close()
            raise

    def close(self, *, backup: bool = True) -> None:
        """Close the database. With `backup`, write one of an SQLite file first if results or subscribers were
        recorded."""
        if backup and self._is_modified:
            self._database.write_backup()
        self._database.close()

    def note_change(self) -> None:
        """Let a backup be written by `close`."""
        self._is_modified = True

    def purge(self) -> None:
        """Remove from the files, and from the backup, what was deleted. Raises StorageError if that is not possible
        now."""
        self._database.purge()

    def write_backup(self, now: dt.datetime, max_age: dt.timedelta) -> None:
        """Write a backup of an SQLite file if there is none, or the last one is older than that."""
        last = self.find_backup_time()
        if last is None or now - last > max_age:
            self._database.write_backup()

    # -------------------------------------------------------------------- leases

    def claim(
        self, key: PublicationKey, now: dt.datetime, lease_duration: dt.timedelta, *, idempotent: bool = False
    ) -> Lease:
        """Lease a publication until `now + lease_duration`; each checkpoint extends the lease.

        Deliveries that a former owner left in `sending` become unknown. Edits, and all deliveries if the
        channel is idempotent, are planned again instead. Raises BusyError, naming the owner, while another
        process has the lease.
        """
        expiry, process_id = format_utc(now + lease_duration), get_process_id()
        with self.transaction() as tx:
            key = resolve_key(tx, key)
            new = tx.execute(
                """INSERT INTO publication (issue, channel, destination, owner, fence, leased_until)
                   VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING""",
                *(*key, process_id, expiry),
            )
            # another process may have recorded the platform's id between these two statements
            if new and (renamed := resolve_key(tx, key)) != key:
                raise BusyError(f"{key.destination} has just become {renamed.destination}", "run publish again")
            [(publication_id, owner, fence, leased_until)] = tx.fetch_all(
                f"""SELECT id, owner, fence, leased_until FROM publication
                    WHERE issue = ? AND channel = ? AND destination = ? {self.dialect["lock"]}""",
                *key,
            )
            if new:
                return Lease(publication_id, 1)
            if owner and leased_until > format_utc(now) and not is_process_gone(owner):
                raise BusyError(
                    f"{key.destination} is being published by {format_owner(owner)}",
                    f"wait until it is done; its lease ends at {leased_until[:19]}Z unless it is extended",
                )
            lease = Lease(publication_id, fence + 1)
            tx.execute(
                "UPDATE publication SET owner = ?, fence = ?, leased_until = ? WHERE id = ?",
                *(process_id, lease.fence, expiry, lease.publication_id),
            )
            recover_interrupted(tx, lease.publication_id, now, idempotent=idempotent)
            return lease

    def release(self, lease: Lease, now: dt.datetime) -> None:
        """Give up the lease, and record whether the publication is done. No effect if the lease was lost."""
        with self.transaction() as tx:
            if tx.execute("UPDATE publication SET owner = '', leased_until = '' WHERE id = ? AND fence = ?", *lease):
                update_done(tx, lease.publication_id, now)

    def drop_refused(self, lease: Lease) -> int:
        """Drop the failed deliveries to subscribers whose mailboxes were refused, as `bounces.drop_refused` does.

        Return how many there are; none if the lease was lost.
        """
        with self.transaction() as tx:
            return drop_refused(tx, lease.publication_id) if owns(tx, self.dialect, lease) else 0

    # ------------------------------------------------------------------ the plan

    def plan(
        self,
        lease: Lease,
        parts: Sequence[Part],
        recipients: Iterable[str] | SubscriberSelection,
        now: dt.datetime,
        *,
        keep_content: bool,
        find_lane: FindLane = lambda _: ("", ""),
        only: Collection[str] | None = None,
        add_recipients: bool = True,
        accept_fewer: bool = False,
    ) -> None:
        """Plan a delivery of each part to each recipient, few in memory at a time.

        Existing deliveries stay as they are, but those not sent yet are unlisted if their recipient was
        removed. The parts become the content of the publication: deliveries sent with other content are
        planned as edits, and those of removed parts are planned to be deleted. With `keep_content` the
        publication keeps the content it was started with. `recipients` is the whole list, which must not use
        the ledger while it is iterated, or says which subscribers of the ledger's own list; `find_lane`, `only` and
        `add_recipients` are as for `plan_deliveries`.

        Raises LeaseLostError; FewerRecipientsError when the list is much shorter than before, unless
        `accept_fewer`. Then nothing of it is planned.
        """
        with self.transaction() as tx:
            if not owns(tx, self.dialect, lease):
                raise _build_takeover_error()
            hit_failpoint("planning")
            if not keep_content:
                replace_content(tx, lease.publication_id, parts, format_utc(now))
            rows = plan_deliveries(
                tx,
                self.dialect,
                lease.publication_id,
                recipients,
                find_lane=find_lane,
                only=only,
                add_recipients=add_recipients,
            )
            accept_recipients(tx, lease.publication_id, rows, accept_fewer=accept_fewer)

    # --------------------------------------------------------------- checkpoints

    def checkpoint(
        self,
        lease: Lease,
        results: Sequence[Result],
        wanted: QueueSelection,
        now: dt.datetime,
        lease_duration: dt.timedelta,
        *,
        known: Collection[int] | None = None,
    ) -> Turn:
        """Record the results of the last deliveries, extend the lease, and start the `wanted` ones.

        The returned deliveries are `sending` from here on. Raises LeaseLostError when another process has the
        publication; the results are recorded as evidence all the same.

        After a StorageError the same results may be given again, with the ids of the deliveries that the owner
        knows to be in progress as `known`: what was recorded is not recorded twice, and what was started without
        the owner's knowledge is returned.
        """
        hit_failpoint("confirming")
        with self.transaction() as tx:
            # first, because it also locks the row: no one can take over while the results are recorded
            owned = tx.execute(
                "UPDATE publication SET leased_until = ? WHERE id = ? AND fence = ?",
                format_utc(now + lease_duration),
                *lease,
            )
            is_repeated = bool(owned) and known is not None
            ended = record_results(tx, lease, results, is_repeated=is_repeated)
            for result in results:
                queue = result.delivery.queue
                delay_lane(tx, wanted.channel, queue, wanted.limits.get(queue), result.ended_at)
            turn, started = Turn(find_started(tx, lease, known or ()) if is_repeated else []), 0
            if owned and wanted.limit and not turn.deliveries:
                turn = start_deliveries(tx, self.dialect, lease, wanted, now)
                started = len(turn.deliveries)
            count_sending(tx, lease.publication_id, started - ended)
            if wanted.subscribed and turn.deliveries:
                turn = turn._replace(addresses=load_addresses(tx, wanted.subscribed.newsletter, turn.deliveries))
        self._is_modified = self._is_modified or bool(results)
        hit_failpoint("begun" if turn.deliveries else "confirmed")
        if not owned:
            raise _build_takeover_error()
        return turn

    def load_part(self, digest: str, key: str) -> Part:
        """Return the part with that digest, as it was planned."""
        with self.transaction() as tx:
            [(media_type, body)] = tx.fetch_all("SELECT media_type, body FROM content WHERE digest = ?", digest)
        return Part(key, media_type, bytes(body))

    def find_next_attempt(self, lease: Lease, now: dt.datetime) -> dt.datetime | None:
        """Return when the first of the deliveries is due that are postponed beyond `now`, None if there is none."""
        with self.transaction() as tx:
            first = find_first_due(tx, lease.publication_id, format_utc(now))
        return parse_utc(first) if first else None

    def find_queues(self, lease: Lease) -> set[str]:
        """Return the queues with planned deliveries."""
        with self.transaction() as tx:
            return set(list_queues(tx, lease.publication_id))


def _build_takeover_error() -> LeaseLostError:
    return LeaseLostError(
        "another process took over this publication",
        "this process was suspended longer than its lease: see publish status",
    )


def _open_database(location: Path | str) -> Database:
    """Open the SQLite file at a path, or the PostgreSQL database at a URL."""
    if isinstance(location, Path):
        from publisher.ledger.sqlite import SqliteDatabase

        return SqliteDatabase(location)
    from publisher.ledger.postgres import PostgresDatabase

    return PostgresDatabase(location)
