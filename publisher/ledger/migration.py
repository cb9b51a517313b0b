"""Gives a ledger of before there were shards the tables of today, and puts its deliveries into shards."""

from __future__ import annotations

from publisher.errors import BusyError
from publisher.ledger.database import Transaction
from publisher.ledger.models import RECIPIENTS_PER_SHARD
from publisher.ledger.process_id import format_owner, is_process_gone

VERSION_WITHOUT_SHARDS = 246547255
"""The version of the schema that is migrated."""

_COUNTED_STATES = ("planned", "sending", "failed", "unknown", "dropped", "unlisted")


def add_shards(
    tx: Transaction, dialect: dict[str, str], shard_statements: tuple[str, ...], new_indexes: tuple[str, ...]
) -> None:
    """Migrate the tables. Raises BusyError while a process holds a lease, because the version that it runs could not
    record what it sends."""
    owners = tx.fetch_all(
        f"SELECT owner, leased_until FROM publication WHERE owner <> '' AND leased_until > {dialect['now']}"
    )
    for owner, leased_until in owners:
        if not is_process_gone(owner):
            raise BusyError(
                f"{format_owner(owner)} is sending, with the version of publisher that was installed before",
                f"wait until it is done; its lease ends at {leased_until[:19]}Z unless it is extended",
            )
    for statement in shard_statements:
        tx.execute(statement.format(**dialect))
    counts = ", ".join(f"SUM(CASE state WHEN '{state}' THEN 1 ELSE 0 END)" for state in _COUNTED_STATES)
    tx.execute("DROP INDEX delivery_unsent")
    tx.execute("ALTER TABLE delivery ADD COLUMN shard BIGINT NOT NULL DEFAULT 0")
    # the number of the shard: those with neighbouring ids, of which few are of other publications, have the same
    tx.execute(
        """UPDATE delivery SET shard = 1 + id / ? WHERE publication IN
           (SELECT publication FROM delivery GROUP BY publication HAVING COUNT(*) > ?)""",
        *(RECIPIENTS_PER_SHARD, RECIPIENTS_PER_SHARD),
    )
    tx.execute(
        f"""INSERT INTO shard (publication, queue, number, next_at, first_id, last_id, deliveries,
                               {", ".join(_COUNTED_STATES)})
            SELECT publication, queue, shard, COALESCE(MIN(CASE state WHEN 'planned' THEN next_at END), '~'), MIN(id),
                   MAX(id), COUNT(*), {counts} FROM delivery GROUP BY publication, queue, shard"""
    )
    tx.execute(
        """UPDATE delivery SET shard = (SELECT shard.id FROM shard WHERE shard.publication = delivery.publication
           AND shard.queue = delivery.queue AND shard.number = delivery.shard)"""
    )
    tx.execute("ALTER TABLE delivery DROP COLUMN queue")
    for statement in new_indexes:
        tx.execute(statement)
    tx.execute("ALTER TABLE publication DROP COLUMN deliveries")
    tx.execute("ALTER TABLE publication DROP COLUMN sending")
    tx.execute("ALTER TABLE publication ADD COLUMN planning INTEGER NOT NULL DEFAULT 0")
