"""What a pass of the scheduler does for the newsletter's own list, besides sending issues."""

from __future__ import annotations

import datetime as dt

from publisher.errors import ConfigError
from publisher.run import RunContext
from publisher.subscribers.subscriber_list import SubscriberList

_BACKUP_INTERVAL = dt.timedelta(hours=12)
"""How old the backup of a list may become.

Sending writes one too, and so does a command that changes the list; but people subscribe between two issues, on pages
of a process that keeps running. `publisher.reports.subscribers` reports one that is older than a day.
"""


def keep_list(run: RunContext) -> None:
    """Forget who did not confirm in time, end the pauses that are over, and write a backup if the last one is old.

    Raises StorageError, and nothing about the list itself: other channels do not need it.
    """
    if subscribers := _open_list(run):
        now = run.clock.time()
        subscribers.expire(now)
        run.ledger.write_backup(now, _BACKUP_INTERVAL)


def _open_list(run: RunContext) -> SubscriberList | None:
    """Return the list of the newsletter.

    None if there is no [subscribers], or if a key of it cannot be read.

    The latter is reported when an issue is sent to the list, and by `publish doctor`.
    """
    try:
        return run.subscribers
    except ConfigError:
        return None
