"""Finds issues that are left out of the archive although their date has come, when another is published.

These are issues on hold, and issues that a daemon will publish later: at their time, or once they are fixed. Also says
why no issue is due at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from publisher.archive.records import Record
from publisher.channel import ArchiveChannel
from publisher.events import Outcome
from publisher.run import RunContext


def find_held_back(run: RunContext, records: Mapping[str, Record], chosen: Record | None) -> frozenset[str]:
    """Return the paths of issues to hold back.

    Neither the chosen issue nor issues published on one of the channels are held back, so no published page
    disappears. Raises StorageError.
    """
    archives = [channel for channel in run.channels if isinstance(channel, ArchiveChannel)]
    if not (archives and run.has_ledger):
        return frozenset()
    from publisher.ledger.calendar import find_published, load_overrides
    from publisher.ledger.meta import load_activity

    now, ledger = run.clock.time(), run.ledger
    is_scheduled = load_activity(ledger, run.config.newsletter.id).is_active(now)
    if not (is_scheduled or any(override.held for override in load_overrides(ledger).values())):
        return frozenset()
    from publisher.calendar.calendar import HELD_BACK_STATUSES, ItemStatus, LedgerView, build_calendar
    from publisher.ledger.destinations import build_publication_key

    today, published = run.now.date().isoformat(), find_published(ledger)
    candidates = {
        path
        for path, record in records.items()
        if record.date
        and record.date <= today
        and record != chosen
        and not any(
            build_publication_key(run.config.newsletter, channel, record.id, {}) in published for channel in archives
        )
    }
    if not candidates:
        return frozenset()
    statuses = HELD_BACK_STATUSES if is_scheduled else (ItemStatus.HELD,)
    names = {channel.name for channel in archives}
    not_held = {
        item.record.path
        for item in build_calendar(run, records, LedgerView.load(ledger, now), now)
        if item.key.channel in names and item.status not in statuses
    }
    return frozenset(candidates - not_held)


def build_none_due_outcome(run: RunContext, records: Collection[Record]) -> Outcome:
    """Return the outcome of a run that has nothing to do because none of the issues is due."""
    return Outcome(None, {}, tuple(run.warnings), none_due=explain_none_due(records, run.now.date()))


def explain_none_due(records: Collection[Record], today: dt.date) -> str:
    """Return why no issue is due: all are drafts, dated after today, or cannot be published.

    `today` is in the newsletter's time zone.
    """
    ahead = min(
        (
            (record.date, record.path)
            for record in records
            if record.date > today.isoformat() and not (record.draft or record.fault)
        ),
        default=None,
    )
    if ahead:
        date, path = ahead
        days = (dt.date.fromisoformat(date) - today).days
        when = "tomorrow" if days == 1 else f"in {days} days"
        return f"no issue is due; the next one, {path}, is dated {date}, {when}"
    if broken := [record for record in records if record.fault and not record.draft]:
        return f"no issue is due; {broken[0].fault}"
    if drafts := [record.path for record in records if record.draft]:
        named = f"{drafts[0]} is a draft" if len(drafts) == 1 else f"all {len(drafts)} issues are drafts"
        return f"no issue is due; {named}; remove `draft: true` when it is ready"
    return f"no issue is due; there is none in {len(records)} file{'' if len(records) == 1 else 's'}"
