"""Which issues an archive goes without although their day has come, when somebody publishes another one:
those that a person holds, and those that a daemon will publish, at their time or once they are mended."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.archive.records import Record
from publisher.channel import ArchiveChannel
from publisher.run import RunContext


def find_held_back(run: RunContext, records: Mapping[str, Record], chosen: Record | None) -> frozenset[str]:
    """Their paths. What was chosen to be published is none of them, nor what is on one of the channels
    already: no page that readers have is lost. Raises StorageError."""
    archives = [channel for channel in run.channels if isinstance(channel, ArchiveChannel)]
    if not (archives and run.has_ledger):
        return frozenset()
    from publisher.ledger.calendar import find_published, load_overrides
    from publisher.ledger.meta import load_activity

    now, ledger = run.clock.time(), run.ledger
    is_kept = load_activity(ledger, run.config.newsletter.id).is_active(now)
    if not (is_kept or any(one.held for one in load_overrides(ledger).values())):
        return frozenset()
    from publisher.calendar.calendar import (
        HELD_BACK_STATUSES,
        ItemStatus,
        LedgerView,
        build_calendar,
        build_publication_key,
    )

    today, out = run.now.date().isoformat(), find_published(ledger)
    waiting = {
        path
        for path, one in records.items()
        if one.date
        and one.date <= today
        and one != chosen
        and not any(build_publication_key(run.config, channel, one.id) in out for channel in archives)
    }
    if not waiting:
        return frozenset()
    outlooks = HELD_BACK_STATUSES if is_kept else (ItemStatus.HELD,)
    names = {channel.name for channel in archives}
    free = {
        one.record.path
        for one in build_calendar(run, records, LedgerView.load(ledger, now), now)
        if one.key.channel in names and one.status not in outlooks
    }
    return frozenset(waiting - free)
