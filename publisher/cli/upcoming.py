"""Formats upcoming issues for people and as JSON."""

from __future__ import annotations

from itertools import groupby
from zoneinfo import ZoneInfo

from publisher.calendar.calendar import ItemStatus, ScheduledItem
from publisher.cli.output import Output

_ITEM_STATUS_LABELS = {
    ItemStatus.DRAFT: "draft",
    ItemStatus.BROKEN: "cannot be published",
    ItemStatus.HAS_ERRORS: "held: has errors",
    ItemStatus.MISSED: "too late to be published automatically",
    ItemStatus.UNRESOLVED: "stopped: needs a decision",
    ItemStatus.BUSY: "being published",
    ItemStatus.DONE: "published",
}
_BLOCKED_STATUSES = (ItemStatus.BROKEN, ItemStatus.HAS_ERRORS, ItemStatus.MISSED, ItemStatus.UNRESOLVED)


def print_upcoming(items: list[ScheduledItem], zone: ZoneInfo, output: Output) -> None:
    """Print a heading for each issue, a line for each of its channels, and the errors that hold it."""
    width = max((len(item.key.channel) for item in items), default=0)
    for path, group in groupby(items, key=lambda item: item.record.path):
        issue_items = [*group]
        output.line(f"{issue_items[0].record.id or path}  upcoming", "bold")
        for item in issue_items:
            style = "red" if item.status in _BLOCKED_STATUSES else ""
            output.line(f"  {item.key.channel.ljust(width)}  {format_scheduled_item(item, zone)}", style)
            if item.status in (ItemStatus.BROKEN, ItemStatus.UNRESOLVED):
                output.line(f"  {' ' * width}  {item.detail}")
        errors = [
            f"{item.detail} · {item.hint}" for item in issue_items if item.status is ItemStatus.HAS_ERRORS
        ]
        for error in dict.fromkeys(errors):  # usually the same for all channels
            output.line(f"  {error}")


def format_scheduled_item(item: ScheduledItem, zone: ZoneInfo) -> str:
    """Return when an item is due, local and UTC, and what would stop it."""
    local = item.due.astimezone(zone)
    facts = [f"{local:%Y-%m-%d %H:%M} ({item.due:%Y-%m-%d %H:%M} UTC)"]
    if item.rescheduled:
        facts.append("rescheduled")
    if item.held:
        facts.append("held")
    facts.append(_ITEM_STATUS_LABELS.get(item.status, ""))
    return " · ".join(filter(None, facts))


def scheduled_item_to_json(item: ScheduledItem, zone: ZoneInfo) -> dict[str, object]:
    """Return an item as JSON data."""
    return {
        "issue": item.record.id,
        "path": item.record.path,
        "channel": item.key.channel,
        "due": item.due.astimezone(zone).isoformat(timespec="seconds"),
        "utc": item.due.isoformat(timespec="seconds"),
        "rescheduled": item.rescheduled,
        "held": item.held,
        "outlook": item.status.value,
        "detail": item.detail,
    }
