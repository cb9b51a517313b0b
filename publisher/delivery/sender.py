"""Sends over one connection and classifies the outcome.

DeliveryError: nothing was sent -> retry later, or fail if permanent or after many tries; a refusal of the sender
is never the recipient's fault, so it is retried later. Any other exception: it may have been sent -> unknown, never
retried automatically, except on idempotent channels and for edits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import ExitStack, suppress

from msgspec.structs import replace

from publisher.channel import MessageChannel, Part, Receipt, Session
from publisher.errors import DeliveryError, PublisherError, RefusalKind
from publisher.failpoints import hit_failpoint
from publisher.ledger import Delivery, DeliveryState, Result
from publisher.redaction import redact
from publisher.subscription import SubscriberAddress

_SHORT_PAUSE, _LONG_PAUSE = 30.0, 3600.0
"""Seconds between two tries: from one second it doubles to the short pause; after some minutes it is the long one."""

_SHORT_TRIES, _MAX_TRIES = 20, 40
"""How often a delivery is tried with short pauses, and in all, by which time most of a day has passed."""

_REFUSED_SENDER_PAUSE = 3600.0
"""Seconds until the next delivery to a provider that refuses the sender."""


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

    def send(self, delivery: Delivery, to: str, subscriber: SubscriberAddress | None = None) -> Result:
        """Send a delivery to the recipient `to`, who may be a subscriber. Raises nothing."""
        try:
            session = self._get_session()
        except DeliveryError as error:
            if error.permanent:
                return self._postpone(delivery, error.message)._replace(fatal_error=error, attempted=False)
            return self._classify_error(delivery, error)._replace(pauses_channel=True, attempted=False)
        except PublisherError as error:
            return self._postpone(delivery, error.message)._replace(fatal_error=error, attempted=False)
        except Exception as error:  # the connection failed, so nothing was sent
            failure = DeliveryError(_describe_error(error))
            return self._classify_error(delivery, failure)._replace(pauses_channel=True, attempted=False)
        idempotent = self._channel.capabilities.idempotent
        try:
            hit_failpoint("sending")
            receipt = self._perform(session, delivery, to, subscriber)
            hit_failpoint("acted")
            remote_id = receipt.remote_id or (delivery.part if idempotent else "")
            return Result(delivery, DeliveryState.SENT, self._time(), replace(receipt, remote_id=remote_id))
        except DeliveryError as error:
            return self._classify_error(delivery, error)
        except Exception as error:  # it may have been sent
            return self._classify_unknown(delivery, _describe_error(error))

    def build_timeout(self, delivery: Delivery, seconds: float) -> Result:
        """Return the result of a delivery that was given up after so many seconds."""
        return self._classify_unknown(delivery, f"it had not ended after {seconds:g} seconds")

    def probe(self, delivery: Delivery, to: str) -> Receipt | None:
        """Look up an unknown delivery on the platform; None if it has not arrived.

        Raises PublisherError if the platform does not answer.
        """
        return self._get_session().probe(self._get_part(delivery), to)

    def _get_session(self) -> Session:
        if self._session is None:
            self._session = self._stack.enter_context(self._channel.session())
        return self._session

    def _perform(self, session: Session, delivery: Delivery, to: str, subscriber: SubscriberAddress | None) -> Receipt:
        if not delivery.digest:
            return session.delete(to, delivery.remote_id)
        if delivery.remote_id:
            return session.edit(self._get_part(delivery), to, delivery.remote_id)
        part, first_attempt = self._get_part(delivery), delivery.first_started_at.astimezone(self._zone)
        if subscriber:
            return session.deliver(part, to, first_attempt, subscriber)
        return session.deliver(part, to, first_attempt)  # as channels of other packages know it

    def _classify_error(self, delivery: Delivery, error: DeliveryError) -> Result:
        """Return the result of a delivery that was not sent: failed, or postponed."""
        is_listed = bool(self._channel.subscribers_of) and error.kind.is_about_recipient
        reason = redact(error.message) if is_listed else _describe_error(error)  # the list is cleaned by itself
        if error.permanent:
            result = Result(delivery, DeliveryState.FAILED, self._time(), reason=reason, moved_to=error.moved_to)
        elif delivery.tries >= _MAX_TRIES:
            result = Result(
                delivery, DeliveryState.FAILED, self._time(), reason=f"tried {delivery.tries} times: {reason}"
            )
        elif error.kind is RefusalKind.SENDER and delivery.lane:  # the other lanes go on
            result = self._postpone(delivery, reason, error.retry_after or _REFUSED_SENDER_PAUSE)
        elif error.retry_after is not None:
            result = self._postpone(delivery, reason, error.retry_after)._replace(pauses_channel=True)
        else:
            pause = _LONG_PAUSE if delivery.tries > _SHORT_TRIES else min(2.0 ** (delivery.tries - 1), _SHORT_PAUSE)
            result = self._postpone(delivery, reason, pause)
        return result._replace(refusal=error.kind, is_permanent=error.permanent)

    def _classify_unknown(self, delivery: Delivery, reason: str) -> Result:
        """Return the result of a delivery that may have been sent. It is tried again only if that does no harm."""
        if self._channel.capabilities.idempotent or delivery.remote_id:
            return self._classify_error(delivery, DeliveryError(reason))
        return Result(delivery, DeliveryState.UNKNOWN, self._time(), reason=reason)

    def _postpone(self, delivery: Delivery, reason: str, pause: float = 0.0) -> Result:
        now = self._time()
        next_at = now + dt.timedelta(seconds=pause)
        return Result(delivery, DeliveryState.PLANNED, now, reason=reason, next_at=next_at)


def _describe_error(error: Exception) -> str:
    """Return an error as one line: message and hint, or type and message of an exception of other code."""
    if isinstance(error, PublisherError):
        return redact(error.message + (f" · {error.hint}" if error.hint else ""))
    return redact(f"{type(error).__name__}: {error}")
