"""The ledger for processes that publish: claim a publication, plan, checkpoint and release it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from publisher.channel import Part
from publisher.failpoints import hit_failpoint
from publisher.ledger.bounces import drop_refused
from publisher.ledger.database import Database
from publisher.ledger.lanes import delay_lane
from publisher.ledger.leases import claim_publication, claim_shard, extend_lease, release_lease
from publisher.ledger.models import RECIPIENTS_PER_SHARD, Lease, PublicationKey, Result, Turn, format_utc, parse_utc
from publisher.ledger.plan import postpone_closed_lanes
from publisher.ledger.planning import OnOpen, PlanSettings, plan_publication
from publisher.ledger.queues import (
    QueueSelection,
    find_first_due,
    find_first_due_in_shard,
    find_started,
    list_queues,
    start_deliveries,
)
from publisher.ledger.rolling import RollingTransaction, build_takeover_error
from publisher.ledger.schema import create_schema
from publisher.ledger.shards import CountChanges
from publisher.ledger.subscriber_addresses import load_addresses
from publisher.ledger.subscriber_recipients import FindLane, SubscriberSelection
from publisher.ledger.transitions import owns, record_results, set_url


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
        process has the lease, or that of a shard.
        """
        with self.transaction() as tx:
            return claim_publication(tx, self.dialect, key, now, now + lease_duration, idempotent=idempotent)

    def claim_shard(
        self,
        shard: int,
        now: dt.datetime,
        lease_duration: dt.timedelta,
        *,
        fence: int | None = None,
        idempotent: bool = False,
    ) -> Lease | None:
        """Lease a shard (its id), as `claim` leases a publication. With `fence`, only if no one has claimed it since it
        had that.

        Return None if it cannot be delivered now: nothing is left of it, its publication is being planned, or another
        process has the lease of either.
        """
        with self.transaction() as tx:
            return claim_shard(tx, self.dialect, shard, now, now + lease_duration, fence=fence, idempotent=idempotent)

    def release(self, lease: Lease, now: dt.datetime) -> None:
        """Give up the lease, and record whether the publication is done. No effect if the lease was lost."""
        with self.transaction() as tx:
            release_lease(tx, self.dialect, lease, now)

    def drop_refused(self, lease: Lease) -> int:
        """Drop the failed deliveries to subscribers whose mailboxes were refused, as `bounces.drop_refused` does.

        Return how many there are; none if the lease was lost.
        """
        with self.transaction() as tx:
            return drop_refused(tx, lease) if owns(tx, self.dialect, lease) else 0

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
        shard_size: int | None = RECIPIENTS_PER_SHARD,
        extend: Callable[[], dt.datetime] | None = None,
        on_open: OnOpen | None = None,
    ) -> None:
        """Plan a delivery of each part to each recipient, few in memory at a time, in as many transactions as the list
        is long. Until the last of them nothing can be sent; if the process ends before, the next plan goes on.

        Existing deliveries stay as they are, but those not sent yet are unlisted if their recipient was
        removed. The parts become the content of the publication: deliveries sent with other content are
        planned as edits, and those of removed parts are planned to be deleted. With `keep_content` the
        publication keeps the content it was started with. `recipients` is the whole list, which must not use
        the ledger while it is iterated, or says which subscribers of the ledger's own list. `find_lane` returns the
        lane and the queue of a recipient. `only` leaves out the others; without `add_recipients` no one is added whom
        the publication does not know.

        A shard gets `shard_size` recipients, None for all: then there is one for each queue. `extend` is called by each
        transaction but the first, and returns until when the lease lasts from then on. `on_open` is called in the last
        one, with the ids of the shards that can be delivered now: what it raises undoes that transaction.

        Raises LeaseLostError; FewerRecipientsError when the list is much shorter than before, unless
        `accept_fewer`. Then nothing of it is planned.
        """
        settings = PlanSettings(keep_content, find_lane, only, add_recipients, accept_fewer, shard_size, on_open)
        with RollingTransaction(self._database, lease, extend) as rolling:
            plan_publication(rolling, parts, recipients, now, settings)

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
            owned = extend_lease(tx, lease, now + lease_duration)
            tx.lock_rows("shard", {result.delivery.shard for result in results})
            changes, is_repeated = CountChanges(), owned and known is not None
            record_results(tx, lease, results, changes, is_repeated=is_repeated)
            for result in results:
                queue = result.delivery.queue
                delay_lane(tx, wanted.channel, queue, wanted.limits.get(queue), result.ended_at)
            turn = Turn(find_started(tx, lease, known or ()) if is_repeated else [])
            if owned and lease.shard:  # a lane that another process has closed
                postpone_closed_lanes(tx, lease.publication_id, [lease.shard])
            if owned and wanted.limit and not turn.deliveries:
                turn = start_deliveries(tx, self.dialect, lease, wanted, changes, now)
            changes.write(tx)
            if owned:
                set_url(tx, lease.publication_id, results)
            if wanted.subscribed and turn.deliveries:
                turn = turn._replace(addresses=load_addresses(tx, wanted.subscribed.newsletter, turn.deliveries))
        self._is_modified = self._is_modified or bool(results)
        hit_failpoint("begun" if turn.deliveries else "confirmed")
        if not owned:
            raise build_takeover_error()
        return turn

    def load_part(self, digest: str, key: str) -> Part:
        """Return the part with that digest, as it was planned."""
        with self.transaction() as tx:
            [(media_type, body)] = tx.fetch_all("SELECT media_type, body FROM content WHERE digest = ?", digest)
        return Part(key, media_type, bytes(body))

    def find_next_attempt(self, lease: Lease, now: dt.datetime) -> dt.datetime | None:
        """Return when the first of the deliveries is due that are postponed beyond `now`, None if there is none."""
        after = format_utc(now)
        with self.transaction() as tx:
            first = (
                find_first_due_in_shard(tx, lease.shard, after)
                if lease.shard
                else find_first_due(tx, lease.publication_id, after)
            )
        return parse_utc(first) if first else None

    def find_queues(self, lease: Lease) -> set[str]:
        """Return the queues with planned deliveries."""
        with self.transaction() as tx:
            return set(list_queues(tx, lease))


def _open_database(location: Path | str) -> Database:
    """Open the SQLite file at a path, or the PostgreSQL database at a URL."""
    if isinstance(location, Path):
        from publisher.ledger.sqlite import SqliteDatabase

        return SqliteDatabase(location)
    from publisher.ledger.postgres import PostgresDatabase

    return PostgresDatabase(location)
