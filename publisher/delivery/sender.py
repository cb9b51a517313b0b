"""One connection of a channel: makes deliveries, and says of each what came of it.

What counts is not what went wrong but whether the effect could exist. Only what surely does not is planned
again; what may exist is unknown, unless to do it twice is the same as once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import NamedTuple, cast

from publisher.channel import EditableSession, MessageChannel, Part, ProbingSession, Receipt, Session
from publisher.credentials import redact
from publisher.errors import DeliveryError, PublisherError
from publisher.failpoints import hit_failpoint
from publisher.ledger import Delivery, DeliveryResult, DeliveryState

_SECOND = dt.timedelta(seconds=1)
_MAX_PAUSE = 30.0


class SendResult(NamedTuple):
    """The result of a task. `rest` is for how many seconds the whole channel must rest, `fault` why it
    cannot go on at all."""

    result: DeliveryResult
    receipt: Receipt | None = None
    pause: float = 0.0
    fatal_error: PublisherError | None = None


class Sender:
    """Delivers over one connection, which is opened when it is first needed. `content` gives the part of a
    task, `time` the time."""

    def __init__(
        self, channel: MessageChannel, get_part: Callable[[Delivery], Part], time: Callable[[], dt.datetime]
    ) -> None:
        self._channel = channel
        self._get_part = get_part
        self._time = time
        self._stack = ExitStack()
        self._session: Session | None = None

    def close(self) -> None:
        """Close the connection. What goes wrong with that changes nothing that was delivered."""
        with suppress(Exception):  # all that mattered is on the books already
            self._stack.close()

    def send(self, task: Delivery, to: str) -> SendResult:
        """Make a delivery to `to`. Raises nothing."""
        try:
            session = self._get_session()
        except DeliveryError as error:
            if error.permanent:
                return SendResult(self._postpone(task, error.message, 0), fatal_error=error)
            return self._classify_error(task, error, everybody=True)
        except PublisherError as error:
            return SendResult(self._postpone(task, error.message, 0), fatal_error=error)
        except Exception as error:  # before anything was sent
            return self._classify_error(task, DeliveryError(_describe_error(error)), everybody=True)
        try:
            hit_failpoint("sending")
            receipt = self._perform(session, task, to)
            hit_failpoint("acted")
            name = receipt.remote_id or (task.part if self._channel.idempotent else "")
            moved = receipt.moved_to
            result = DeliveryResult(task, DeliveryState.SENT, self._time(), name, receipt.url, moved_to=moved)
        except DeliveryError as error:
            return self._classify_error(task, error)
        except Exception as error:  # whatever it was, nobody knows whether it went out
            reason = _describe_error(error)
            if self._channel.idempotent or task.remote_id:
                return self._classify_error(task, DeliveryError(reason))
            return SendResult(DeliveryResult(task, DeliveryState.UNKNOWN, self._time(), reason=reason))
        return SendResult(result, receipt)

    @property
    def can_probe(self) -> bool:
        """Whether the platform can be asked what arrived. Raises PublisherError when it cannot be reached."""
        return isinstance(self._get_session(), ProbingSession)

    def probe(self, task: Delivery, to: str) -> Receipt | None:
        """What is there of a task that is unknown. Raises PublisherError when nobody answers."""
        return cast("ProbingSession", self._get_session()).probe(self._get_part(task), to)

    def _get_session(self) -> Session:
        if self._session is None:
            self._session = self._stack.enter_context(self._channel.session())
        return self._session

    def _perform(self, session: Session, task: Delivery, to: str) -> Receipt:
        if not task.digest:
            return cast("EditableSession", session).delete(to, task.remote_id)
        if task.remote_id:
            return cast("EditableSession", session).edit(self._get_part(task), to, task.remote_id)
        return session.deliver(self._get_part(task), to)

    def _classify_error(self, task: Delivery, error: DeliveryError, *, everybody: bool = False) -> SendResult:
        """What surely did not happen: over, or once more later, for this task or for `everybody`."""
        reason = _describe_error(error)
        if error.permanent:
            return SendResult(DeliveryResult(task, DeliveryState.FAILED, self._time(), reason=reason))
        if error.retry_after is not None:
            return SendResult(self._postpone(task, reason, error.retry_after), pause=error.retry_after)
        pause = min(2.0 ** (task.tries - 1), _MAX_PAUSE)
        return SendResult(self._postpone(task, reason, pause), pause=pause if everybody else 0.0)

    def _postpone(self, task: Delivery, reason: str, pause: float) -> DeliveryResult:
        now = self._time()
        return DeliveryResult(task, DeliveryState.PLANNED, now, reason=reason, next_at=now + pause * _SECOND)


def _describe_error(error: Exception) -> str:
    """An error in one line: with what to do about it, if it says so, else with what it is called."""
    if isinstance(error, PublisherError):
        return redact(error.message + (f" · {error.hint}" if error.hint else ""))
    return redact(f"{type(error).__name__}: {error}")
