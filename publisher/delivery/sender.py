"""One connection of a channel: makes deliveries, and says of each what came of it.

What counts is not what went wrong but whether the effect could exist. Only what surely does not is planned
again; what may exist is unknown, unless to do it twice is the same as once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import NamedTuple, cast

from publisher.channel import LiveChannel, LiveSession, Part, ProbingSession, Receipt, Session
from publisher.credentials import redact
from publisher.errors import DeliveryError, PublisherError
from publisher.failpoints import reach
from publisher.ledger import Result, State, Task

_SECOND = dt.timedelta(seconds=1)
_LONGEST_PAUSE = 30.0


class Answer(NamedTuple):
    """The result of a task. `rest` is for how many seconds the whole channel must rest, `fault` why it
    cannot go on at all."""

    result: Result
    receipt: Receipt | None = None
    rest: float = 0.0
    fault: PublisherError | None = None


class Courier:
    """Delivers over one connection, which is opened when it is first needed. `content` gives the part of a
    task, `time` the time."""

    def __init__(
        self, channel: LiveChannel, content: Callable[[Task], Part], time: Callable[[], dt.datetime]
    ) -> None:
        self._channel = channel
        self._content = content
        self._time = time
        self._stack = ExitStack()
        self._session: Session | None = None

    def close(self) -> None:
        """Close the connection. What goes wrong with that changes nothing that was delivered."""
        with suppress(Exception):  # all that mattered is on the books already
            self._stack.close()

    def make(self, task: Task, to: str) -> Answer:
        """Make a delivery to `to`. Raises nothing."""
        try:
            session = self._open()
        except DeliveryError as error:
            if error.permanent:
                return Answer(self._put_off(task, error.message, 0), fault=error)
            return self._refused(task, error, everybody=True)
        except PublisherError as error:
            return Answer(self._put_off(task, error.message, 0), fault=error)
        except Exception as error:  # before anything was sent
            return self._refused(task, DeliveryError(_told(error)), everybody=True)
        try:
            reach("sending")
            receipt = self._act(session, task, to)
            reach("acted")
            name = receipt.remote_id or (task.part if self._channel.repeatable else "")
            moved = receipt.moved_to
            result = Result(task, State.SENT, self._time(), name, receipt.url, moved_to=moved)
        except DeliveryError as error:
            return self._refused(task, error)
        except Exception as error:  # whatever it was, nobody knows whether it went out
            reason = _told(error)
            if self._channel.repeatable or task.remote_id:
                return self._refused(task, DeliveryError(reason))
            return Answer(Result(task, State.UNKNOWN, self._time(), reason=reason))
        return Answer(result, receipt)

    @property
    def can_find(self) -> bool:
        """Whether the platform can be asked what arrived. Raises PublisherError when it cannot be reached."""
        return isinstance(self._open(), ProbingSession)

    def find(self, task: Task, to: str) -> Receipt | None:
        """What is there of a task that is unknown. Raises PublisherError when nobody answers."""
        return cast("ProbingSession", self._open()).find(self._content(task), to)

    def _open(self) -> Session:
        if self._session is None:
            self._session = self._stack.enter_context(self._channel.session())
        return self._session

    def _act(self, session: Session, task: Task, to: str) -> Receipt:
        if not task.digest:
            return cast("LiveSession", session).withdraw(to, task.remote_id)
        if task.remote_id:
            return cast("LiveSession", session).update(self._content(task), to, task.remote_id)
        return session.deliver(self._content(task), to)

    def _refused(self, task: Task, error: DeliveryError, *, everybody: bool = False) -> Answer:
        """What surely did not happen: over, or once more later, for this task or for `everybody`."""
        reason = _told(error)
        if error.permanent:
            return Answer(Result(task, State.FAILED, self._time(), reason=reason))
        if error.retry_after is not None:
            return Answer(self._put_off(task, reason, error.retry_after), rest=error.retry_after)
        pause = min(2.0 ** (task.tries - 1), _LONGEST_PAUSE)
        return Answer(self._put_off(task, reason, pause), rest=pause if everybody else 0.0)

    def _put_off(self, task: Task, reason: str, pause: float) -> Result:
        now = self._time()
        return Result(task, State.PLANNED, now, reason=reason, next_at=now + pause * _SECOND)


def _told(error: Exception) -> str:
    """An error in one line: with what to do about it, if it says so, else with what it is called."""
    if isinstance(error, PublisherError):
        return redact(error.message + (f" · {error.hint}" if error.hint else ""))
    return redact(f"{type(error).__name__}: {error}")
