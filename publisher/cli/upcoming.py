"""Formats upcoming issues for people and as JSON."""

from __future__ import annotations

import datetime as dt
from itertools import groupby

from publisher.calendar.calendar import ItemStatus, ScheduledItem
from publisher.cli.output import Output, format_iso_time, format_time

_ITEM_STATUS_LABELS = {
    ItemStatus.DRAFT: "draft",
    ItemStatus.BROKEN: "cannot be published",
    ItemStatus.HAS_ERRORS: "held: has errors",
    ItemStatus.TOO_LONG: "left out: too long",
    ItemStatus.MISSED: "too late to be published automatically",
    ItemStatus.UNRESOLVED: "stopped: needs a decision",
    ItemStatus.REPEAT: "went out before: needs a decision",
    ItemStatus.BUSY: "being published",
    ItemStatus.DONE: "published",
}
_BLOCKED_STATUSES = (
    ItemStatus.BROKEN,
    ItemStatus.HAS_ERRORS,
    ItemStatus.MISSED,
    ItemStatus.UNRESOLVED,
    ItemStatus.REPEAT,
)


def print_upcoming(items: list[ScheduledItem], zone: dt.tzinfo | None, output: Output) -> None:
    """Print a heading for each issue, a line for each of its channels, and the errors that hold it."""
    width = max((len(item.key.channel) for item in items), default=0)
    for path, group in groupby(items, key=lambda item: item.record.path):
        issue_items = [*group]
        output.line(f"{issue_items[0].record.id or path}  upcoming", "bold")
        for item in issue_items:
            style = "red" if item.status in _BLOCKED_STATUSES else ""
            facts = (
                format_due_time(item.due, zone),
                "rescheduled" if item.rescheduled else "",
                "held" if item.held else "",
                _ITEM_STATUS_LABELS.get(item.status),
            )
            output.line(f"  {item.key.channel.ljust(width)}  {' · '.join(filter(None, facts))}", style)
            if item.status in (ItemStatus.BROKEN, ItemStatus.UNRESOLVED, ItemStatus.REPEAT, ItemStatus.TOO_LONG):
                output.line(f"  {' ' * width}  {item.detail}")
        errors = [f"{item.detail} · {item.hint}" for item in issue_items if item.status is ItemStatus.HAS_ERRORS]
        for error in dict.fromkeys(errors):  # usually the same for all channels
            output.line(f"  {error}")


def format_due_time(due: dt.datetime, zone: dt.tzinfo | None) -> str:
    """Return a time in UTC as local time and UTC."""
    return f"{format_time(due, zone)} ({due:%Y-%m-%d %H:%M} UTC)"


def scheduled_item_to_json(item: ScheduledItem, zone: dt.tzinfo | None) -> dict[str, object]:
    return {
        "issue": item.record.id,
        "path": item.record.path,
        "channel": item.key.channel,
        "due": format_iso_time(item.due, zone),
        "utc": item.due.isoformat(timespec="seconds"),
        "rescheduled": item.rescheduled,
        "held": item.held,
        "outlook": item.status.value,
        "detail": item.detail,
    }
