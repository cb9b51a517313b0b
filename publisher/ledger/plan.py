"""Plans deliveries: which part goes to which recipient, and which messages are edited or deleted."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable, Sequence

from publisher.channel import Part
from publisher.ledger.database import Transaction
from publisher.ledger.models import FewerRecipientsError, PublicationKey
from publisher.ledger.shards import change_deliveries
from publisher.ledger.subscriber_recipients import ListedCounts
from publisher.ledger.transitions import ATTEMPTED_DIGEST

_MAX_MISSING = 5
_MAX_MISSING_PERCENT = 10
"""A list is stopped when it lacks more than this number of its recipients, and more than this part of them."""

_PART_JOIN = "part.publication = delivery.publication AND part.part = delivery.part"
_PLANNED_CONTENT = f"COALESCE((SELECT content.id FROM part JOIN content USING (digest) WHERE {_PART_JOIN}), 0)"
_IS_PART = f"EXISTS (SELECT 1 FROM part WHERE {_PART_JOIN})"


def compute_parts_digest(parts: Iterable[Part]) -> str:
    """Return a SHA-256 (hex) over the keys and bodies of parts."""
    return hashlib.sha256("\n".join(f"{part.key} {part.digest}" for part in parts).encode()).hexdigest()


def replace_content(tx: Transaction, publication: int, parts: Sequence[Part], at: str) -> None:
    """Make these parts the content of the publication, and plan edits and deletions of what was sent with
    other content."""
    positions = {part.key: position for position, part in enumerate(parts)}
    old_positions: dict[str, int] = dict(
        tx.fetch_all("SELECT part, position FROM part WHERE publication = ?", publication)
    )
    tx.execute_many(
        """INSERT INTO content (digest, media_type, body) VALUES (?, ?, ?) ON CONFLICT (digest)
           DO UPDATE SET media_type = excluded.media_type WHERE content.media_type <> excluded.media_type""",
        [(part.digest, part.media_type, part.body) for part in parts],
    )
    tx.execute("DELETE FROM part WHERE publication = ?", publication)
    tx.execute_many(
        "INSERT INTO part (publication, part, position, digest) VALUES (?, ?, ?, ?)",
        [(publication, part.key, positions[part.key], part.digest) for part in parts],
    )
    if old_positions and old_positions != positions:
        position = f"(SELECT part.position FROM part WHERE {_PART_JOIN})"
        tx.execute(
            f"UPDATE delivery SET position = {position} WHERE publication = ? AND position <> {position}", publication
        )
    is_outdated = f"state = 'sent' AND remote_id <> '' AND {_PLANNED_CONTENT} <> delivered_content"
    tx.execute(
        f"""INSERT INTO attempt (delivery, fence, started_at, ended_at, digest, outcome, evidence)
            SELECT id, fence, started_at, ended_at, {ATTEMPTED_DIGEST}, 'sent', remote_id FROM delivery
            WHERE publication = ? AND ended_at <> '' AND {is_outdated} ORDER BY id""",
        publication,
    )
    change_deliveries(
        tx,
        *("state = 'planned', reason = '', next_at = '', tries = 0, ended_at = ''", ()),
        f"""publication = ? AND (({is_outdated}) OR (state = 'failed' AND {_PLANNED_CONTENT} <> attempted_content))""",
        (publication,),
    )
    digest = compute_parts_digest(parts)
    tx.execute(
        "UPDATE publication SET digest = ?, changed_at = ? WHERE id = ? AND digest <> ?",
        digest,
        at,
        publication,
        digest,
    )


def adjust_planned(
    tx: Transaction, publication: int, shards: Sequence[int], is_listed: str, values: Sequence[object]
) -> None:
    """Adjust the deliveries of these shards to the parts of the publication and to its list, which has those for which
    `is_listed` holds.

    Only those never sent are dropped or unlisted while their part or recipient is removed, and planned again when it
    comes back.
    """
    # without the publication, by which a database would look at all its deliveries
    within = f"shard IN ({', '.join('?' * len(shards))})"
    drop_removed_parts(tx, shards)
    _end_planned(tx, "unlisted", f"{within} AND NOT {is_listed}", (*shards, *values))
    # those with a reason stay dropped: a person gave them up, or the recipient wants no more
    change_deliveries(
        tx,
        *("state = 'planned', tries = 0", ()),
        f"""{within} AND unsent_state IN ('unlisted', 'dropped')
            AND (unsent_state = 'unlisted' OR (attempted_content = 0 AND reason = ''))
            AND {_IS_PART} AND {is_listed}""",
        (*shards, *values),
    )
    postpone_closed_lanes(tx, publication, shards)


def drop_removed_parts(tx: Transaction, shards: Sequence[int]) -> None:
    """Drop deliveries of these shards that were never sent and whose part was removed."""
    _end_planned(tx, "dropped", f"shard IN ({', '.join('?' * len(shards))}) AND NOT {_IS_PART}", shards)


def postpone_closed_lanes(tx: Transaction, publication: int, shards: Sequence[int] | None) -> int:
    """Postpone the planned deliveries of a publication whose lane is closed, in these shards or (None) in all.
    Return how many."""
    closed = tx.fetch_all(
        """SELECT name, closed_until, lane.reason FROM lane JOIN publication USING (channel)
           WHERE publication.id = ? AND closed_until <> ''""",
        publication,
    )
    within = "publication = ?" if shards is None else f"shard IN ({', '.join('?' * len(shards))})"
    scope = [publication] if shards is None else shards
    return sum(
        change_deliveries(
            tx,
            *("next_at = ?, reason = ?", (until, reason)),
            f"{within} AND unsent_state = 'planned' AND lane = ? AND next_at < ?",
            (*scope, name, until),
        )
        for name, until, reason in closed
    )


def _end_planned(tx: Transaction, state: str, condition: str, values: Sequence[object]) -> None:
    # no attempted_content: it tells these, which may be planned again, from deliveries that a person gave up
    change_deliveries(
        tx,
        *("state = ?, attempted_content = 0, reason = '', next_at = ''", (state,)),
        f"unsent_state = 'planned' AND remote_id = '' AND {condition}",
        values,
    )


def accept_recipients(tx: Transaction, publication: int, counts: ListedCounts, *, accept_fewer: bool) -> None:
    """Record how many recipients are on the list of a publication.

    Raises FewerRecipientsError as `verify_recipients` does, unless a person accepts that there are fewer.
    """
    [(*key, longest)] = tx.fetch_all(
        "SELECT issue, channel, destination, recipients FROM publication WHERE id = ?", publication
    )
    listed = counts.listed
    if not accept_fewer:
        verify_recipients(tx, PublicationKey(*key), counts)
        listed = max(listed, longest)
    tx.execute("UPDATE publication SET recipients = ? WHERE id = ?", listed, publication)


def verify_recipients(tx: Transaction, key: PublicationKey, counts: ListedCounts) -> None:
    """Raise FewerRecipientsError if the list is much shorter than it was for this publication, or for the last
    one to the same list, and does not know why."""
    rows = tx.fetch_all(
        "SELECT recipients, published_at FROM publication WHERE issue = ? AND channel = ? AND destination = ?", *key
    )
    own, published_at = rows[0] if rows else (0, "")
    newsletter = key.issue.rpartition("/")[0]
    last = tx.fetch_all(
        """SELECT recipients FROM publication
           WHERE channel = ? AND destination = ? AND SUBSTR(issue, 1, ?) = ? AND issue <> ? AND recipients > 0
           ORDER BY id DESC LIMIT 1""",
        *(key.channel, key.base_destination, len(newsletter) + 1, f"{newsletter}/"),
        key.issue if key.notice_of is None else "",
    )
    before = max(own, *(number for (number,) in last), 0)
    missing = before - counts.accounted
    if missing > _MAX_MISSING and missing * 100 > before * _MAX_MISSING_PERCENT:
        raise FewerRecipientsError(
            f"the list has {counts.listed} recipients instead of {before}: part of it may be missing",
            f"restore the list, or send to these alone: {_format_command(key, is_complete=bool(published_at))}",
        )


def _format_command(key: PublicationKey, *, is_complete: bool) -> str:
    """Return the command that goes on with the shorter list."""
    issue, channel = shlex.quote(key.issue.rpartition("/")[2]), f"--channel {key.channel}"
    if key.notice_of:
        return f"publish correct --accept-recipients {issue} {channel} --notice TEXT"
    if is_complete:
        return f"publish retry --accept-recipients {issue} {channel}"
    return f"publish --accept-recipients --issue {issue} {channel}"
