"""Sends confirmations, one after the other and beside the requests of the pages, each once.

A confirmation that was not sent is not tried again: people who still want the newsletter ask again, and people who
never asked for it get no second one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from publisher.delivery.confirmation import send_confirmation
from publisher.errors import ConfigError, DeliveryError, OutcomeUnknownError, PublisherError, RefusalKind, StorageError
from publisher.subscribers.limits import SignUpLimits

if TYPE_CHECKING:
    from publisher.server.visit import Visit
    from publisher.subscribers.models import Subscriber

_ABOUT_THE_RECIPIENT = frozenset({RefusalKind.NO_RECIPIENT, RefusalKind.MAILBOX_FULL})
"""Refusals that a visitor causes by typing an address: no one else has to do anything."""

Report = Callable[[str, str], None]
"""Reports a problem to the editor, by its message and what to do."""


class ConfirmationSender:
    """Sends in a thread of its own, and reports there what went wrong: each problem once a day, since anyone who can
    open the pages can cause it again."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._executor = ThreadPoolExecutor(1, "confirmations")
        self._reported: set[tuple[str, dt.date]] = set()
        self._is_closed = False

    def close(self) -> None:
        """Wait for the one that is being sent, and send no more: who waits for the others may ask again."""
        self._is_closed = True
        self._executor.shutdown()

    def send_later(self, visit: Visit, subscriber: Subscriber) -> None:
        """Send a subscriber the confirmation that this visit asked for."""
        self._executor.submit(self._send, visit, subscriber)

    def report_later(self, error: PublisherError, now: dt.datetime) -> None:
        """Report a problem that a request has found."""
        self._executor.submit(self._report_once, error, now)

    def _send(self, visit: Visit, subscriber: Subscriber) -> None:
        try:
            if self._is_closed:
                raise ConfigError("the daemon stopped before it sent a confirmation", "the visitor may ask again")
            send_confirmation(visit.config, visit.keys, subscriber, visit.now)
        except OutcomeUnknownError as error:
            self._report_once(error, visit.now)
        except DeliveryError as error:
            if not error.permanent:
                self._allow_another(visit, subscriber)
            if error.kind not in _ABOUT_THE_RECIPIENT:
                self._report_once(error, visit.now)
        except PublisherError as error:
            self._allow_another(visit, subscriber)
            self._report_once(error, visit.now)
        except Exception as error:  # as of a session, it may have been sent
            message = f"a confirmation may not have been sent: {type(error).__name__}: {error}"
            self._report_once(OutcomeUnknownError(message), visit.now)

    def _allow_another(self, visit: Visit, subscriber: Subscriber) -> None:
        """Count a request no more that no mail was sent for."""
        with suppress(StorageError), visit.open_ledger() as ledger:
            SignUpLimits(ledger, visit.newsletter_id, visit.keys).forget(subscriber.key, visit.now)

    def _report_once(self, error: PublisherError, now: dt.datetime) -> None:
        # a server's replies may all be different
        problem = (error.kind.value if isinstance(error, DeliveryError) else error.message, now.date())
        if problem not in self._reported:
            self._reported = {one for one in self._reported if one[1] == now.date()} | {problem}
            self._report(error.message, error.hint)
