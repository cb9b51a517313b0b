"""What is known of issues that did not reach a subscriber: SQL for one newsletter in a transaction.

There is at most one row for each subscriber, issue and source, with what was reported last. What follows from it is
decided in `publisher.bounces`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from publisher.errors import RefusalKind
from publisher.ledger.database import Row, Transaction
from publisher.ledger.models import DeliveryState, Lease, Result, format_utc
from publisher.ledger.shards import count_again, count_deliveries
from publisher.named_tuple import NamedTuple
from publisher.reply_text import remove_addresses

REPLY = "reply"
"""The source of what a mail server replied while an issue was sent."""

_ABOUT_RECIPIENT = tuple(kind.value for kind in RefusalKind if kind.is_about_recipient)

_MAX_EVIDENCE_LENGTH = 300  # characters


class BounceRow(NamedTuple):
    """A row, as texts; `is_final` is 1 if a server said for good that it does not accept any email."""

    issue: str
    source: str
    kind: str
    is_final: int
    evidence: str
    at: str


def insert_bounce(tx: Transaction, newsletter: str, key: str, row: BounceRow) -> None:
    """Record a bounce of a subscriber; it replaces what the same source said about the same issue."""
    tx.execute(
        """INSERT INTO bounce (newsletter, key, issue, source, kind, is_final, evidence, at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (newsletter, key, issue, source)
           DO UPDATE SET kind = excluded.kind, is_final = excluded.is_final, evidence = excluded.evidence,
           at = excluded.at""",
        *(newsletter, key, *row),
    )


def select_bounces(tx: Transaction, newsletter: str, key: str) -> list[BounceRow]:
    """Return the bounces of a subscriber, oldest first."""
    rows = tx.fetch_all(
        """SELECT issue, source, kind, is_final, evidence, at FROM bounce
           WHERE newsletter = ? AND key = ? ORDER BY at, issue, source""",
        *(newsletter, key),
    )
    return [BounceRow(*row) for row in rows]


def select_attempted_issues(tx: Transaction, newsletter: str, key: str, since: str = "") -> list[Row]:
    """Return the issues that were sent to a subscriber since a time, or tried to be, and when: the latest last."""
    prefix = f"{newsletter}/"
    # each publication is looked up in the index of its deliveries by recipient
    return tx.fetch_all(
        """SELECT issue, MIN(CASE WHEN first_started_at <> '' THEN first_started_at ELSE started_at END)
           FROM publication JOIN delivery ON delivery.publication = publication.id AND recipient = ?
           WHERE SUBSTR(issue, 1, ?) = ? AND started_at >= ? AND started_at <> '' GROUP BY issue ORDER BY 2""",
        *(key, len(prefix), prefix, since),
    )


def find_repeated_bounces(tx: Transaction, newsletter: str, at_least: int, since: str) -> list[str]:
    """Return the subscribers (their keys) who get issues, for whom so many bounces are recorded, one since a time."""
    rows = tx.fetch_all(
        """SELECT key FROM bounce JOIN subscriber USING (newsletter, key)
           WHERE newsletter = ? AND state IN ('confirmed', 'paused') AND at >= since
           GROUP BY key HAVING COUNT(*) >= ? AND MAX(at) >= ? ORDER BY key""",
        *(newsletter, at_least, since),
    )
    return [key for (key,) in rows]


def delete_old_bounces(tx: Transaction, newsletter: str, before: str, requests_before: str) -> None:
    """Delete the bounces before a time, and the ids of webhooks before another one."""
    tx.execute("DELETE FROM bounce WHERE newsletter = ? AND at < ?", newsletter, before)
    tx.execute("DELETE FROM webhook_request WHERE newsletter = ? AND at < ?", newsletter, requests_before)


# ------------------------------------------------------------------- refusals


def record_refusals(tx: Transaction, lease: Lease, results: Sequence[Result]) -> None:
    """Record the refusals that say something about a subscriber, and forget them when a retry arrives.

    What was refused for good in the end, for another reason, replaces what was said before. Recipients who are no
    subscribers are left out.
    """
    refused = [one for one in results if one.attempted and one.refusal and _is_recorded(one, one.refusal)]
    arrived = [one for one in results if one.state is DeliveryState.SENT and one.delivery.tries > 1]
    if not (refused or arrived):
        return
    [(issue,)] = tx.fetch_all("SELECT issue FROM publication WHERE id = ?", lease.publication_id)
    newsletters = _list_newsletters(issue)
    marks = ", ".join("?" * len(newsletters))
    for result in refused:
        key = result.delivery.recipient
        found = tx.fetch_all(
            f"SELECT newsletter FROM subscriber WHERE newsletter IN ({marks}) AND key = ?", *newsletters, key
        )
        for (newsletter,) in found:
            insert_bounce(tx, newsletter, key, _build_refusal(issue, result))
    for result in arrived:
        tx.execute(
            f"DELETE FROM bounce WHERE newsletter IN ({marks}) AND key = ? AND issue = ? AND source = '{REPLY}'",
            *(*newsletters, result.delivery.recipient, issue),
        )


def _is_recorded(result: Result, refusal: RefusalKind) -> bool:
    return refusal.is_about_recipient or (result.state is DeliveryState.FAILED and result.delivery.tries > 1)


def drop_refused(tx: Transaction, lease: Lease) -> int:
    """Drop the failed deliveries under a lease whose servers refused the mailbox, unless more were refused than have
    arrived: then the fault may be the sender's. Return how many there are.

    The editor need not do anything about them: a subscriber who is refused again and again is taken off the list.
    """
    [(issue,)] = tx.fetch_all("SELECT issue FROM publication WHERE id = ?", lease.publication_id)
    newsletters = _list_newsletters(issue)
    marks = ", ".join("?" * len(newsletters))
    refused = tx.fetch_all(
        f"""SELECT id, shard FROM delivery JOIN bounce ON key = recipient AND issue = ? AND source = '{REPLY}'
            AND newsletter IN ({marks}) AND kind IN ({", ".join("?" * len(_ABOUT_RECIPIENT))})
            WHERE unsent_state = 'failed' AND remote_id = ''
            AND shard IN (SELECT id FROM shard WHERE publication = ? AND ? IN (0, id) AND failed > 0)""",
        *(issue, *newsletters, *_ABOUT_RECIPIENT, lease.publication_id, lease.shard),
    )
    if count_deliveries(tx, lease.publication_id, lease.shard).sent < len(refused):
        return 0
    shards = sorted({shard for _, shard in refused})
    tx.lock_rows("shard", shards)
    tx.execute_many(
        "UPDATE delivery SET state = 'dropped', next_at = '' WHERE id = ? AND unsent_state = 'failed'",
        [(delivery,) for delivery, _ in refused],
    )
    count_again(tx, shards)
    return len(refused)


def _build_refusal(issue: str, result: Result) -> BounceRow:
    kind = result.refusal.value if result.refusal else ""
    evidence = remove_addresses(result.reason)[:_MAX_EVIDENCE_LENGTH]
    return BounceRow(issue, REPLY, kind, int(result.is_permanent), evidence, format_utc(result.ended_at))


def _list_newsletters(issue: str) -> list[str]:
    """Return the ids that the newsletter of an issue can have: what is before each slash of its own id."""
    parts = issue.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))] or [issue]


# ------------------------------------------------------------------- webhooks


def is_known_webhook(tx: Transaction, newsletter: str, request: str) -> bool:
    """Return whether a webhook with this id was accepted before."""
    return bool(tx.fetch_all("SELECT 1 FROM webhook_request WHERE newsletter = ? AND id = ?", newsletter, request))


def record_webhook_request(tx: Transaction, newsletter: str, request: str, at: dt.datetime) -> None:
    """Record the id of a webhook, so that it has no effect again."""
    tx.execute(
        "INSERT INTO webhook_request (newsletter, id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        *(newsletter, request, format_utc(at)),
    )
