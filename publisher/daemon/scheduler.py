"""One look at the clock: what is due and not done goes out, each issue once, and what cannot is told once.

The ledger and the sources decide; nothing is kept from one tick to the next but how long to leave alone what
just went wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import closing
from threading import Event as Signal
from typing import NamedTuple

from publisher.calendar.calendar import KEPT_BACK, Appointment, Known, Outlook, agenda, looking, records
from publisher.channel import ArchiveChannel, LiveChannel
from publisher.clock import Clock
from publisher.config import Config
from publisher.daemon.alerts import News, Tell, Troubles, deeds, span
from publisher.daemon.feed_pings import Debts
from publisher.daemon.heartbeat import Vigil
from publisher.delivery import ledger_guard
from publisher.delivery.dispatcher import send
from publisher.errors import BusyError, ConfigError, IssueError, PublisherError
from publisher.events import ChannelOutcome, Event, Request, Warned
from publisher.ledger import Counts
from publisher.ledger.calendar import adopt, unfinished
from publisher.ledger.meta import look
from publisher.ledger.outputs import begin_files, end_files
from publisher.ledger.queries import as_planned
from publisher.pipeline.publish import publish
from publisher.run import Outgoing, Run
from publisher.theme import Theme

LATE = dt.timedelta(minutes=5)

_AGAIN = dt.timedelta(seconds=20)
_PAUSE = dt.timedelta(minutes=10)
"""How long what failed as a whole, such as a bot without its token, is left alone."""


class Ticked(NamedTuple):
    """When something is due next, in UTC; what is to come; and the exit code as `publish` has it."""

    next: dt.datetime | None
    to_come: Sequence[Appointment]
    exit_code: int


class Ticker:
    """Looks at the clock again and again. `stop` ends a tick after what it has begun; `vigil` is a daemon's,
    without one each tick stands for itself."""

    def __init__(self, tell: Tell, stop: Signal, vigil: Vigil | None = None) -> None:
        self._tell = tell
        self._stop = stop
        self._vigil = vigil
        # by file and channel: until when it is left alone, None for as long as its text is the same
        self._pauses: dict[tuple[str, str], tuple[dt.datetime | None, tuple[str, ...]]] = {}
        self._debts = Debts(tell, stop)

    def tick(self, config: Config, theme: Theme, clock: Clock) -> Ticked:
        """Have everything go out that is due. Raises ConfigError when no file is an issue, StorageError."""
        with closing(looking(config, theme, clock)) as run:
            if self._vigil:
                self._vigil.begin(run)
            else:
                look(run.ledger, config.publication.id, clock.time())
            done = _Tick(run, self._tell, self._stop, self._pauses, self._debts).work()
            if self._vigil:
                self._vigil.end(run)
            return done


class _Tick:
    """One of them. `run` is for looking; what is published has a run of its own."""

    def __init__(
        self,
        run: Run,
        tell: Tell,
        stop: Signal,
        pauses: dict[tuple[str, str], tuple[dt.datetime | None, tuple[str, ...]]],
        debts: Debts,
    ) -> None:
        self._run = run
        self._tell = tell
        self._stop = stop
        self._pauses = pauses
        self._debts = debts
        self._troubles = Troubles(run, tell)
        self._code = 0
        self._known = Known()
        self._found: Sequence[Appointment] = ()
        self._channels = {channel.name: channel for channel in run.channels}

    def work(self) -> Ticked:
        self._look()
        while not self._stop.is_set() and (batch := self._next_batch()):
            self._publish(batch)
            self._look()
        self._code = self._debts.settle(self._run) or self._code
        now = self._run.clock.time()
        coming = (Outlook.WAITING, Outlook.BUSY, Outlook.UNSOUND)
        waiting = [one.next for one in self._found if one.outlook in coming]
        if self._debts.next:
            waiting.append(self._debts.next)
        following = min((moment for moment in waiting if moment > now), default=None)
        return Ticked(following, self._found, self._code or self._troubles.exit_code)

    def _look(self) -> None:
        now = self._run.clock.time()
        self._known = Known.to(self._run.ledger, now)
        self._found = agenda(self._run, records(self._run), self._known, now, remember=True)
        self._troubles.look(self._found, self._known)

    def _next_batch(self) -> list[Appointment]:
        """The first issue that is due, on all channels on which it is, of those that go the same way and see
        the same archive."""
        due = [one for one in self._found if one.outlook is Outlook.READY and not self._rests(one)]
        return [one for one in due if self._way(one) == self._way(due[0])]

    def _way(self, one: Appointment) -> tuple[str, bool, bool, frozenset[str]]:
        live = self._run.is_live(self._channels[one.key.channel])
        return one.record.path, live, one.as_begun, self._not_yet(one)

    def _not_yet(self, one: Appointment) -> frozenset[str]:
        """The issues that are not on a channel over the whole archive yet, and must not appear there."""
        if not isinstance(self._channels[one.key.channel], ArchiveChannel):
            return frozenset()
        return frozenset(
            other.record.path
            for other in self._found
            if other.key.channel == one.key.channel and other.outlook in KEPT_BACK
        )

    def _rests(self, one: Appointment) -> bool:
        """Whether it is to be left alone: for its time, and until its text or the settings change."""
        until, mark = self._pause(one)
        return mark == self._mark(one) and (until is None or self._run.clock.time() < until)

    def _pause(self, one: Appointment) -> tuple[dt.datetime | None, tuple[str, ...]]:
        return self._pauses.get((one.record.path, one.key.channel), (None, ()))

    def _mark(self, one: Appointment) -> tuple[str, ...]:
        return one.record.sha256, self._run.config.digest

    # -------------------------------------------------------------- publishing

    def _publish(self, batch: Sequence[Appointment]) -> None:
        run, record = self._run, batch[0].record
        names = tuple(one.key.channel for one in batch)
        again = all(self._pause(one)[1] == self._mark(one) for one in batch)
        if not again:
            self._tell(News("publishing", record.id, names, _lateness(batch[0], run.clock.time())))
        try:
            if run.is_live(self._channels[names[0]]):
                ledger_guard.check(run)
            if batch[0].as_begun:
                if not again:
                    what = f"{batch[0].detail}; it ends as it began"
                    self._tell(News("warning", record.id, names, what, batch[0].hint))
                outcomes = self._end(batch)
            else:
                outcomes = self._begin(batch)
        except (BusyError, ConfigError, IssueError) as error:
            self._explain(batch, error, again=again)
            return
        for one in batch:
            done = outcomes[one.key.channel]
            if done.error:
                self._explain([one], done.error, again=again)
            else:
                self._note_done(one)
                self._rest([one], _AGAIN)
                self._tell(News("published", record.id, (done.name,), deeds(done)))
        for name in outcomes.keys() - set(names):  # a hub that is told of the feeds
            self._code = self._debts.hear(run, outcomes[name]) or self._code

    def _begin(self, batch: Sequence[Appointment]) -> Mapping[str, ChannelOutcome]:
        """Publish it as it is now; by channel, what became of it."""
        run, record = self._run, batch[0].record
        names = tuple(one.key.channel for one in batch)
        old, not_yet = all(one.history for one in batch), self._not_yet(batch[0])
        request = Request(record.path, names, unchecked=old, not_yet=not_yet)

        def report(event: Event) -> None:
            if isinstance(event, Warned):
                self._tell(News("warning", record.id, (), event.message))

        now = run.clock.time()
        return publish(run.config, run.theme, request, now, report, run.clock, self._stop).channels

    def _end(self, batch: Sequence[Appointment]) -> Mapping[str, ChannelOutcome]:
        """Send the rest of what was begun in the words with which it began."""
        outcomes = {}
        for one in batch:
            channel, known = self._channels[one.key.channel], self._known.unfinished[one.key]
            assert isinstance(channel, LiveChannel)
            rest = Outgoing(one.key.issue, channel.name, channel, as_planned(self._run.ledger, known))
            outcomes[channel.name] = send(self._run, rest, self._stop)
        return outcomes

    def _explain(self, batch: Sequence[Appointment], error: PublisherError, *, again: bool) -> None:
        """Tell why something is not out, and leave it alone for a while. What the ledger has as failed or
        unknown is told by the next look. `again` when the same text and settings were tried before."""
        names, now = tuple(one.key.channel for one in batch), self._run.clock.time()
        standing = unfinished(self._run.ledger).get(batch[0].key)
        counts = standing.counts if standing else Counts()
        if self._stop.is_set():
            self._tell(News("waiting", batch[0].record.id, names, error.message))
        elif isinstance(error, BusyError):
            self._code = self._code or error.exit_code
            self._tell(News("busy", batch[0].record.id, names, error.message))
            self._rest(batch, _AGAIN)
        elif isinstance(error, IssueError):  # only another text can help
            self._troubles.alarm(batch[0], error, names, again=again)
            self._rest(batch, None)
        elif standing and standing.next_at and standing.next_at > now:
            self._code = self._code or error.exit_code
            self._tell(News("waiting", batch[0].record.id, names, error.message))
            self._rest(batch, standing.next_at - now)
        elif counts.failed or counts.unknown:
            self._rest(batch, _AGAIN)
        else:
            self._troubles.alarm(batch[0], error, names, again=again)
            self._rest(batch, _PAUSE)

    def _rest(self, batch: Sequence[Appointment], length: dt.timedelta | None) -> None:
        until = None if length is None else self._run.clock.time() + length
        for one in batch:
            self._pauses[one.record.path, one.key.channel] = until, self._mark(one)

    def _note_done(self, one: Appointment) -> None:
        """Note what the ledger does not hear of otherwise: files, and what is remembered to be out although
        the ledger is older."""
        channel, now = self._channels[one.key.channel], self._run.clock.time()
        if self._run.is_live(channel):
            adopt(self._run.ledger, {one.key: now}, now)
        elif not isinstance(channel, ArchiveChannel):
            begin_files(self._run.ledger, {one.key: one.record.sha256}, now)
            end_files(self._run.ledger, [(one.key.channel, one.key.destination)], now)


def _lateness(one: Appointment, now: dt.datetime) -> str:
    late = now - one.due
    return f"late by {span(late)}" if late > LATE else ""
