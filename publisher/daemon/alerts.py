"""Events of the daemon for people. Each problem is reported once; the ledger records which were."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from publisher.calendar.calendar import ItemStatus, LedgerView, ScheduledItem
from publisher.channel import MessageChannel
from publisher.delivery.plan import find_delivery_error
from publisher.errors import IssueError, NoSubscribersError, PageMissingError, PublisherError
from publisher.events import ChannelOutcome
from publisher.ledger import FewerRecipientsError
from publisher.ledger.calendar import clear_alerts, find_alerted, record_alerts
from publisher.ledger.closed_lanes import describe_closed_lane, find_closed_lanes
from publisher.named_tuple import NamedTuple
from publisher.run import RunContext

_ALERT_EXIT_CODES = {
    ItemStatus.DRAFT: 1,
    ItemStatus.BROKEN: 1,
    ItemStatus.HAS_ERRORS: 1,
    ItemStatus.MISSED: 1,
    ItemStatus.REPEAT: 2,
    ItemStatus.UNRESOLVED: 3,
    ItemStatus.HELD: 0,
    ItemStatus.TOO_LONG: 0,
}
"""What is reported once when it is due, and the exit code for it. That of an issue that is too long for a channel is
with the item: only where it would have been sent, it is a failure."""

_FEWER_RECIPIENTS, _NO_SUBSCRIBERS = "recipients", "subscribers"
"""The kinds of alerts about a list that is too short, and of what is said about one that is still empty."""


class DaemonEvent(NamedTuple):
    """A change of state. `what` is a keyword, `alarm` whether to notify the editor (`on_failure`)."""

    what: str
    issue: str = ""
    channels: tuple[str, ...] = ()
    message: str = ""
    hint: str = ""
    alarm: bool = False


DaemonEventHandler = Callable[[DaemonEvent], None]


class Alerts:
    """Reports each problem once. `exit_code` is that of the first one."""

    def __init__(self, run: RunContext, on_event: DaemonEventHandler) -> None:
        self._run = run
        self._on_event = on_event
        self.exit_code = 0

    def report_problems(self, items: Sequence[ScheduledItem], ledger_view: LedgerView) -> None:
        """Report what is due and cannot be sent, and started issues whose file is missing."""
        now = self._run.clock.time()
        blocked = [item for item in items if item.status in _ALERT_EXIT_CODES and item.due <= now]
        recent = now - self._run.config.schedule.catch_up
        missed, had_none = [one for one in blocked if one.status is ItemStatus.MISSED], self._find_without_subscribers()
        self._report_missed([item for item in missed if _subject(item) not in had_none])
        self._report_missed([item for item in missed if _subject(item) in had_none], alarm=False)
        others = [
            item
            for item in blocked  # but no old drafts: no one expects them today
            if item.status in (ItemStatus.UNRESOLVED, ItemStatus.HAS_ERRORS)
            or (item.status is not ItemStatus.MISSED and item.due >= recent)
        ]
        for (_, status, detail), group in groupby(
            others, key=lambda item: (item.record.path, item.status, item.detail)
        ):
            self._report_blocked([*group], status, detail)
        self._report_removed(items, ledger_view)
        for event in report_closed_lanes(self._run, now):
            self._on_event(event)

    def _report_blocked(self, items: Sequence[ScheduledItem], status: ItemStatus, detail: str) -> None:
        code = items[0].exit_code or _ALERT_EXIT_CODES[status]
        what = ("unknown" if code == 4 else "failed") if status is ItemStatus.UNRESOLVED else status.value
        if new := self._filter_unreported(items, what, detail):
            self._set_exit_code(code)
            names, alarm = tuple(item.key.channel for item in new), bool(code)
            self._on_event(DaemonEvent(what, _format_item_name(new[0]), names, detail, new[0].hint, alarm))

    def _report_missed(self, missed: Sequence[ScheduledItem], *, alarm: bool = True) -> None:
        new = self._filter_unreported(missed, ItemStatus.MISSED.value, "")
        if not new:
            return
        if alarm:
            self._set_exit_code(_ALERT_EXIT_CODES[ItemStatus.MISSED])
        issues = list(dict.fromkeys(_format_item_name(item) for item in new))
        names = tuple(dict.fromkeys(item.key.channel for item in new))
        if len(issues) == 1:
            late = format_duration(self._run.clock.time() - new[0].due)
            message = f"it was due {late} ago: too late to send it automatically"
            hint = f"publish --issue {shlex.quote(issues[0])} --channel {','.join(names)}"
        else:
            which = f"{issues[0]} to {issues[-1]}"
            message = f"{len(issues)} issues were due too long ago to send them automatically: {which}"
            hint = "if they were published already: publish adopt; if not, publish each of them"
        issue = issues[0] if len(issues) == 1 else ""
        self._on_event(DaemonEvent(ItemStatus.MISSED.value, issue, names, message, hint, alarm))

    def _report_removed(self, items: Sequence[ScheduledItem], ledger_view: LedgerView) -> None:
        """Report publications that were started and cannot be finished because their file is missing."""
        run, current_keys = self._run, {item.key for item in items}
        message_channels = {channel.name for channel in run.channels if isinstance(channel, MessageChannel)}
        prefix = f"{run.config.newsletter.id}/"
        for key, status in ledger_view.unfinished.items():
            if key in current_keys or key.notice_of or key.channel not in message_channels:
                continue
            if not (key.issue.startswith(prefix) and status.is_started):
                continue
            if record_alerts(run.ledger, [(key.issue, key.channel)], "gone", "", run.clock.time()):
                error = find_delivery_error(status)
                message = f"its file is missing; {error.message if error else 'its delivery had started'}"
                hint = "restore the file, or leave the issue unfinished"
                issue = key.issue.removeprefix(prefix)
                self._on_event(DaemonEvent("gone", issue, (key.channel,), message, hint, alarm=True))

    def report_error(
        self, item: ScheduledItem, error: PublisherError, channels: tuple[str, ...], *, repeated: bool
    ) -> None:
        """Report that publishing an issue failed. The editor is notified once; the log has it each time, but
        not if `repeated`: nothing has changed since the last time."""
        self._set_exit_code(error.exit_code)
        subjects = [(item.key.issue, name) for name in channels]
        new = record_alerts(self._run.ledger, subjects, "failed", error.message, self._run.clock.time())
        if new or not repeated:
            what = ItemStatus.BROKEN.value if isinstance(error, IssueError) else "failed"
            event = DaemonEvent(what, item.record.id, channels, error.message, error.hint, alarm=bool(new))
            self._on_event(event)

    def report_fewer_recipients(self, item: ScheduledItem, error: FewerRecipientsError) -> None:
        """Report that the list of recipients is too short to send to, once until it is whole again."""
        if self._record_about_list(item, _FEWER_RECIPIENTS):
            self._set_exit_code(error.exit_code)
            names = (item.key.channel,)
            self._on_event(DaemonEvent("held", item.record.id, names, error.message, error.hint, alarm=True))

    def report_no_subscribers(self, item: ScheduledItem, error: NoSubscribersError) -> None:
        """Report once, without an alert, that an issue waits for the first subscribers."""
        if self._record_about_list(item, _NO_SUBSCRIBERS):
            names = (item.key.channel,)
            self._on_event(DaemonEvent("waiting", item.record.id, names, error.message, error.hint))

    def _record_about_list(self, item: ScheduledItem, kind: str) -> bool:
        """Return whether this was not recorded before."""
        return bool(record_alerts(self._run.ledger, [_subject(item)], kind, "", self._run.clock.time()))

    def is_list_reported(self, item: ScheduledItem) -> bool:
        """Return whether the list was too short or empty the last time."""
        short = find_alerted(self._run.ledger, _FEWER_RECIPIENTS)
        return _subject(item) in short | self._find_without_subscribers()

    def _find_without_subscribers(self) -> frozenset[tuple[str, str]]:
        return find_alerted(self._run.ledger, _NO_SUBSCRIBERS)

    def end_list_report(self, item: ScheduledItem) -> None:
        """Record that the list is whole, so that it is reported if it gets too short once more."""
        if self.is_list_reported(item):
            for kind in (_FEWER_RECIPIENTS, _NO_SUBSCRIBERS):
                clear_alerts(self._run.ledger, [_subject(item)], kind)

    def report_waiting(self, items: Sequence[ScheduledItem], error: PageMissingError) -> None:
        """Report once, without an alert, that messages of an issue wait for its page: that failure has its own."""
        if new := self._filter_unreported(items, "waiting", error.message):
            names = tuple(item.key.channel for item in new)
            self._on_event(DaemonEvent("waiting", _format_item_name(new[0]), names, error.message, error.hint))

    def _filter_unreported(self, items: Sequence[ScheduledItem], what: str, detail: str) -> list[ScheduledItem]:
        by_subject = {_subject(item): item for item in items}
        if not by_subject:
            return []
        new = set(record_alerts(self._run.ledger, by_subject, what, detail, self._run.clock.time()))
        return [item for subject, item in by_subject.items() if subject in new]

    def _set_exit_code(self, code: int) -> None:
        self.exit_code = self.exit_code or code


def _subject(item: ScheduledItem) -> tuple[str, str]:
    return item.key.issue, item.key.channel


def _format_item_name(item: ScheduledItem) -> str:
    return item.record.id or item.record.path


def format_summary_line(outcome: ChannelOutcome) -> str:
    """Summarise what was done on a channel, for people: "@readers · 3 sent · https://…"."""
    counts = (
        (outcome.sent, "sent"),
        (outcome.queued, "with the workers"),
        (outcome.unlisted, "left the list"),
        (outcome.refused, "refused by their servers"),
        (outcome.changed, "changed"),
        (len(outcome.written), "files written"),
    )
    facts = [outcome.destination, *(f"{number} {what}" for number, what in counts if number), outcome.url]
    return " · ".join(fact for fact in facts if fact)


def format_duration(duration: dt.timedelta) -> str:
    """Format a duration for people: "2 days 3 h", "1 h 12 min"."""
    minutes = int(duration.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def report_closed_lanes(run: RunContext, now: dt.datetime) -> Iterator[DaemonEvent]:
    """Report providers that refuse the sender, each once a day by all processes together."""
    for lane in find_closed_lanes(run.ledger, now):
        subject = [(run.config.newsletter.id, lane.channel)]
        if record_alerts(run.ledger, subject, "refused", f"{lane.lane} {now:%Y-%m-%d}", now):
            message = describe_closed_lane(lane, run.zone)
            yield DaemonEvent("refused", "", (lane.channel,), message, "publish doctor", alarm=True)
