"""What the ledger knows of issues to come: what a person decided about them, what was told already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from publisher.ledger.ledger import Ledger
from publisher.ledger.models import ADOPTED, PublicationKey, PublicationStatus, format_utc, parse_utc
from publisher.ledger.queries import find_statuses


class ScheduleOverride(NamedTuple):
    """What a person decided about an issue on a channel: to hold it, to have it go out at another time."""

    held: bool = False
    due: dt.datetime | None = None


def save_override(
    ledger: Ledger,
    issue: str,
    channels: Iterable[str],
    *,
    held: bool | None = None,
    due: dt.datetime | None = None,
) -> None:
    """Note a decision about an issue on these channels; what is None stays as it was."""
    flag, when = None if held is None else int(held), format_utc(due) if due else None
    with ledger.transaction() as tx:
        for channel in channels:
            tx.execute(
                """INSERT INTO schedule_override (issue, channel, held, due)
                   VALUES (?, ?, COALESCE(?, 0), COALESCE(?, ''))
                   ON CONFLICT (issue, channel) DO UPDATE
                   SET held = COALESCE(?, schedule_override.held),
                       due = COALESCE(?, schedule_override.due)""",
                *(issue, channel, flag, when, flag, when),
            )


def load_overrides(ledger: Ledger) -> dict[tuple[str, str], ScheduleOverride]:
    """What was decided, by issue and channel."""
    with ledger.transaction() as tx:
        found = tx.fetch_all("SELECT issue, channel, held, due FROM schedule_override")
    return {
        (issue, channel): ScheduleOverride(bool(held), parse_utc(due) if due else None)
        for issue, channel, held, due in found
    }


class ForcedIssue(NamedTuple):
    """That a person wanted a text out although it has errors. `source` is the SHA-256 of the text."""

    source_digest: str
    errors: str
    forced_at: dt.datetime


def record_forced(ledger: Ledger, issue: str, source_digest: str, errors: str, now: dt.datetime) -> None:
    """Note that a person wants this text of an issue out, whatever errors it has."""
    with ledger.transaction() as tx:
        tx.execute(
            "INSERT INTO forced_issue (issue, source_digest, errors, forced_at) VALUES (?, ?, ?, ?)",
            *(issue, source_digest, errors, format_utc(now)),
        )


def load_forced_issues(ledger: Ledger) -> dict[str, tuple[ForcedIssue, ...]]:
    """By issue, the texts that a person insisted on, the last one at the end."""
    found: dict[str, tuple[ForcedIssue, ...]] = {}
    with ledger.transaction() as tx:
        rows = tx.fetch_all("SELECT issue, source_digest, errors, forced_at FROM forced_issue ORDER BY id")
    for issue, source, errors, at in rows:
        found[issue] = (*found.get(issue, ()), ForcedIssue(source, errors, parse_utc(at)))
    return found


def find_published(ledger: Ledger) -> frozenset[PublicationKey]:
    """The publications that were done once."""
    with ledger.transaction() as tx:
        found = tx.fetch_all("SELECT issue, channel, destination FROM publication WHERE published_at <> ''")
    return frozenset(PublicationKey(*row) for row in found)


def find_unfinished(ledger: Ledger) -> dict[PublicationKey, PublicationStatus]:
    """How the publications stand that were begun and never done."""
    with ledger.transaction() as tx:
        issues = tx.fetch_all("SELECT DISTINCT issue FROM publication WHERE published_at = '' ORDER BY issue")
    found = find_statuses(ledger, [issue for (issue,) in issues])
    return {one.key: one for one in found if one.published is None}


def find_ready(ledger: Ledger, now: dt.datetime) -> frozenset[PublicationKey]:
    """The publications with planned deliveries that nobody has to wait for any more."""
    with ledger.transaction() as tx:
        found = tx.fetch_all(
            """SELECT issue, channel, destination FROM publication WHERE published_at = '' AND EXISTS (
               SELECT 1 FROM delivery WHERE delivery.publication = publication.id AND state = 'planned'
               AND next_at <= ?)""",
            format_utc(now),
        )
    return frozenset(PublicationKey(*row) for row in found)


def adopt_publications(
    ledger: Ledger,
    published_at: Mapping[PublicationKey, dt.datetime],
    now: dt.datetime,
    digest: str = ADOPTED,
) -> frozenset[PublicationKey]:
    """Take publications as done that were out before the ledger began, since these moments; those that were
    not known. With a `digest` it is known of what, and an edit since can be told."""
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


def find_alerted(ledger: Ledger, kind: str) -> frozenset[tuple[str, str]]:
    """The issues and channels of which that was told once."""
    with ledger.transaction() as tx:
        return frozenset(
            (str(a), str(b))
            for a, b in tx.fetch_all("SELECT DISTINCT issue, channel FROM alert WHERE kind = ?", kind)
        )


def record_alerts(
    ledger: Ledger, subjects: Iterable[tuple[str, str]], kind: str, detail: str, now: dt.datetime
) -> list[tuple[str, str]]:
    """Note that something is told about these issues and channels; those of whom it was not told before."""
    with ledger.transaction() as tx:
        return [
            one
            for one in sorted(subjects)  # in one order, or two who tell at once wait for each other
            if tx.execute(
                """INSERT INTO alert (issue, channel, kind, detail, alerted_at) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT DO NOTHING""",
                *(*one, kind, detail, format_utc(now)),
            )
        ]
