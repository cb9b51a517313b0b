"""Schedule overrides by a person: hold an issue, release it, or reschedule it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from publisher.archive.naming import find_issue
from publisher.archive.records import Record
from publisher.calendar.calendar import ItemStatus, LedgerView, ScheduledItem, build_calendar, read_records
from publisher.calendar.written_times import parse_written_time
from publisher.errors import ConfigError
from publisher.events import Request
from publisher.ledger.calendar import save_override
from publisher.run import RunContext, select_channels


def set_override(
    run: RunContext, request: Request, *, held: bool | None = None, when: str | None = None
) -> list[ScheduledItem]:
    """Hold, release or reschedule the requested issue on its channels; return its items as they are now.

    `when` is what `parse_written_time` understands, in the newsletter's time zone. Raises ConfigError for an issue or a
    channel that does not exist, a time that is malformed or before the date of the issue, and an issue that
    is published already.
    """
    names = {channel.name for channel in select_channels(run.config, request.channels)}
    records = read_records(run)
    record = _find_record(request.issue, records, run.now.date())
    due = None if when is None else _parse_due_time(when, record, run)

    def build_items() -> list[ScheduledItem]:
        view = LedgerView.load(run.ledger, run.started_at)
        return build_calendar(run, records, view, run.started_at)

    items = [
        item
        for item in build_items()
        if item.record.path == record.path and item.key.channel in names and item.status is not ItemStatus.DONE
    ]
    if not items:
        where = " on " + ", ".join(request.channels) if request.channels else ""
        raise ConfigError(f"{record.id or record.path} is already published{where}", "see publish status")
    save_override(run.ledger, items[0].key.issue, [item.key.channel for item in items], held=held, due=due)
    keys = {item.key for item in items}
    return [item for item in build_items() if item.key in keys]


def _find_record(wanted: str, records: Mapping[str, Record], today: dt.date) -> Record:
    record = find_issue(wanted, records, today)
    if not record.date:
        raise ConfigError(record.fault or f"{record.path} has no date", record.hint)
    return record


def _parse_due_time(when: str, record: Record, run: RunContext) -> dt.datetime:
    """Return the time that is meant, in UTC, in whole minutes."""

    def find_usual_time(day: dt.date) -> dt.time:
        return run.config.schedule.due_time(day, "")[1]

    date = dt.date.fromisoformat(record.date)
    due = parse_written_time(when, run.now, date, find_usual_time).replace(second=0, microsecond=0)
    if due.astimezone(run.now.tzinfo).date() < date:
        raise ConfigError(
            f"{record.path} is dated {date}; an issue cannot be published before its date", "change its date first"
        )
    return due
