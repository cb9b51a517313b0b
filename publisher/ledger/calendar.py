"""Schedule overrides, issues published with --force, publications by progress, and alerts already sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from publisher.ledger.ledger import Ledger
from publisher.ledger.models import ADOPTED, PublicationKey, PublicationStatus, format_utc, parse_utc
from publisher.ledger.queries import find_statuses
from publisher.named_tuple import NamedTuple


class ScheduleOverride(NamedTuple):
    """A person's decision about an issue on a channel: held, or due at another time."""

    held: bool = False
    due: dt.datetime | None = None


def save_override(
    ledger: Ledger, issue: str, channels: Iterable[str], *, held: bool | None = None, due: dt.datetime | None = None
) -> None:
    """Save a decision about an issue on these channels. An argument that is None keeps the value saved before."""
    held_value = None if held is None else int(held)
    due_value = format_utc(due) if due else None
    with ledger.transaction() as tx:
        for channel in channels:
            tx.execute(
                """INSERT INTO schedule_override (issue, channel, held, due)
                   VALUES (?, ?, COALESCE(?, 0), COALESCE(?, ''))
                   ON CONFLICT (issue, channel) DO UPDATE
                   SET held = COALESCE(?, schedule_override.held),
                       due = COALESCE(?, schedule_override.due)""",
                *(issue, channel, held_value, due_value, held_value, due_value),
            )


def load_overrides(ledger: Ledger) -> dict[tuple[str, str], ScheduleOverride]:
    """Return the overrides by (issue, channel)."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all("SELECT issue, channel, held, due FROM schedule_override")
    return {
        (issue, channel): ScheduleOverride(bool(held), parse_utc(due) if due else None)
        for issue, channel, held, due in rows
    }


class ForcedIssue(NamedTuple):
    """A text that a person published with --force. `source_digest` is its SHA-256, `errors` what is wrong."""

    source_digest: str
    errors: str
    forced_at: dt.datetime


def record_forced(ledger: Ledger, issue: str, source_digest: str, errors: str, now: dt.datetime) -> None:
    """Record that a person publishes this text of an issue with --force, in spite of its errors."""
    with ledger.transaction() as tx:
        tx.execute(
            "INSERT INTO forced_issue (issue, source_digest, errors, forced_at) VALUES (?, ?, ?, ?)",
            *(issue, source_digest, errors, format_utc(now)),
        )


def load_forced_issues(ledger: Ledger) -> dict[str, tuple[ForcedIssue, ...]]:
    """Return the texts published with --force by issue, oldest first."""
    forced: dict[str, tuple[ForcedIssue, ...]] = {}
    with ledger.transaction() as tx:
        rows = tx.fetch_all("SELECT issue, source_digest, errors, forced_at FROM forced_issue ORDER BY id")
    for issue, source_digest, errors, forced_at in rows:
        forced[issue] = (*forced.get(issue, ()), ForcedIssue(source_digest, errors, parse_utc(forced_at)))
    return forced


def find_published(ledger: Ledger) -> frozenset[PublicationKey]:
    """Return the publications that were complete at least once."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all("SELECT issue, channel, destination FROM publication WHERE published_at <> ''")
    return frozenset(PublicationKey(*row) for row in rows)


def find_publication_times(ledger: Ledger, issues: Iterable[str]) -> dict[str, dict[str, dt.datetime]]:
    """Return when each of these issues was complete for the first time, by issue and channel.

    Of several destinations of a channel, the last one counts.
    """
    times: dict[str, dict[str, dt.datetime]] = {}
    with ledger.transaction() as tx:
        for issue in issues:
            rows = tx.fetch_all(
                """SELECT channel, MAX(published_at) FROM publication WHERE issue = ? AND published_at <> ''
                   GROUP BY channel""",
                issue,
            )
            if rows:
                times[issue] = {channel: parse_utc(published) for channel, published in rows}
    return times


def find_unfinished(ledger: Ledger) -> dict[PublicationKey, PublicationStatus]:
    """Return the status of each publication that was started and never completed."""
    with ledger.transaction() as tx:
        issues = tx.fetch_all("SELECT DISTINCT issue FROM publication WHERE published_at = '' ORDER BY issue")
    statuses = find_statuses(ledger, [issue for (issue,) in issues])
    return {status.key: status for status in statuses if status.published is None}


def find_ready(ledger: Ledger, now: dt.datetime) -> frozenset[PublicationKey]:
    """Return unfinished publications with planned deliveries that need not wait any longer."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all(
            """SELECT issue, channel, destination FROM publication WHERE published_at = '' AND EXISTS (
               SELECT 1 FROM shard WHERE shard.publication = publication.id AND is_open = 1 AND planned > 0
               AND (SELECT MIN(next_at) FROM delivery WHERE shard = shard.id AND unsent_state = 'planned') <= ?)""",
            format_utc(now),
        )
    return frozenset(PublicationKey(*row) for row in rows)


def adopt_publications(
    ledger: Ledger, published_at: Mapping[PublicationKey, dt.datetime], now: dt.datetime, digest: str = ADOPTED
) -> frozenset[PublicationKey]:
    """Record publications that were published before the ledger existed, each with its time, as done.

    Return the keys that the ledger did not have yet. With the digest of the content, later edits are noticed.
    """
    with ledger.transaction() as tx:
        return frozenset(
            key
            for key, since in sorted(published_at.items())
            if tx.execute(
                """INSERT INTO publication
                       (issue, channel, destination, done, digest, published_at, changed_at)
                   VALUES (?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO NOTHING""",
                *(*key, digest, format_utc(since), format_utc(now)),
            )
        )


def record_adopted(ledger: Ledger, issues: Iterable[str], now: dt.datetime) -> None:
    """Record issues that were published before the ledger existed: on all channels, also on later ones."""
    with ledger.transaction() as tx:
        tx.execute_many(
            "INSERT INTO adopted_issue (issue, adopted_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(issue, format_utc(now)) for issue in sorted(issues)],
        )


def load_adopted(ledger: Ledger) -> frozenset[str]:
    """Return the adopted issues."""
    with ledger.transaction() as tx:
        return frozenset(str(issue) for (issue,) in tx.fetch_all("SELECT issue FROM adopted_issue"))


def clear_alerts(ledger: Ledger, subjects: Iterable[tuple[str, str]], kind: str) -> None:
    """Forget the alerts of a kind about these (issue, channel), so that the next one is sent again."""
    with ledger.transaction() as tx:
        for subject in sorted(subjects):
            tx.execute("DELETE FROM alert WHERE issue = ? AND channel = ? AND kind = ?", *subject, kind)


def find_alerted(ledger: Ledger, kind: str) -> frozenset[tuple[str, str]]:
    """Return (issue, channel) of each alert of this kind that was sent."""
    with ledger.transaction() as tx:
        return frozenset(
            (str(issue), str(channel))
            for issue, channel in tx.fetch_all("SELECT DISTINCT issue, channel FROM alert WHERE kind = ?", kind)
        )


def record_alerts(
    ledger: Ledger, subjects: Iterable[tuple[str, str]], kind: str, detail: str, now: dt.datetime
) -> list[tuple[str, str]]:
    """Record an alert about each (issue, channel). Return those for which it was not recorded before."""
    with ledger.transaction() as tx:
        return [
            subject
            for subject in sorted(subjects)  # in the same order everywhere, or two processes deadlock
            if tx.execute(
                """INSERT INTO alert (issue, channel, kind, detail, alerted_at) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT DO NOTHING""",
                *(*subject, kind, detail, format_utc(now)),
            )
        ]
