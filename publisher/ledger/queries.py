"""The ledger as people use it: what stands where, what was tried, and what a person decides about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from publisher.channel import Rendering
from publisher.errors import ConfigError
from publisher.ledger.database import Transaction
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import Counts, Key, Standing, State, moment, stamp
from publisher.ledger.process_id import in_short, is_gone
from publisher.ledger.transitions import attempted, conclude

_COLUMNS = "id, issue, channel, destination, done, digest, owner, published, changed, url, lease"


class Verdict(Enum):
    """What a person found out about deliveries nobody knew about."""

    SENT = "sent"
    RESEND = "resend"
    DROP = "drop"


class Attempt(NamedTuple):
    """One try at a delivery, as it was noted at the time."""

    recipient: str
    part: str
    began: dt.datetime
    ended: dt.datetime
    outcome: str
    evidence: str


class Missed(NamedTuple):
    """A delivery that did not arrive, or nobody knows, and why; a dropped one was given up, a planned one is
    to be tried again."""

    recipient: str
    part: str
    state: State
    reason: str


class Unknown(NamedTuple):
    """A delivery nobody knows about: when it began, why it is not known, and the digest of what was sent."""

    recipient: str
    part: str
    began: dt.datetime
    reason: str
    digest: str


def standing(ledger: Ledger, key: Key) -> Standing | None:
    """How a publication stands; None when there is none."""
    with ledger.transaction() as books:
        found = books.rows(
            f"SELECT {_COLUMNS} FROM publication WHERE issue = ? AND channel = ? AND destination = ?", *key
        )
        return _standing(books, found[0]) if found else None


def standings(ledger: Ledger, issues: Sequence[str]) -> list[Standing]:
    """How all publications of these issues stand, in the order of the issues."""
    with ledger.transaction() as books:
        return [
            _standing(books, row)
            for issue in issues
            for row in books.rows(
                f"SELECT {_COLUMNS} FROM publication WHERE issue = ? ORDER BY channel, destination", issue
            )
        ]


def issues_with(ledger: Ledger, newsletter: str, *states: State) -> list[str]:
    """The issues of a newsletter, by its id, with deliveries in one of these states; the newsletter itself
    for what is of no issue."""
    marks, prefix = ", ".join("?" * len(states)), f"{newsletter}/"
    with ledger.transaction() as books:
        return [
            issue
            for (issue,) in books.rows(
                f"""SELECT DISTINCT issue FROM publication WHERE (issue = ? OR SUBSTR(issue, 1, ?) = ?)
                    AND EXISTS (SELECT 1 FROM delivery
                    WHERE delivery.publication = publication.id AND state IN ({marks})) ORDER BY issue""",
                *(newsletter, len(prefix), prefix, *(state.value for state in states)),
            )
        ]


def _standing(books: Transaction, row: tuple[object, ...]) -> Standing:
    number, issue, channel, destination, done, digest, owner, published, changed, url, lease = row
    counted: dict[str, int] = dict(
        books.rows("SELECT state, COUNT(*) FROM delivery WHERE publication = ? GROUP BY state", number)
    )
    [(next_at,)] = books.rows(
        "SELECT MIN(next_at) FROM delivery WHERE publication = ? AND state = 'planned' AND next_at <> ''",
        number,
    )
    reasons = books.rows(
        """SELECT reason FROM delivery
           WHERE publication = ? AND reason <> '' AND state <> 'dropped' GROUP BY reason
           ORDER BY MIN(CASE state WHEN 'unknown' THEN 0 WHEN 'failed' THEN 1 ELSE 2 END), COUNT(*) DESC,
           reason LIMIT 3""",
        number,
    )
    parts = books.rows("SELECT part, digest FROM part WHERE publication = ? ORDER BY position", number)
    single = (
        books.rows("SELECT part, state, tried, live FROM delivery WHERE publication = ?", number)
        if sum(counted.values()) <= 2 * len(parts) + 20
        else []
    )
    if len({part for part, *_ in single}) < len(single):  # several recipients
        single = []
    return Standing(
        int(str(number)),
        Key(str(issue), str(channel), str(destination)),
        bool(done),
        str(digest),
        Counts(**counted),
        "" if is_gone(str(owner)) else in_short(str(owner)),
        moment(str(published)) if published else None,
        moment(str(changed)) if changed else None,
        str(url),
        moment(next_at) if next_at else None,
        tuple(reason for (reason,) in reasons),
        dict(parts),
        {part: live for part, _, _, live in single if live},
        {part: (State(state), tried) for part, state, tried, _ in single},
        moment(str(lease)) if lease else None,
    )


def latest(ledger: Ledger) -> dt.datetime | None:
    """The last moment that was noted; None when there is none."""
    with ledger.transaction() as books:
        [(published, changed)] = books.rows("SELECT MAX(published), MAX(changed) FROM publication")
    last = max(published or "", changed or "")
    return moment(last) if last else None


def recipients(ledger: Ledger, key: Key, *states: State) -> frozenset[str]:
    """Those of a publication with a delivery in one of these states."""
    marks = ", ".join("?" * len(states))
    with ledger.transaction() as books:
        found = books.rows(
            f"""SELECT DISTINCT recipient FROM delivery WHERE state IN ({marks}) AND publication =
                (SELECT id FROM publication WHERE issue = ? AND channel = ? AND destination = ?)""",
            *(state.value for state in states),
            *key,
        )
    return frozenset(str(who) for (who,) in found)


def missed(ledger: Ledger, key: Key) -> list[Missed]:
    """The deliveries of a publication that were tried, and did not arrive as far as anybody knows, the worst
    first."""
    with ledger.transaction() as books:
        found = books.rows(
            """SELECT recipient, part, state, reason FROM delivery
               WHERE state IN ('planned', 'failed', 'unknown', 'dropped') AND reason <> '' AND publication =
               (SELECT id FROM publication WHERE issue = ? AND channel = ? AND destination = ?)
               ORDER BY CASE state WHEN 'unknown' THEN 0 WHEN 'failed' THEN 1 WHEN 'planned' THEN 2
               ELSE 3 END, position, id""",
            *key,
        )
    return [Missed(who, part, State(state), reason) for who, part, state, reason in found]


def unknown(ledger: Ledger, key: Key) -> list[Unknown]:
    """The deliveries of a publication that are unknown."""
    with ledger.transaction() as books:
        found = books.rows(
            """SELECT recipient, part, delivery.began, reason, tried FROM delivery
               JOIN publication ON publication.id = delivery.publication
               WHERE state = 'unknown' AND issue = ? AND channel = ? AND destination = ?
               ORDER BY delivery.position, delivery.id""",
            *key,
        )
    return [Unknown(who, part, moment(began), reason, digest) for who, part, began, reason, digest in found]


def attempts(ledger: Ledger, key: Key) -> list[Attempt]:
    """All that was tried for a publication, first things first."""
    with ledger.transaction() as books:
        found = books.rows(
            """SELECT recipient, part, attempt.began, ended, outcome, evidence
               FROM attempt JOIN delivery ON delivery.id = attempt.delivery
               JOIN publication ON publication.id = delivery.publication
               WHERE issue = ? AND channel = ? AND destination = ? ORDER BY attempt.id""",
            *key,
        )
    return [
        Attempt(who, part, moment(a), moment(b), outcome, told) for who, part, a, b, outcome, told in found
    ]


def retry(ledger: Ledger, key: Key, now: dt.datetime) -> int:
    """Plan again what failed, and have what was put off be due now; how many deliveries that are."""
    with ledger.transaction() as books:
        return books.run(
            """UPDATE delivery SET state = 'planned', next_at = '', tries = 0 WHERE publication = ?
               AND (state = 'failed' OR (state = 'planned' AND next_at > ?))""",
            _hold(ledger, books, key),
            stamp(now),
        )


def resolve(
    ledger: Ledger,
    key: Key,
    verdict: Verdict,
    now: dt.datetime,
    *,
    part: str = "",
    recipient: str = "",
    remote_id: str = "",
) -> int:
    """Enter what a person found out about deliveries that are unknown; how many there were.

    `part` and `recipient` choose some of them. `remote_id` names the message, so that it can be changed
    later. Raises ConfigError when that is one name for several.
    """
    with ledger.transaction() as books:
        number = _hold(ledger, books, key)
        found = books.rows(
            """SELECT id, fence, tried FROM delivery WHERE publication = ? AND state = 'unknown'
               AND ? IN ('', part) AND ? IN ('', recipient) ORDER BY position, id""",
            *(number, part, recipient),
        )
        if remote_id and len(found) > 1:
            raise ConfigError(f"{remote_id} cannot be the name of {len(found)} messages", "say of which")
        for delivery, fence, tried in found:
            _decide(books, delivery, verdict, remote_id)
            attempt = (delivery, fence, stamp(now), tried)
            attempted(books, attempt, now, verdict.value, "a person's decision")
        conclude(books, number, now)
        return len(found)


def _decide(books: Transaction, delivery: int, verdict: Verdict, remote_id: str) -> None:
    match verdict:
        case Verdict.SENT:
            sql = "UPDATE delivery SET state = 'sent', live = tried, reason = '', remote_id = ? WHERE id = ?"
            books.run(sql, remote_id, delivery)
        case Verdict.RESEND:
            sql = "UPDATE delivery SET state = 'planned', reason = '', next_at = '', tries = 0 WHERE id = ?"
            books.run(sql, delivery)
        case Verdict.DROP:
            books.run("UPDATE delivery SET state = 'dropped' WHERE id = ?", delivery)


def _hold(ledger: Ledger, books: Transaction, key: Key) -> int:
    """The number of a publication, which nobody else changes until the transaction ends; 0 when there is
    none."""
    found = books.rows(
        f"""SELECT id FROM publication WHERE issue = ? AND channel = ? AND destination = ?
            {ledger.words["lock"]}""",
        *key,
    )
    return int(found[0][0]) if found else 0


def set_address(ledger: Ledger, key: Key, url: str, now: dt.datetime) -> None:
    """Note where readers find what was published, told by a person."""
    with ledger.transaction() as books:
        books.run(
            """INSERT INTO publication (issue, channel, destination, done, url, published, changed)
               VALUES (?, ?, ?, 1, ?, ?, ?) ON CONFLICT (issue, channel, destination)
               DO UPDATE SET url = excluded.url""",
            *(*key, url, stamp(now), stamp(now)),
        )


def addresses(ledger: Ledger, channel: str) -> dict[str, str]:
    """Where readers find the issues that a channel published, by their ids."""
    with ledger.transaction() as books:
        found = books.rows("SELECT issue, url FROM publication WHERE channel = ? AND url <> ''", channel)
    return {str(issue): str(url) for issue, url in found}


def load_original_rendering(ledger: Ledger, status: Standing) -> Rendering:
    """What a publication was begun with. Raises StorageError."""
    return Rendering(tuple(ledger.part(digest, key) for key, digest in status.parts.items()))
