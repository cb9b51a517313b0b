"""Leases: of a publication, to plan it or to deliver all of it, or of one of its shards, to deliver that.

While a living process has the lease of a publication, no other gets one of its shards; while one has a shard, no other
gets the publication. Leases of a publication are claimed under the lock of its row, and each has a fence of its own.
"""

from __future__ import annotations

import datetime as dt

from publisher.errors import BusyError
from publisher.ledger.database import Transaction
from publisher.ledger.models import Lease, PublicationKey, format_utc
from publisher.ledger.process_id import format_owner, get_process_id, is_process_gone
from publisher.ledger.transitions import recover_interrupted, resolve_key, update_done


def claim_publication(
    tx: Transaction,
    dialect: dict[str, str],
    key: PublicationKey,
    now: dt.datetime,
    expiry: dt.datetime,
    *,
    idempotent: bool,
) -> Lease:
    """Claim a publication. Raises BusyError while another living process has it or one of its shards."""
    key = resolve_key(tx, key)
    new = tx.execute(
        """INSERT INTO publication (issue, channel, destination, owner, fence, leased_until)
           VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING""",
        *(*key, get_process_id(), format_utc(expiry)),
    )
    # another process may have recorded the platform's id between these two statements
    if new and (renamed := resolve_key(tx, key)) != key:
        raise BusyError(f"{key.destination} has just become {renamed.destination}", "run publish again")
    [(publication, owner, fence, leased_until)] = tx.fetch_all(
        f"""SELECT id, owner, fence, leased_until FROM publication
            WHERE issue = ? AND channel = ? AND destination = ? {dialect["lock"]}""",
        *key,
    )
    if new:
        return Lease(publication, 1)
    for holder, until in [(owner, leased_until), *_select_holders(tx, publication)]:
        if is_held(holder, until, now):
            raise BusyError(
                f"{key.destination} is being published by {format_owner(holder)}",
                f"wait until it is done; its lease ends at {until[:19]}Z unless it is extended",
            )
    lease = Lease(publication, fence + 1)
    tx.execute(
        "UPDATE publication SET owner = ?, fence = ?, leased_until = ? WHERE id = ?",
        *(get_process_id(), lease.fence, format_utc(expiry), publication),
    )
    tx.execute(
        "UPDATE shard SET owner = '', leased_until = '', fence = ? WHERE publication = ? AND owner <> ''",
        *(lease.fence, publication),
    )
    recover_interrupted(tx, lease, now, idempotent=idempotent)
    return lease


def claim_shard(
    tx: Transaction,
    dialect: dict[str, str],
    shard: int,
    now: dt.datetime,
    expiry: dt.datetime,
    *,
    fence: int | None,
    idempotent: bool,
) -> Lease | None:
    """Claim a shard. Return None if it cannot be delivered now: its publication is being planned, or another living
    process has one of them; nothing is left of it; or it was claimed since it had this `fence`."""
    found = tx.fetch_all(
        f"""SELECT id, owner, leased_until, fence, planning FROM publication
            WHERE id = (SELECT publication FROM shard WHERE id = ?) {dialect["lock"]}""",
        shard,
    )
    for publication, publisher, published_until, last_fence, planning in found:
        [(owner, leased_until, shard_fence, is_open)] = tx.fetch_all(
            "SELECT owner, leased_until, fence, is_open FROM shard WHERE id = ?", shard
        )
        is_wanted = is_open and not planning and fence in (None, shard_fence)
        if not is_wanted or is_held(publisher, published_until, now) or is_held(owner, leased_until, now):
            return None
        lease = Lease(publication, last_fence + 1, shard)
        tx.execute(
            "UPDATE publication SET owner = '', leased_until = '', fence = ? WHERE id = ?", lease.fence, publication
        )
        tx.execute(
            "UPDATE shard SET owner = ?, leased_until = ?, fence = ? WHERE id = ?",
            *(get_process_id(), format_utc(expiry), lease.fence, shard),
        )
        recover_interrupted(tx, lease, now, idempotent=idempotent)
        return lease
    return None


def extend_lease(tx: Transaction, lease: Lease, expiry: dt.datetime) -> bool:
    """Let a lease last until then. Return False if it was lost.

    This locks the row, so that no one can take over before the transaction ends.
    """
    table, id_ = ("shard", lease.shard) if lease.shard else ("publication", lease.publication_id)
    sql = f"UPDATE {table} SET leased_until = ? WHERE id = ? AND fence = ?"
    return bool(tx.execute(sql, format_utc(expiry), id_, lease.fence))


def release_lease(tx: Transaction, dialect: dict[str, str], lease: Lease, now: dt.datetime) -> None:
    """Give up a lease, and record whether its publication is done. No effect if the lease was lost."""
    # the publication is locked first, as by a claim: and of two that release its last shards, the second sees both
    tx.fetch_all(f"SELECT id FROM publication WHERE id = ? {dialect['lock']}", lease.publication_id)
    table, id_ = ("shard", lease.shard) if lease.shard else ("publication", lease.publication_id)
    sql = f"UPDATE {table} SET owner = '', leased_until = '' WHERE id = ? AND fence = ?"
    if tx.execute(sql, id_, lease.fence):
        update_done(tx, lease.publication_id, now)


def is_held(owner: str, leased_until: str, now: dt.datetime) -> bool:
    """Return whether a lease is that of a process that may still be alive."""
    return bool(owner) and leased_until > format_utc(now) and not is_process_gone(owner)


def find_holder(tx: Transaction, publication: int) -> tuple[str, str]:
    """Return a process that has a shard of a publication, and until when: that with the longest lease. ("", "") if
    there is none."""
    return max(_select_holders(tx, publication), key=lambda one: one[1], default=("", ""))


def _select_holders(tx: Transaction, publication: int) -> list[tuple[str, str]]:
    rows = tx.fetch_all(
        "SELECT DISTINCT owner, leased_until FROM shard WHERE publication = ? AND owner <> ''", publication
    )
    return [(owner, until) for owner, until in rows if not is_process_gone(owner)]
