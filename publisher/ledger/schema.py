"""The tables. Each step brings a ledger from one version of the schema to the next; the first makes it.

`{id}`, `{bytes}` are what the database calls a number it gives out and a string of bytes. Moments are text
that sorts, in UTC.
"""

from __future__ import annotations

from publisher.errors import StorageError
from publisher.ledger.database import Database

STEPS: tuple[tuple[str, ...], ...] = (
    (
        # the lock: two who publish the same race for this row
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
            lease TEXT NOT NULL DEFAULT '',
            published TEXT NOT NULL DEFAULT '',
            changed TEXT NOT NULL DEFAULT '',
            UNIQUE (issue, channel, destination)
        )""",
        "CREATE TABLE content (digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, body {bytes} NOT NULL)",
        """CREATE TABLE part (
            publication BIGINT NOT NULL REFERENCES publication (id),
            part TEXT NOT NULL,
            position INTEGER NOT NULL,
            digest TEXT NOT NULL REFERENCES content (digest),
            PRIMARY KEY (publication, part)
        )""",
        # tried is the digest of the last attempt, live that of what is known to stand at the recipient's
        """CREATE TABLE delivery (
            id {id},
            publication BIGINT NOT NULL REFERENCES publication (id),
            recipient TEXT NOT NULL,
            part TEXT NOT NULL,
            position INTEGER NOT NULL,
            state TEXT NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0,
            fence INTEGER NOT NULL DEFAULT 0,
            began TEXT NOT NULL DEFAULT '',
            next_at TEXT NOT NULL DEFAULT '',
            tried TEXT NOT NULL DEFAULT '',
            live TEXT NOT NULL DEFAULT '',
            remote_id TEXT NOT NULL DEFAULT '',
            reason TEXT NOT NULL DEFAULT '',
            UNIQUE (publication, recipient, part)
        )""",
        # the order in which deliveries come up
        "CREATE INDEX delivery_by_state ON delivery (publication, state, next_at, position, id)",
        # rows are only ever added
        """CREATE TABLE attempt (
            id {id},
            delivery BIGINT NOT NULL REFERENCES delivery (id),
            fence INTEGER NOT NULL,
            began TEXT NOT NULL,
            ended TEXT NOT NULL,
            digest TEXT NOT NULL,
            outcome TEXT NOT NULL,
            evidence TEXT NOT NULL
        )""",
        "CREATE INDEX attempt_by_delivery ON attempt (delivery)",
        """CREATE TABLE moved (
            channel TEXT NOT NULL,
            destination TEXT NOT NULL,
            moved_to TEXT NOT NULL,
            PRIMARY KEY (channel, destination)
        )""",
    ),
    (
        # what a person decided about an issue that is to come; due is '' when it stays as it was
        """CREATE TABLE decision (
            issue TEXT NOT NULL,
            channel TEXT NOT NULL,
            held INTEGER NOT NULL DEFAULT 0,
            due TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (issue, channel)
        )""",
        # told once, and never again
        """CREATE TABLE notice (
            issue TEXT NOT NULL,
            channel TEXT NOT NULL,
            what TEXT NOT NULL,
            detail TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (issue, channel, what, detail)
        )""",
        "CREATE TABLE memo (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    ),
    (
        # texts with errors that a person wanted out all the same; rows are only ever added
        """CREATE TABLE insistence (
            id {id},
            issue TEXT NOT NULL,
            source TEXT NOT NULL,
            errors TEXT NOT NULL,
            at TEXT NOT NULL
        )""",
    ),
    ("ALTER TABLE notice RENAME TO told",),  # a notice is what is written to readers
)
"""By version: the statements that lead to version 1, 2 and so on."""


def make_tables(database: Database) -> None:
    """Bring the tables to the newest version, all the way or not at all. Raises StorageError, also when a
    newer publisher made them."""
    with database.transaction() as books:
        version = database.version(books)
        if version > len(STEPS):
            raise StorageError(
                f"the ledger is of version {version}, written by a newer publisher",
                "nothing was sent: upgrade this one",
            )
        for step in STEPS[version:]:
            for statement in step:
                books.run(statement.format(**database.words))
        if version < len(STEPS):
            database.set_version(books, len(STEPS))
