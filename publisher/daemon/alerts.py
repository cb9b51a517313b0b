"""What people hear of: changes of state, in words, and each trouble once, which the ledger remembers."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from publisher.calendar.calendar import ItemStatus, LedgerView, ScheduledItem
from publisher.channel import MessageChannel
from publisher.delivery.job import find_delivery_error
from publisher.errors import IssueError, PublisherError
from publisher.events import ChannelOutcome
from publisher.ledger import PublicationStatus
from publisher.ledger.calendar import record_alerts
from publisher.run import RunContext

_ALERT_EXIT_CODES = {
    ItemStatus.DRAFT: 1,
    ItemStatus.BROKEN: 1,
    ItemStatus.HAS_ERRORS: 1,
    ItemStatus.MISSED: 1,
    ItemStatus.UNRESOLVED: 3,
    ItemStatus.HELD: 0,
}
"""What is told once when its time has come, and the exit code for it."""


class DaemonEvent(NamedTuple):
    """A change of state, in words. `what` is one word, `alarm` whether the editor should hear of it."""

    what: str
    issue: str = ""
    channels: tuple[str, ...] = ()
    message: str = ""
    hint: str = ""
    alarm: bool = False


DaemonEventHandler = Callable[[DaemonEvent], None]


class Alerts:
    """Tells troubles, each once. `exit_code` is that of the first one."""

    def __init__(self, run: RunContext, on_event: DaemonEventHandler) -> None:
        self._run = run
        self._on_event = on_event
        self.exit_code = 0

    def report_problems(self, items: Sequence[ScheduledItem], known: LedgerView) -> None:
        """Tell what its time has come for and that cannot go out, and what lost its file."""
        now = self._run.clock.time()
        stopped = [one for one in items if one.status in _ALERT_EXIT_CODES and one.due <= now]
        recent = now - self._run.config.schedule.catch_up
        self._report_missed([one for one in stopped if one.status is ItemStatus.MISSED])
        others = [
            one
            for one in stopped  # a draft of long ago is nobody's plan for today
            if one.status in (ItemStatus.UNRESOLVED, ItemStatus.HAS_ERRORS)
            or (one.status is not ItemStatus.MISSED and one.due >= recent)
        ]
        for (_, outlook, detail), group in groupby(
            others, key=lambda one: (one.record.path, one.status, one.detail)
        ):
            self._report_blocked([*group], outlook, detail)
        self._report_removed(items, known)

    def _report_blocked(self, some: Sequence[ScheduledItem], status: ItemStatus, detail: str) -> None:
        code = some[0].exit_code or _ALERT_EXIT_CODES[status]
        what = ("unknown" if code == 4 else "failed") if status is ItemStatus.UNRESOLVED else status.value
        if told := self._filter_unreported(some, what, detail):
            self._set_exit_code(code)
            names, alarm = tuple(one.key.channel for one in told), status is not ItemStatus.HELD
            self._on_event(DaemonEvent(what, _format_item_name(told[0]), names, detail, told[0].hint, alarm))

    def _report_missed(self, missed: Sequence[ScheduledItem]) -> None:
        told = self._filter_unreported(missed, ItemStatus.MISSED.value, "")
        if not told:
            return
        self._set_exit_code(_ALERT_EXIT_CODES[ItemStatus.MISSED])
        issues = list(dict.fromkeys(_format_item_name(one) for one in told))
        names = tuple(dict.fromkeys(one.key.channel for one in told))
        if len(issues) == 1:
            ago = format_duration(self._run.clock.time() - told[0].due)
            what = f"it was due {ago} ago, and is not sent by itself any more"
            hint = f"publish --issue {shlex.quote(issues[0])} --channel {','.join(names)}"
        else:
            which = f"{issues[0]} to {issues[-1]}"
            what = f"{len(issues)} issues were due long ago, and are not sent by themselves: {which}"
            hint = "if they are out: publish adopt; else publish each"
        issue = issues[0] if len(issues) == 1 else ""
        self._on_event(DaemonEvent(ItemStatus.MISSED.value, issue, names, what, hint, alarm=True))

    def _report_removed(self, found: Sequence[ScheduledItem], known: LedgerView) -> None:
        """Tell of what was begun and cannot be ended, because its file is not there any more."""
        run, there = self._run, {one.key for one in found}
        on = {channel.name for channel in run.channels if isinstance(channel, MessageChannel)}
        prefix = f"{run.config.newsletter.id}/"
        for key, standing in known.unfinished.items():
            if key in there or key.notice_of or key.channel not in on or not key.issue.startswith(prefix):
                continue
            if _has_attempts(standing) and record_alerts(
                run.ledger, [(key.issue, key.channel)], "gone", "", run.clock.time()
            ):
                fault = find_delivery_error(standing)
                what = f"its file is gone; {fault.message if fault else 'it was begun'}"
                issue = key.issue.removeprefix(prefix)
                self._on_event(
                    DaemonEvent("gone", issue, (key.channel,), what, "put it back, or let it be", alarm=True)
                )

    def report_error(
        self, one: ScheduledItem, error: PublisherError, channels: tuple[str, ...], *, repeated: bool = False
    ) -> None:
        """Tell of what went wrong as a whole; nobody is alarmed twice. `again` when nothing has changed since
        that was in the journal."""
        self._set_exit_code(error.exit_code)
        about = [(one.key.issue, name) for name in channels]
        news = record_alerts(self._run.ledger, about, "failed", error.message, self._run.clock.time())
        if news or not repeated:
            what = ItemStatus.BROKEN.value if isinstance(error, IssueError) else "failed"
            self._on_event(
                DaemonEvent(what, one.record.id, channels, error.message, error.hint, alarm=bool(news))
            )

    def _filter_unreported(
        self, some: Sequence[ScheduledItem], what: str, detail: str
    ) -> list[ScheduledItem]:
        about = {(one.key.issue, one.key.channel): one for one in some}
        if not about:
            return []
        news = set(record_alerts(self._run.ledger, about, what, detail, self._run.clock.time()))
        return [one for place, one in about.items() if place in news]

    def _set_exit_code(self, code: int) -> None:
        self.exit_code = self.exit_code or code


def _has_attempts(standing: PublicationStatus) -> bool:
    return standing.counts.total > standing.counts.planned + standing.counts.dropped


def _format_item_name(one: ScheduledItem) -> str:
    return one.record.id or one.record.path


def format_summary_line(outcome: ChannelOutcome) -> str:
    """What was done on a channel, for people."""
    counts = ((outcome.sent, "sent"), (outcome.changed, "changed"), (len(outcome.written), "files written"))
    facts = [outcome.destination, *(f"{number} {what}" for number, what in counts if number), outcome.url]
    return " · ".join(fact for fact in facts if fact)


def format_duration(duration: dt.timedelta) -> str:
    """How long it is, for people: "2 days 3 h", "1 h 12 min"."""
    minutes = int(duration.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
