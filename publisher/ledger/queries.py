"""Questions that people ask the ledger, and their decisions: status, retry, resolve."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from enum import Enum

from publisher.channel import Rendering
from publisher.errors import ConfigError
from publisher.ledger.closed_lanes import open_lanes
from publisher.ledger.database import Row, Transaction
from publisher.ledger.leases import find_holder
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import DeliveryState, PublicationKey, PublicationStatus, format_utc, parse_utc
from publisher.ledger.process_id import format_owner, is_process_gone
from publisher.ledger.queues import find_first_due
from publisher.ledger.shards import change_deliveries, count_again, count_deliveries
from publisher.ledger.transitions import ATTEMPTED_DIGEST, DELIVERED_DIGEST, record_attempts, resolve_key, update_done
from publisher.named_tuple import NamedTuple

_PUBLICATION_COLUMNS = (
    "id, issue, channel, destination, done, digest, owner, published_at, changed_at, url, leased_until, planning"
)

_HAS_KEY = "publication = (SELECT id FROM publication WHERE issue = ? AND channel = ? AND destination = ?)"
"""Selects the deliveries of a publication."""


def _build_state_condition(states: Collection[DeliveryState]) -> str:
    """Return what selects the deliveries of a publication in one of these states: SQL that needs its key.

    By shards and an index, if neither sent nor sending is one: then few are looked at.
    """
    names = ", ".join(f"'{state.value}'" for state in states)
    if {DeliveryState.SENDING, DeliveryState.SENT}.intersection(states):
        return f"{_HAS_KEY} AND state IN ({names})"
    counts = " + ".join(map(_count_in_shard, states))
    return f"shard IN (SELECT id FROM shard WHERE {_HAS_KEY} AND {counts} > 0) AND unsent_state IN ({names})"


class ResolutionChoice(Enum):
    """A person's decision about deliveries with an unknown outcome."""

    SENT = "sent"
    RESEND = "resend"
    DROP = "drop"


class FailedDelivery(NamedTuple):
    """A delivery that did not arrive, or may not have: why, when it started, and the digest of what was sent.

    `dropped`: given up; `planned`: to be retried.
    """

    recipient: str
    part: str
    state: DeliveryState
    reason: str
    started_at: dt.datetime
    digest: str


def find_status(ledger: Ledger, key: PublicationKey) -> PublicationStatus | None:
    """Return the status of a publication, None if it is not in the ledger."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            f"""SELECT {_PUBLICATION_COLUMNS} FROM publication
                WHERE issue = ? AND channel = ? AND destination = ?""",
            *resolve_key(tx, key),
        )
        return _build_status(tx, rows[0]) if rows else None


def find_statuses(ledger: Ledger, issues: Sequence[str]) -> list[PublicationStatus]:
    """Return the status of all publications of these issues, in the order of the issues."""
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
    """Return the issues of a newsletter (by its id) with deliveries in one of these states.

    Deliveries that belong to no issue count for the id of the newsletter itself.
    """
    prefix, counts = f"{newsletter}/", " + ".join(map(_count_in_shard, states))
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            f"""SELECT DISTINCT issue FROM publication WHERE (issue = ? OR SUBSTR(issue, 1, ?) = ?)
                AND EXISTS (SELECT 1 FROM shard WHERE shard.publication = publication.id AND {counts} > 0)
                ORDER BY issue""",
            *(newsletter, len(prefix), prefix),
        )
    return [issue for (issue,) in rows]


def _count_in_shard(state: DeliveryState) -> str:
    """Return how many deliveries of a shard are in a state: SQL."""
    if state is DeliveryState.SENT:
        return "deliveries - planned - sending - failed - unknown - dropped - unlisted"
    return str(state.value)


def _build_status(tx: Transaction, row: Row) -> PublicationStatus:
    publication_id, issue, channel, destination, done, digest, owner, published, changed, url, expiry, planning = row
    counts = count_deliveries(tx, publication_id)
    if not owner:
        owner, expiry = find_holder(tx, publication_id)
    next_at = find_first_due(tx, publication_id, "")
    reasons = tx.fetch_all(
        """SELECT reason FROM delivery
           WHERE publication = ? AND reason <> '' AND unsent_state <> 'dropped' GROUP BY reason
           ORDER BY MIN(CASE state WHEN 'unknown' THEN 0 WHEN 'failed' THEN 1 ELSE 2 END), COUNT(*) DESC,
           reason LIMIT 3""",
        publication_id,
    )
    parts = tx.fetch_all(
        "SELECT part, digest, media_type FROM part JOIN content USING (digest) WHERE publication = ? ORDER BY position",
        publication_id,
    )
    deliveries = (
        tx.fetch_all(
            f"SELECT part, state, {ATTEMPTED_DIGEST}, {DELIVERED_DIGEST} FROM delivery WHERE publication = ?",
            publication_id,
        )
        if counts.total <= 2 * len(parts) + 20
        else []
    )
    if len({part for part, *_ in deliveries}) < len(deliveries):  # several recipients
        deliveries = []
    return PublicationStatus(
        publication_id,
        PublicationKey(str(issue), str(channel), str(destination)),
        bool(done),
        str(digest),
        counts,
        "" if is_process_gone(str(owner)) else format_owner(str(owner)),
        parse_utc(str(published)) if published else None,
        parse_utc(str(changed)) if changed else None,
        str(url),
        parse_utc(next_at) if next_at else None,
        tuple(reason for (reason,) in reasons),
        {part: digest for part, digest, _ in parts},
        {part: delivered for part, _, _, delivered in deliveries if delivered},
        {part: (DeliveryState(state), attempted) for part, state, attempted, _ in deliveries},
        parse_utc(str(expiry)) if expiry else None,
        {part: media_type for part, _, media_type in parts},
        bool(planning),
    )


_IS_PUBLISHED_OR_SENT = """(published_at <> '' OR EXISTS (SELECT 1 FROM shard WHERE shard.publication = publication.id
    AND deliveries - planned - failed - dropped - unlisted > 0))"""
"""The condition for a publication that was complete at least once, or of which a part reached somebody or may have."""


def is_published_or_sent(ledger: Ledger, key: PublicationKey) -> bool:
    """Return whether a publication was complete at least once, or a part of it reached somebody or may have."""
    with ledger.transaction() as tx:
        condition = f"issue = ? AND channel = ? AND destination = ? AND {_IS_PUBLISHED_OR_SENT}"
        return bool(tx.fetch_all(f"SELECT 1 FROM publication WHERE {condition}", *key))


def find_published_or_sent(ledger: Ledger, prefix: str, channel: str) -> list[PublicationKey]:
    """Return the publications on a channel for which `is_published_or_sent` is true: of issues whose id begins with
    `prefix`, without notices."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            f"""SELECT issue, channel, destination FROM publication WHERE SUBSTR(issue, 1, ?) = ? AND channel = ?
               AND {_IS_PUBLISHED_OR_SENT} ORDER BY id""",
            *(len(prefix), prefix, channel),
        )
    return [key for row in rows if not (key := PublicationKey(*row)).notice_of]


def find_last_change(ledger: Ledger) -> dt.datetime | None:
    """Return when a publication was last published or changed, None if none was."""
    with ledger.transaction() as tx:
        [(published, changed)] = tx.fetch_all("SELECT MAX(published_at), MAX(changed_at) FROM publication")
    last = max(published or "", changed or "")
    return parse_utc(last) if last else None


def find_recipients(ledger: Ledger, key: PublicationKey, *states: DeliveryState) -> frozenset[str]:
    """Return the recipients of a publication with a delivery in one of these states."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            f"SELECT DISTINCT recipient FROM delivery WHERE {_build_state_condition(states)}", *resolve_key(tx, key)
        )
    return frozenset(str(recipient) for (recipient,) in rows)


def find_failed_deliveries(ledger: Ledger, key: PublicationKey) -> list[FailedDelivery]:
    """Return the deliveries of a publication that were attempted and are not known to have arrived.

    The most serious come first: unknown, failed, planned again, dropped.
    """
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            f"""SELECT recipient, part, state, reason, started_at, {ATTEMPTED_DIGEST} FROM delivery
                WHERE ({_build_state_condition([DeliveryState.UNKNOWN])})
                OR ({_HAS_KEY} AND reason <> '' AND unsent_state IN ('planned', 'failed', 'dropped'))
                ORDER BY CASE state WHEN 'unknown' THEN 0 WHEN 'failed' THEN 1 WHEN 'planned' THEN 2
                ELSE 3 END, position, id""",
            *(*resolve_key(tx, key), *resolve_key(tx, key)),
        )
    return [
        FailedDelivery(recipient, part, DeliveryState(state), reason, parse_utc(started_at), digest)
        for recipient, part, state, reason, started_at, digest in rows
    ]


def retry_deliveries(ledger: Ledger, key: PublicationKey, now: dt.datetime) -> int:
    """Plan failed deliveries again, make postponed ones due now, and open the closed lanes of the channel.

    Return how many deliveries that are.
    """
    with ledger.transaction() as tx:
        publication_id = _lock_publication(ledger, tx, key)
        open_lanes(tx, publication_id)
        return change_deliveries(
            tx,
            *("state = 'planned', next_at = '', tries = 0", ()),
            """(publication = ? AND unsent_state = 'planned' AND next_at > ? AND next_at <> '')
               OR (unsent_state = 'failed' AND shard IN (SELECT id FROM shard WHERE publication = ? AND failed > 0))""",
            (publication_id, format_utc(now), publication_id),
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
    """Record a person's decision about deliveries with an unknown outcome. Return how many there were.

    `part` and `recipient` limit it to some of them. `remote_id` is the platform's id of the message, needed
    to edit it later. Raises ConfigError when one such id is given for several messages.
    """
    with ledger.transaction() as tx:
        publication_id = _lock_publication(ledger, tx, key)
        rows = tx.fetch_all(
            f"""SELECT id, shard, fence, {ATTEMPTED_DIGEST} FROM delivery WHERE unsent_state = 'unknown'
                AND shard IN (SELECT id FROM shard WHERE publication = ? AND unknown > 0)
                AND ? IN ('', part) AND ? IN ('', recipient) ORDER BY position, id""",
            *(publication_id, part, recipient),
        )
        if remote_id and len(rows) > 1:
            raise ConfigError(
                f"{remote_id} is the ID of one message, and {len(rows)} are unknown", "choose one of them"
            )
        shards = sorted({shard for _, shard, _, _ in rows})
        tx.lock_rows("shard", shards)
        for delivery, *_ in rows:
            _apply_choice(tx, delivery, choice, remote_id)
        count_again(tx, shards)
        times, outcome = (format_utc(now), format_utc(now)), choice.value
        record_attempts(
            tx,
            [(delivery, fence, *times, digest, outcome, "a person's decision") for delivery, _, fence, digest in rows],
        )
        update_done(tx, publication_id, now)
        return len(rows)


def _apply_choice(tx: Transaction, delivery: int, choice: ResolutionChoice, remote_id: str) -> None:
    match choice:
        case ResolutionChoice.SENT:
            sql = """UPDATE delivery SET state = 'sent', delivered_content = attempted_content,
                     reason = '', remote_id = ? WHERE id = ?"""
            tx.execute(sql, remote_id, delivery)
        case ResolutionChoice.RESEND:
            sql = "UPDATE delivery SET state = 'planned', reason = '', next_at = '', tries = 0 WHERE id = ?"
            tx.execute(sql, delivery)
        case ResolutionChoice.DROP:
            tx.execute("UPDATE delivery SET state = 'dropped' WHERE id = ?", delivery)


def _lock_publication(ledger: Ledger, tx: Transaction, key: PublicationKey) -> int:
    """Lock the row of a publication until the transaction ends. Return its id, 0 if there is none."""
    rows = tx.fetch_all(
        f"""SELECT id FROM publication WHERE issue = ? AND channel = ? AND destination = ?
            {ledger.dialect["lock"]}""",
        *resolve_key(tx, key),
    )
    return int(rows[0][0]) if rows else 0


def set_article_url(ledger: Ledger, key: PublicationKey, url: str, now: dt.datetime) -> None:
    """Record the public URL of an article, given by a person."""
    with ledger.transaction() as tx:
        tx.execute(
            """INSERT INTO publication (issue, channel, destination, done, url, published_at, changed_at)
               VALUES (?, ?, ?, 1, ?, ?, ?) ON CONFLICT (issue, channel, destination)
               DO UPDATE SET url = excluded.url""",
            *(*resolve_key(tx, key), url, format_utc(now), format_utc(now)),
        )


def find_article_urls(ledger: Ledger, channel: str) -> dict[str, str]:
    """Return the public URLs of the issues that a channel published, by issue id."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all("SELECT issue, url FROM publication WHERE channel = ? AND url <> ''", channel)
    return {str(issue): str(url) for issue, url in rows}


def load_original_rendering(ledger: Ledger, status: PublicationStatus) -> Rendering:
    """Return the rendering that a publication was planned with. Raises StorageError."""
    return Rendering(tuple(ledger.load_part(digest, key) for key, digest in status.part_digests.items()))
