"""What people hear of: changes of state, in words, and each trouble once, which the ledger remembers."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from publisher.calendar.calendar import Appointment, Known, Outlook
from publisher.channel import LiveChannel
from publisher.delivery.job import shortfall
from publisher.errors import IssueError, PublisherError
from publisher.events import ChannelOutcome
from publisher.ledger import Standing
from publisher.ledger.calendar import tell_once
from publisher.run import Run

_STOPPED = {
    Outlook.DRAFT: 1,
    Outlook.BROKEN: 1,
    Outlook.UNSOUND: 1,
    Outlook.MISSED: 1,
    Outlook.OPEN: 3,
    Outlook.HELD: 0,
}
"""What is told once when its time has come, and the exit code for it."""


class News(NamedTuple):
    """A change of state, in words. `what` is one word, `alarm` whether the editor should hear of it."""

    what: str
    issue: str = ""
    channels: tuple[str, ...] = ()
    message: str = ""
    hint: str = ""
    alarm: bool = False


Tell = Callable[[News], None]


class Troubles:
    """Tells troubles, each once. `exit_code` is that of the first one."""

    def __init__(self, run: Run, tell: Tell) -> None:
        self._run = run
        self._tell = tell
        self.exit_code = 0

    def look(self, found: Sequence[Appointment], known: Known) -> None:
        """Tell what its time has come for and that cannot go out, and what lost its file."""
        now = self._run.clock.time()
        stopped = [one for one in found if one.outlook in _STOPPED and one.due <= now]
        recent = now - self._run.config.schedule.catch_up
        self._tell_missed([one for one in stopped if one.outlook is Outlook.MISSED])
        others = [
            one
            for one in stopped  # a draft of long ago is nobody's plan for today
            if one.outlook in (Outlook.OPEN, Outlook.UNSOUND)
            or (one.outlook is not Outlook.MISSED and one.due >= recent)
        ]
        for (_, outlook, detail), group in groupby(
            others, key=lambda one: (one.record.path, one.outlook, one.detail)
        ):
            self._tell_of([*group], outlook, detail)
        self._tell_gone(found, known)

    def _tell_of(self, some: Sequence[Appointment], outlook: Outlook, detail: str) -> None:
        code = some[0].code or _STOPPED[outlook]
        what = ("unknown" if code == 4 else "failed") if outlook is Outlook.OPEN else outlook.value
        if told := self._untold(some, what, detail):
            self._fail(code)
            names, alarm = tuple(one.key.channel for one in told), outlook is not Outlook.HELD
            self._tell(News(what, _name(told[0]), names, detail, told[0].hint, alarm))

    def _tell_missed(self, missed: Sequence[Appointment]) -> None:
        told = self._untold(missed, Outlook.MISSED.value, "")
        if not told:
            return
        self._fail(_STOPPED[Outlook.MISSED])
        issues = list(dict.fromkeys(_name(one) for one in told))
        names = tuple(dict.fromkeys(one.key.channel for one in told))
        if len(issues) == 1:
            ago = span(self._run.clock.time() - told[0].due)
            what = f"it was due {ago} ago, and is not sent by itself any more"
            hint = f"publish --issue {shlex.quote(issues[0])} --channel {','.join(names)}"
        else:
            which = f"{issues[0]} to {issues[-1]}"
            what = f"{len(issues)} issues were due long ago, and are not sent by themselves: {which}"
            hint = "if they are out: publish adopt --archive; else publish each"
        issue = issues[0] if len(issues) == 1 else ""
        self._tell(News(Outlook.MISSED.value, issue, names, what, hint, alarm=True))

    def _tell_gone(self, found: Sequence[Appointment], known: Known) -> None:
        """Tell of what was begun and cannot be ended, because its file is not there any more."""
        run, there = self._run, {one.key for one in found}
        on = {channel.name for channel in run.channels if isinstance(channel, LiveChannel)}
        prefix = f"{run.config.publication.id}/"
        for key, standing in known.unfinished.items():
            if key in there or key.followed or key.channel not in on or not key.issue.startswith(prefix):
                continue
            if _is_begun(standing) and tell_once(
                run.ledger, [(key.issue, key.channel)], "gone", "", run.clock.time()
            ):
                fault = shortfall(standing)
                what = f"its file is gone; {fault.message if fault else 'it was begun'}"
                issue = key.issue.removeprefix(prefix)
                self._tell(News("gone", issue, (key.channel,), what, "put it back, or let it be", alarm=True))

    def alarm(
        self, one: Appointment, error: PublisherError, channels: tuple[str, ...], *, again: bool = False
    ) -> None:
        """Tell of what went wrong as a whole; nobody is alarmed twice. `again` when nothing has changed since
        that was in the journal."""
        self._fail(error.exit_code)
        about = [(one.key.issue, name) for name in channels]
        news = tell_once(self._run.ledger, about, "failed", error.message, self._run.clock.time())
        if news or not again:
            what = Outlook.BROKEN.value if isinstance(error, IssueError) else "failed"
            self._tell(News(what, one.record.id, channels, error.message, error.hint, alarm=bool(news)))

    def _untold(self, some: Sequence[Appointment], what: str, detail: str) -> list[Appointment]:
        about = {(one.key.issue, one.key.channel): one for one in some}
        if not about:
            return []
        news = set(tell_once(self._run.ledger, about, what, detail, self._run.clock.time()))
        return [one for place, one in about.items() if place in news]

    def _fail(self, code: int) -> None:
        self.exit_code = self.exit_code or code


def _is_begun(standing: Standing) -> bool:
    return standing.counts.total > standing.counts.planned + standing.counts.dropped


def _name(one: Appointment) -> str:
    return one.record.id or one.record.path


def deeds(done: ChannelOutcome) -> str:
    """What was done on a channel, for people."""
    counts = ((done.sent, "sent"), (done.changed, "changed"), (len(done.written), "files written"))
    facts = [done.destination, *(f"{number} {what}" for number, what in counts if number), done.url]
    return " · ".join(fact for fact in facts if fact)


def span(length: dt.timedelta) -> str:
    """How long it is, for people: "2 days 3 h", "1 h 12 min"."""
    minutes = int(length.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
