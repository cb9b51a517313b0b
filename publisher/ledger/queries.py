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
from publisher.ledger.models import (
    DeliveryCounts,
    DeliveryState,
    PublicationKey,
    PublicationStatus,
    format_utc,
    parse_utc,
)
from publisher.ledger.process_id import format_owner, is_process_gone
from publisher.ledger.transitions import record_attempt, update_done

_PUBLICATION_COLUMNS = (
    "id, issue, channel, destination, done, digest, owner, published_at, changed_at, url, leased_until"
)


class ResolutionChoice(Enum):
    """What a person found out about deliveries nobody knew about."""

    SENT = "sent"
    RESEND = "resend"
    DROP = "drop"


class Attempt(NamedTuple):
    """One try at a delivery, as it was noted at the time."""

    recipient: str
    part: str
    started_at: dt.datetime
    ended_at: dt.datetime
    outcome: str
    evidence: str


class FailedDelivery(NamedTuple):
    """A delivery that did not arrive, or nobody knows, and why; a dropped one was given up, a planned one is
    to be tried again."""

    recipient: str
    part: str
    state: DeliveryState
    reason: str


class UnknownDelivery(NamedTuple):
    """A delivery nobody knows about: when it began, why it is not known, and the digest of what was sent."""

    recipient: str
    part: str
    started_at: dt.datetime
    reason: str
    digest: str


def find_status(ledger: Ledger, key: PublicationKey) -> PublicationStatus | None:
    """How a publication stands; None when there is none."""
    with ledger.transaction() as tx:
        found = tx.fetch_all(
            f"""SELECT {_PUBLICATION_COLUMNS} FROM publication
                WHERE issue = ? AND channel = ? AND destination = ?""",
            *key,
        )
        return _build_status(tx, found[0]) if found else None


def find_statuses(ledger: Ledger, issues: Sequence[str]) -> list[PublicationStatus]:
    """How all publications of these issues stand, in the order of the issues."""
    with ledger.transaction() as tx:
        return [
            _build_status(tx, row)
            for issue in issues
            for row in tx.fetch_all(
                f"""SELECT {_PUBLICATION_COLUMNS} FROM publication
                    WHERE issue = ? ORDER BY channel, destination""",
                issue,
            )
        ]


def find_issues_in_state(ledger: Ledger, newsletter: str, *states: DeliveryState) -> list[str]:
    """The issues of a newsletter, by its id, with deliveries in one of these states; the newsletter itself
    for what is of no issue."""
    marks, prefix = ", ".join("?" * len(states)), f"{newsletter}/"
    with ledger.transaction() as tx:
        return [
            issue
            for (issue,) in tx.fetch_all(
                f"""SELECT DISTINCT issue FROM publication WHERE (issue = ? OR SUBSTR(issue, 1, ?) = ?)
                    AND EXISTS (SELECT 1 FROM delivery
                    WHERE delivery.publication = publication.id AND state IN ({marks})) ORDER BY issue""",
                *(newsletter, len(prefix), prefix, *(state.value for state in states)),
            )
        ]


def _build_status(tx: Transaction, row: tuple[object, ...]) -> PublicationStatus:
    number, issue, channel, destination, done, digest, owner, published, changed, url, lease = row
    counted: dict[str, int] = dict(
        tx.fetch_all("SELECT state, COUNT(*) FROM delivery WHERE publication = ? GROUP BY state", number)
    )
    [(next_at,)] = tx.fetch_all(
        "SELECT MIN(next_at) FROM delivery WHERE publication = ? AND state = 'planned' AND next_at <> ''",
        number,
    )
    reasons = tx.fetch_all(
        """SELECT reason FROM delivery
           WHERE publication = ? AND reason <> '' AND state <> 'dropped' GROUP BY reason
           ORDER BY MIN(CASE state WHEN 'unknown' THEN 0 WHEN 'failed' THEN 1 ELSE 2 END), COUNT(*) DESC,
           reason LIMIT 3""",
        number,
    )
    parts = tx.fetch_all("SELECT part, digest FROM part WHERE publication = ? ORDER BY position", number)
    single = (
        tx.fetch_all(
            "SELECT part, state, attempted_digest, delivered_digest FROM delivery WHERE publication = ?",
            number,
        )
        if sum(counted.values()) <= 2 * len(parts) + 20
        else []
    )
    if len({part for part, *_ in single}) < len(single):  # several recipients
        single = []
    return PublicationStatus(
        int(str(number)),
        PublicationKey(str(issue), str(channel), str(destination)),
        bool(done),
        str(digest),
        DeliveryCounts(**counted),
        "" if is_process_gone(str(owner)) else format_owner(str(owner)),
        parse_utc(str(published)) if published else None,
        parse_utc(str(changed)) if changed else None,
        str(url),
        parse_utc(next_at) if next_at else None,
        tuple(reason for (reason,) in reasons),
        dict(parts),
        {part: live for part, _, _, live in single if live},
        {part: (DeliveryState(state), tried) for part, state, tried, _ in single},
        parse_utc(str(lease)) if lease else None,
    )


def find_last_change(ledger: Ledger) -> dt.datetime | None:
    """The last moment that was noted; None when there is none."""
    with ledger.transaction() as tx:
        [(published, changed)] = tx.fetch_all("SELECT MAX(published_at), MAX(changed_at) FROM publication")
    last = max(published or "", changed or "")
    return parse_utc(last) if last else None


def find_recipients(ledger: Ledger, key: PublicationKey, *states: DeliveryState) -> frozenset[str]:
    """Those of a publication with a delivery in one of these states."""
    marks = ", ".join("?" * len(states))
    with ledger.transaction() as tx:
        found = tx.fetch_all(
            f"""SELECT DISTINCT recipient FROM delivery WHERE state IN ({marks}) AND publication =
                (SELECT id FROM publication WHERE issue = ? AND channel = ? AND destination = ?)""",
            *(state.value for state in states),
            *key,
        )
    return frozenset(str(who) for (who,) in found)


def find_failed_deliveries(ledger: Ledger, key: PublicationKey) -> list[FailedDelivery]:
    """The deliveries of a publication that were tried, and did not arrive as far as anybody knows, the worst
    first."""
    with ledger.transaction() as tx:
        found = tx.fetch_all(
            """SELECT recipient, part, state, reason FROM delivery
               WHERE state IN ('planned', 'failed', 'unknown', 'dropped') AND reason <> '' AND publication =
               (SELECT id FROM publication WHERE issue = ? AND channel = ? AND destination = ?)
               ORDER BY CASE state WHEN 'unknown' THEN 0 WHEN 'failed' THEN 1 WHEN 'planned' THEN 2
               ELSE 3 END, position, id""",
            *key,
        )
    return [FailedDelivery(who, part, DeliveryState(state), reason) for who, part, state, reason in found]


def find_unknown_deliveries(ledger: Ledger, key: PublicationKey) -> list[UnknownDelivery]:
    """The deliveries of a publication that are unknown."""
    with ledger.transaction() as tx:
        found = tx.fetch_all(
            """SELECT recipient, part, delivery.started_at, reason, attempted_digest FROM delivery
               JOIN publication ON publication.id = delivery.publication
               WHERE state = 'unknown' AND issue = ? AND channel = ? AND destination = ?
               ORDER BY delivery.position, delivery.id""",
            *key,
        )
    return [
        UnknownDelivery(who, part, parse_utc(began), reason, digest)
        for who, part, began, reason, digest in found
    ]


def load_attempts(ledger: Ledger, key: PublicationKey) -> list[Attempt]:
    """All that was tried for a publication, first things first."""
    with ledger.transaction() as tx:
        found = tx.fetch_all(
            """SELECT recipient, part, attempt.started_at, ended_at, outcome, evidence
               FROM attempt JOIN delivery ON delivery.id = attempt.delivery
               JOIN publication ON publication.id = delivery.publication
               WHERE issue = ? AND channel = ? AND destination = ? ORDER BY attempt.id""",
            *key,
        )
    return [
        Attempt(who, part, parse_utc(a), parse_utc(b), outcome, told)
        for who, part, a, b, outcome, told in found
    ]


def retry_deliveries(ledger: Ledger, key: PublicationKey, now: dt.datetime) -> int:
    """Plan again what failed, and have what was put off be due now; how many deliveries that are."""
    with ledger.transaction() as tx:
        return tx.execute(
            """UPDATE delivery SET state = 'planned', next_at = '', tries = 0 WHERE publication = ?
               AND (state = 'failed' OR (state = 'planned' AND next_at > ?))""",
            _lock_publication(ledger, tx, key),
            format_utc(now),
        )


def resolve_deliveries(
    ledger: Ledger,
    key: PublicationKey,
    choice: ResolutionChoice,
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
    with ledger.transaction() as tx:
        number = _lock_publication(ledger, tx, key)
        found = tx.fetch_all(
            """SELECT id, fence, attempted_digest FROM delivery WHERE publication = ? AND state = 'unknown'
               AND ? IN ('', part) AND ? IN ('', recipient) ORDER BY position, id""",
            *(number, part, recipient),
        )
        if remote_id and len(found) > 1:
            raise ConfigError(f"{remote_id} cannot be the name of {len(found)} messages", "say of which")
        for delivery, fence, tried in found:
            _apply_choice(tx, delivery, choice, remote_id)
            attempt = (delivery, fence, format_utc(now), tried)
            record_attempt(tx, attempt, now, choice.value, "a person's decision")
        update_done(tx, number, now)
        return len(found)


def _apply_choice(tx: Transaction, delivery: int, choice: ResolutionChoice, remote_id: str) -> None:
    match choice:
        case ResolutionChoice.SENT:
            sql = """UPDATE delivery SET state = 'sent', delivered_digest = attempted_digest,
                     reason = '', remote_id = ? WHERE id = ?"""
            tx.execute(sql, remote_id, delivery)
        case ResolutionChoice.RESEND:
            sql = "UPDATE delivery SET state = 'planned', reason = '', next_at = '', tries = 0 WHERE id = ?"
            tx.execute(sql, delivery)
        case ResolutionChoice.DROP:
            tx.execute("UPDATE delivery SET state = 'dropped' WHERE id = ?", delivery)


def _lock_publication(ledger: Ledger, tx: Transaction, key: PublicationKey) -> int:
    """The number of a publication, which nobody else changes until the transaction ends; 0 when there is
    none."""
    found = tx.fetch_all(
        f"""SELECT id FROM publication WHERE issue = ? AND channel = ? AND destination = ?
            {ledger.dialect["lock"]}""",
        *key,
    )
    return int(found[0][0]) if found else 0


def set_article_url(ledger: Ledger, key: PublicationKey, url: str, now: dt.datetime) -> None:
    """Note where readers find what was published, told by a person."""
    with ledger.transaction() as tx:
        tx.execute(
            """INSERT INTO publication (issue, channel, destination, done, url, published_at, changed_at)
               VALUES (?, ?, ?, 1, ?, ?, ?) ON CONFLICT (issue, channel, destination)
               DO UPDATE SET url = excluded.url""",
            *(*key, url, format_utc(now), format_utc(now)),
        )


def find_article_urls(ledger: Ledger, channel: str) -> dict[str, str]:
    """Where readers find the issues that a channel published, by their ids."""
    with ledger.transaction() as tx:
        found = tx.fetch_all("SELECT issue, url FROM publication WHERE channel = ? AND url <> ''", channel)
    return {str(issue): str(url) for issue, url in found}


def load_original_rendering(ledger: Ledger, status: PublicationStatus) -> Rendering:
    """What a publication was begun with. Raises StorageError."""
    return Rendering(tuple(ledger.load_part(digest, key) for key, digest in status.part_digests.items()))
