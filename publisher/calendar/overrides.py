"""What a person decides about an issue to come: to hold it, or to have it go out at another time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from contextlib import closing
from zoneinfo import ZoneInfo

from publisher.archive.records import Record, issue_names
from publisher.calendar.calendar import (
    ItemStatus,
    LedgerView,
    ScheduledItem,
    build_calendar,
    open_read_only_run,
    read_records,
)
from publisher.clock import Clock, resolve_local_time
from publisher.config import Config
from publisher.errors import ConfigError, find_nearest
from publisher.events import Request
from publisher.ledger.calendar import save_override
from publisher.run import select_channels
from publisher.theme import Theme


def set_override(
    config: Config,
    theme: Theme,
    request: Request,
    now: dt.datetime,
    *,
    held: bool | None = None,
    when: str = "",
) -> list[ScheduledItem]:
    """Hold or release the issue of the request on its channels, or have it go out `when`, a time in the
    newsletter's zone, alone or behind a date; what is to become of it there now.

    Raises ConfigError for an issue or a channel that is not there, a time that cannot be read or lies before
    the date of the issue, and an issue that is out.
    """
    channels = select_channels(config, request.channels)
    with closing(open_read_only_run(config, theme, Clock.running(now))) as run:
        found = read_records(run)
        record = _find_record(request.issue, found)
        due = _parse_due_time(when, record, config) if when else None
        chosen = {channel.name for channel in channels}
        open_ones = [
            one
            for one in build_calendar(run, found, LedgerView.load(run.ledger, now), now)
            if one.record.path == record.path
            and one.key.channel in chosen
            and one.status is not ItemStatus.DONE
        ]
        if not open_ones:
            where = " on " + ", ".join(request.channels) if request.channels else ""
            raise ConfigError(f"{record.id or record.path} is out{where} already", "see publish status")
        save_override(
            run.ledger, open_ones[0].key.issue, [one.key.channel for one in open_ones], held=held, due=due
        )
        keys = {one.key for one in open_ones}
        return [
            one
            for one in build_calendar(run, found, LedgerView.load(run.ledger, now), now)
            if one.key in keys
        ]


def _find_record(wanted: str, found: Mapping[str, Record]) -> Record:
    """The issue of that date, id, path or file name, whether it is due or not."""
    meant = [record for record in found.values() if wanted in issue_names(record)]
    if not meant:
        near = find_nearest(
            wanted, [name for record in found.values() for name in issue_names(record) if name]
        )
        raise ConfigError(
            f"there is no issue {wanted}", f"did you mean {near}?" if near else "publish status"
        )
    if not meant[0].date:
        raise ConfigError(meant[0].fault or f"{meant[0].path} has no date", meant[0].hint)
    return meant[0]


def _parse_due_time(when: str, record: Record, config: Config) -> dt.datetime:
    found = re.fullmatch(r"(?:(\d{4}-\d{2}-\d{2})[ T])?(\d{2}:\d{2})", when)
    try:
        if found is None:
            raise ValueError
        date = dt.date.fromisoformat(record.date)
        day = dt.date.fromisoformat(found[1]) if found[1] else date
        at = dt.time.fromisoformat(found[2])
    except ValueError:
        raise ConfigError(f"{when} is not a time", 'like 10:30 or "2021-08-02 10:30"') from None
    if day < date:
        raise ConfigError(
            f"{record.path} is dated {date}, and no issue goes out before its date", "correct its date first"
        )
    return resolve_local_time(day, at, ZoneInfo(config.newsletter.timezone))
