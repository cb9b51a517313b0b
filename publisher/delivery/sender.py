"""Sends over one connection and classifies the outcome.

DeliveryError: nothing was sent -> retry later, or fail if permanent. Any other exception: it may have been
sent -> unknown, never retried automatically, except on idempotent channels and for edits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import ExitStack, suppress

from msgspec.structs import replace

from publisher.channel import MessageChannel, Part, Receipt, Session
from publisher.credentials import redact
from publisher.errors import DeliveryError, PublisherError
from publisher.failpoints import hit_failpoint
from publisher.ledger import Delivery, DeliveryState, Result

_MAX_PAUSE = 30.0


class Sender:
    """Sends deliveries over one connection, which is opened on first use.

    `get_part` returns the part of a delivery, `time` the current time (aware). `zone` is the newsletter's time
    zone, in which messages are dated.
    """

    def __init__(
        self,
        channel: MessageChannel,
        get_part: Callable[[Delivery], Part],
        time: Callable[[], dt.datetime],
        zone: dt.tzinfo,
    ) -> None:
        self._channel = channel
        self._get_part = get_part
        self._time = time
        self._zone = zone
        self._stack = ExitStack()
        self._session: Session | None = None

    def close(self) -> None:
        """Close the connection. Errors are ignored: they do not affect what was delivered."""
        with suppress(Exception):  # all results are in the ledger already
            self._stack.close()

    def send(self, delivery: Delivery, to: str) -> Result:
        """Send a delivery to the recipient `to`. Raises nothing."""
        try:
            session = self._get_session()
        except DeliveryError as error:
            if error.permanent:
                return self._postpone(delivery, error.message)._replace(fatal_error=error)
            return self._classify_error(delivery, error)._replace(pauses_channel=True)
        except PublisherError as error:
            return self._postpone(delivery, error.message)._replace(fatal_error=error)
        except Exception as error:  # the connection failed, so nothing was sent
            failure = DeliveryError(_describe_error(error))
            return self._classify_error(delivery, failure)._replace(pauses_channel=True)
        idempotent = self._channel.capabilities.idempotent
        try:
            hit_failpoint("sending")
            receipt = self._perform(session, delivery, to)
            hit_failpoint("acted")
            remote_id = receipt.remote_id or (delivery.part if idempotent else "")
            return Result(delivery, DeliveryState.SENT, self._time(), replace(receipt, remote_id=remote_id))
        except DeliveryError as error:
            return self._classify_error(delivery, error)
        except Exception as error:  # it may have been sent
            reason = _describe_error(error)
            if idempotent or delivery.remote_id:
                return self._classify_error(delivery, DeliveryError(reason))
            return Result(delivery, DeliveryState.UNKNOWN, self._time(), reason=reason)

    def probe(self, delivery: Delivery, to: str) -> Receipt | None:
        """Look up an unknown delivery on the platform; None if it has not arrived.

        Raises PublisherError if the platform does not answer.
        """
        return self._get_session().probe(self._get_part(delivery), to)

    def _get_session(self) -> Session:
        if self._session is None:
            self._session = self._stack.enter_context(self._channel.session())
        return self._session

    def _perform(self, session: Session, delivery: Delivery, to: str) -> Receipt:
        if not delivery.digest:
            return session.delete(to, delivery.remote_id)
        if delivery.remote_id:
            return session.edit(self._get_part(delivery), to, delivery.remote_id)
        return session.deliver(self._get_part(delivery), to, delivery.first_started_at.astimezone(self._zone))

    def _classify_error(self, delivery: Delivery, error: DeliveryError) -> Result:
        """Return the result of a delivery that was not sent: failed, or postponed."""
        reason = _describe_error(error)
        if error.permanent:
            return Result(delivery, DeliveryState.FAILED, self._time(), reason=reason, moved_to=error.moved_to)
        if error.retry_after is not None:
            result = self._postpone(delivery, reason, error.retry_after)
            return result._replace(pauses_channel=error.retry_after > 0)
        return self._postpone(delivery, reason, min(2.0 ** (delivery.tries - 1), _MAX_PAUSE))

    def _postpone(self, delivery: Delivery, reason: str, pause: float = 0.0) -> Result:
        now = self._time()
        next_at = now + dt.timedelta(seconds=pause)
        return Result(delivery, DeliveryState.PLANNED, now, reason=reason, next_at=next_at)


def _describe_error(error: Exception) -> str:
    """Return an error as one line: message and hint, or type and message of an exception of other code."""
    if isinstance(error, PublisherError):
        return redact(error.message + (f" · {error.hint}" if error.hint else ""))
    return redact(f"{type(error).__name__}: {error}")
