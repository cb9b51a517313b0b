"""Completes an upload of the site that failed or was interrupted, unless an issue is due that uploads it anyway."""

from __future__ import annotations

import datetime as dt

from publisher.build.upload import retry_upload
from publisher.channel import ArchiveChannel
from publisher.daemon.alerts import DaemonEvent, DaemonEventHandler
from publisher.errors import BusyError, PublisherError
from publisher.run import RunContext

_RETRY_DELAY = dt.timedelta(minutes=10)
"""How long to wait before an upload that failed is tried again."""


class PendingUpload:
    """Tries again, tick by tick. `next_attempt` is when `flush` should be called again, in UTC."""

    def __init__(self, on_event: DaemonEventHandler) -> None:
        self.next_attempt: dt.datetime | None = None
        self._on_event = on_event
        self._reason = ""

    def flush(self, run: RunContext) -> int:
        """Upload what is left, if it is time for that. Return the exit code of a failure, or 0."""
        now = run.clock.time()
        if self.next_attempt and now < self.next_attempt:
            return 0
        names = tuple(channel.name for channel in run.channels if isinstance(channel, ArchiveChannel))
        try:
            count = retry_upload(run)
        except BusyError:  # the process that has the lock, here or on another machine, completes it
            self.next_attempt = now + _RETRY_DELAY
            return 0
        except PublisherError as error:
            self.next_attempt = now + _RETRY_DELAY
            if error.message != self._reason:
                self._on_event(DaemonEvent("failed", "", names, error.message, error.hint, alarm=True))
            self._reason = error.message
            return error.exit_code
        self.next_attempt, self._reason = None, ""
        if count is not None:
            self._on_event(DaemonEvent("published", "", names, "the upload that had failed is complete"))
        return 0
