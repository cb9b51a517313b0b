"""Schedule overrides by a person: hold an issue, release it, or reschedule it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from publisher.archive.naming import find_issue
from publisher.archive.records import Record
from publisher.calendar.calendar import ItemStatus, LedgerView, ScheduledItem, build_calendar, read_records
from publisher.clock import resolve_local_time
from publisher.config import Config
from publisher.errors import ConfigError
from publisher.events import Request
from publisher.ledger.calendar import save_override
from publisher.run import RunContext, select_channels


def set_override(run: RunContext, request: Request, *, held: bool | None = None, when: str = "") -> list[ScheduledItem]:
    """Hold, release or reschedule the requested issue on its channels; return its items as they are now.

    `when` is HH:MM or YYYY-MM-DD HH:MM in the newsletter's time zone. Raises ConfigError for an issue or a
    channel that does not exist, a time that is malformed or before the date of the issue, and an issue that
    is published already.
    """
    names = {channel.name for channel in select_channels(run.config, request.channels)}
    records = read_records(run)
    record = _find_record(request.issue, records, run.now.date())
    due = _parse_due_time(when, record, run.config) if when else None

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


def _parse_due_time(when: str, record: Record, config: Config) -> dt.datetime:
    match = re.fullmatch(r"(?:(\d{4}-\d{2}-\d{2})[ T])?(\d{2}:\d{2})", when)
    try:
        if match is None:
            raise ValueError
        date = dt.date.fromisoformat(record.date)
        day = dt.date.fromisoformat(match[1]) if match[1] else date
        at = dt.time.fromisoformat(match[2])
    except ValueError:
        raise ConfigError(f"{when} is not a time", 'write 10:30 or "2021-08-02 10:30"') from None
    if day < date:
        raise ConfigError(
            f"{record.path} is dated {date}; an issue cannot be published before its date", "change its date first"
        )
    return resolve_local_time(day, at, ZoneInfo(config.newsletter.timezone))
