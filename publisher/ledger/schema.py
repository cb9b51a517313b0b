"""The tables, and whether a ledger has them.

`{id}` and `{bytes}` are the database's types for a generated primary key and a byte string, `{with_space}` leaves space
beside rows that grow. Times are text in UTC that sorts by time (`format_utc`). A ledger with the tables of before there
were shards is migrated; other versions are refused.
"""

from __future__ import annotations

import zlib

from publisher.errors import StorageError
from publisher.ledger.database import Database
from publisher.ledger.migration import VERSION_WITHOUT_SHARDS, add_shards

SHARD_STATEMENTS = (
    # the deliveries to at most 500 recipients, which one process sends at a time. queue: the lane of all, if it had a
    # rate limit when this was planned, else ''. fence: of the last claim; owner: only of a claim of this shard alone.
    # next_at: when the first planned delivery is due, or earlier; '~' if none is planned. first_id, last_id: of its
    # deliveries, which are the only way to those being sent or sent. deliveries: how many there are in any state; those
    # not in one of the others were sent.
    """CREATE TABLE shard (
        id {id},
        publication BIGINT NOT NULL REFERENCES publication (id),
        queue TEXT NOT NULL,
        number INTEGER NOT NULL,
        next_at TEXT NOT NULL DEFAULT '~',
        owner TEXT NOT NULL DEFAULT '',
        fence INTEGER NOT NULL DEFAULT 0,
        leased_until TEXT NOT NULL DEFAULT '',
        first_id BIGINT NOT NULL DEFAULT 0,
        last_id BIGINT NOT NULL DEFAULT 0,
        deliveries BIGINT NOT NULL DEFAULT 0,
        planned BIGINT NOT NULL DEFAULT 0,
        sending BIGINT NOT NULL DEFAULT 0,
        failed BIGINT NOT NULL DEFAULT 0,
        unknown BIGINT NOT NULL DEFAULT 0,
        dropped BIGINT NOT NULL DEFAULT 0,
        unlisted BIGINT NOT NULL DEFAULT 0,
        is_open INTEGER GENERATED ALWAYS AS
            (CASE WHEN planned + sending + failed + unknown > 0 THEN 1 ELSE 0 END) STORED,
        UNIQUE (publication, queue, number)
    ) {with_space}""",
    # those with something left to do, in the order in which they are delivered
    "CREATE INDEX shard_open ON shard (publication, queue, next_at, number) WHERE is_open = 1",
    "CREATE INDEX shard_owned ON shard (publication) WHERE owner <> ''",
)

DELIVERY_INDEXES = (
    # the order in which deliveries are sent, and those in the other states
    """CREATE INDEX delivery_unsent ON delivery (shard, unsent_state, next_at, position, id)
        WHERE unsent_state IS NOT NULL""",
    # of a publication, what few deliveries have
    "CREATE INDEX delivery_postponed ON delivery (publication, next_at) WHERE next_at <> ''",
    "CREATE INDEX delivery_with_reason ON delivery (publication) WHERE reason <> ''",
)

_SUBSCRIBER_STATES = "CREATE INDEX subscriber_by_state ON subscriber (newsletter, state)"
"""To count a million, without looking at each row."""

STATEMENTS = (
    # this row is the lock: two processes that publish the same thing race for it
    # recipients: how long the list was, at its longest since a person accepted a shorter one
    # planning: 1 from the first transaction of a plan until its last: nothing may be sent
    """CREATE TABLE publication (
        id {id},
        issue TEXT NOT NULL,
        channel TEXT NOT NULL,
        destination TEXT NOT NULL,
        done INTEGER NOT NULL DEFAULT 0,
        digest TEXT NOT NULL DEFAULT '',
        url TEXT NOT NULL DEFAULT '',
        owner TEXT NOT NULL DEFAULT '',
        fence INTEGER NOT NULL DEFAULT 0,
        leased_until TEXT NOT NULL DEFAULT '',
        published_at TEXT NOT NULL DEFAULT '',
        changed_at TEXT NOT NULL DEFAULT '',
        recipients BIGINT NOT NULL DEFAULT 0,
        planning INTEGER NOT NULL DEFAULT 0,
        UNIQUE (issue, channel, destination)
    )""",
    *SHARD_STATEMENTS,
    "CREATE TABLE content (id {id}, digest TEXT NOT NULL UNIQUE, media_type TEXT NOT NULL, body {bytes} NOT NULL)",
    """CREATE TABLE part (
        publication BIGINT NOT NULL REFERENCES publication (id),
        part TEXT NOT NULL,
        position INTEGER NOT NULL,
        digest TEXT NOT NULL REFERENCES content (digest),
        PRIMARY KEY (publication, part)
    )""",
    # lane: the provider that receives for the recipient. first_started_at: of the first attempt if there were several;
    # started_at, fence and attempted_content: of the last one; ended_at: of the last one if it is not in `attempt`,
    # because all there is to say is here: it was sent, as remote_id. delivered_content: what the recipient is known to
    # have. Contents are ids; 0 is none.
    # Indexes have unsent_state instead of state: PostgreSQL need not change them when what is being sent was sent. What
    # changes then comes last, because it logs the bytes of a row between the first and the last that differ.
    """CREATE TABLE delivery (
        id {id},
        publication BIGINT NOT NULL REFERENCES publication (id),
        shard BIGINT NOT NULL,
        position INTEGER NOT NULL,
        recipient TEXT NOT NULL,
        part TEXT NOT NULL,
        lane TEXT NOT NULL DEFAULT '',
        first_started_at TEXT NOT NULL DEFAULT '',
        unsent_state TEXT GENERATED ALWAYS AS (CASE WHEN state NOT IN ('sending', 'sent') THEN state END) STORED,
        next_at TEXT NOT NULL DEFAULT '',
        attempted_content INTEGER NOT NULL DEFAULT 0,
        tries INTEGER NOT NULL DEFAULT 0,
        fence INTEGER NOT NULL DEFAULT 0,
        started_at TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        ended_at TEXT NOT NULL DEFAULT '',
        delivered_content INTEGER NOT NULL DEFAULT 0,
        remote_id TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '',
        UNIQUE (publication, recipient, part),
        CHECK (ended_at = '' OR state = 'sent')
    ) {with_space}""",
    *DELIVERY_INDEXES,
    # those that the row of their delivery does not tell everything about; rows are only ever added, and an address that
    # is erased is replaced in their evidence
    """CREATE TABLE attempt (
        id {id},
        delivery BIGINT NOT NULL REFERENCES delivery (id),
        fence INTEGER NOT NULL,
        started_at TEXT NOT NULL,
        ended_at TEXT NOT NULL,
        digest TEXT NOT NULL,
        outcome TEXT NOT NULL,
        evidence TEXT NOT NULL
    )""",
    "CREATE INDEX attempt_by_delivery ON attempt (delivery)",
    # a token bucket (tokens at filled_at, and the earliest time of the next delivery), and until when a provider
    # that refuses the sender gets nothing
    """CREATE TABLE lane (
        channel TEXT NOT NULL,
        name TEXT NOT NULL,
        tokens DOUBLE PRECISION NOT NULL,
        filled_at TEXT NOT NULL,
        ready_at TEXT NOT NULL DEFAULT '',
        closed_until TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (channel, name)
    )""",
    # names of a destination, such as @readers or the former number of a chat, and what the platform calls it
    """CREATE TABLE destination_name (
        channel TEXT NOT NULL,
        name TEXT NOT NULL,
        id TEXT NOT NULL,
        PRIMARY KEY (channel, name)
    )""",
    # of each issue when it was last published, to recognise it under another id
    """CREATE TABLE source (
        issue TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        page TEXT NOT NULL,
        sketch TEXT NOT NULL
    )""",
    # published before the ledger existed, on whatever channel
    "CREATE TABLE adopted_issue (issue TEXT PRIMARY KEY, adopted_at TEXT NOT NULL)",
    # set by `hold` and `reschedule`; due is '' when the time was not changed
    """CREATE TABLE schedule_override (
        issue TEXT NOT NULL,
        channel TEXT NOT NULL,
        held INTEGER NOT NULL DEFAULT 0,
        due TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (issue, channel)
    )""",
    # an alert is sent once
    """CREATE TABLE alert (
        issue TEXT NOT NULL,
        channel TEXT NOT NULL,
        kind TEXT NOT NULL,
        detail TEXT NOT NULL,
        alerted_at TEXT NOT NULL,
        PRIMARY KEY (issue, channel, kind, detail)
    )""",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    # issues published with --force, by the digest of their source; rows are only ever added
    """CREATE TABLE forced_issue (
        id {id},
        issue TEXT NOT NULL,
        source_digest TEXT NOT NULL,
        errors TEXT NOT NULL,
        forced_at TEXT NOT NULL
    )""",
    # key: the normalized address; domain: that of the address; tag: what stands for the subscriber in links;
    # asked_at: when a confirmation was asked for that was not given yet, also if the state is left, gone or complained
    """CREATE TABLE subscriber (
        newsletter TEXT NOT NULL,
        key TEXT NOT NULL,
        address TEXT NOT NULL,
        domain TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        since TEXT NOT NULL,
        tag TEXT NOT NULL,
        asked_at TEXT NOT NULL DEFAULT '',
        paused_until TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (newsletter, key)
    )""",
    "CREATE UNIQUE INDEX subscriber_by_tag ON subscriber (newsletter, tag)",
    _SUBSCRIBER_STATES,
    # by what right a subscriber is on the list; rows are added, and deleted when the subscriber is erased
    """CREATE TABLE consent (
        id {id},
        newsletter TEXT NOT NULL,
        key TEXT NOT NULL,
        event TEXT NOT NULL,
        at TEXT NOT NULL,
        via TEXT NOT NULL,
        text TEXT NOT NULL,
        network TEXT NOT NULL
    )""",
    "CREATE INDEX consent_by_subscriber ON consent (newsletter, key)",
    # keyed hashes of addresses that stay out
    """CREATE TABLE suppression (
        newsletter TEXT NOT NULL,
        hash TEXT NOT NULL,
        reason TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (newsletter, hash)
    )""",
    # confirmations that were asked for, as far as they count for a limit; subject: a keyed hash
    """CREATE TABLE request (
        newsletter TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        at TEXT NOT NULL
    )""",
    "CREATE INDEX request_by_subject ON request (newsletter, kind, subject, at)",
    # of each issue that did not reach a subscriber, what was said last, by the way it came; '' is an unknown issue
    """CREATE TABLE bounce (
        newsletter TEXT NOT NULL,
        key TEXT NOT NULL,
        issue TEXT NOT NULL,
        source TEXT NOT NULL,
        kind TEXT NOT NULL,
        is_final INTEGER NOT NULL,
        evidence TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (newsletter, key, issue, source)
    )""",
    # webhooks that were accepted, so that each has an effect once
    """CREATE TABLE webhook_request (
        newsletter TEXT NOT NULL,
        id TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (newsletter, id)
    )""",
)


def compute_version() -> int:
    """Return the version of the schema, which is stored in each ledger: it differs for other statements.

    Not 0, and a positive number of 31 bits, for SQLite's user_version.
    """
    return zlib.crc32("\0".join(STATEMENTS).encode()) & 0x7FFF_FFFF or 1


def create_schema(database: Database) -> None:
    """Create the tables in a new ledger, or migrate those of before there were shards, in one transaction.

    Raises BusyError while a process of that version is sending, and StorageError, also for a ledger of any other
    version of publisher, which is left as it is.
    """
    with database.transaction() as tx:
        version, has_tables = database.get_version(tx)
        if version == VERSION_WITHOUT_SHARDS:
            add_shards(tx, database.dialect, SHARD_STATEMENTS, (*DELIVERY_INDEXES, _SUBSCRIBER_STATES))
            database.set_version(tx, version := compute_version())
        if version != (compute_version() if has_tables else 0):
            raise StorageError(
                "the ledger was written by another version of publisher, which has other tables",
                "nothing was sent or changed: use the version that wrote it",
            )
        if not has_tables:
            for statement in STATEMENTS:
                tx.execute(statement.format(**database.dialect))
            database.set_version(tx, compute_version())
