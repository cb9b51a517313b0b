"""What is to come, as people read it."""

from __future__ import annotations

from itertools import groupby
from zoneinfo import ZoneInfo

from publisher.calendar.calendar import ItemStatus, ScheduledItem
from publisher.cli.output import Output

_ITEM_STATUS_LABELS = {
    ItemStatus.DRAFT: "a draft",
    ItemStatus.BROKEN: "cannot go out",
    ItemStatus.HAS_ERRORS: "held by its errors",
    ItemStatus.MISSED: "too late to go out by itself",
    ItemStatus.UNRESOLVED: "stopped",
    ItemStatus.BUSY: "being published",
    ItemStatus.DONE: "out",
}
_BLOCKED_STATUSES = (ItemStatus.BROKEN, ItemStatus.HAS_ERRORS, ItemStatus.MISSED, ItemStatus.UNRESOLVED)


def print_upcoming(found: list[ScheduledItem], zone: ZoneInfo, output: Output) -> None:
    """A heading for each issue, a line for each of its channels, and the errors that hold it."""
    width = max((len(one.key.channel) for one in found), default=0)
    for path, group in groupby(found, key=lambda one: one.record.path):
        listed = [*group]
        output.line(f"{listed[0].record.id or path}  to come", "bold")
        for one in listed:
            style = "red" if one.status in _BLOCKED_STATUSES else ""
            output.line(f"  {one.key.channel.ljust(width)}  {format_scheduled_item(one, zone)}", style)
            if one.status in (ItemStatus.BROKEN, ItemStatus.UNRESOLVED):
                output.line(f"  {' ' * width}  {one.detail}")
        errors = [f"{one.detail} · {one.hint}" for one in listed if one.status is ItemStatus.HAS_ERRORS]
        for said in dict.fromkeys(errors):  # mostly the same for all channels
            output.line(f"  {said}")


def format_scheduled_item(one: ScheduledItem, zone: ZoneInfo) -> str:
    """When it is due, local and UTC, and what would stop it."""
    local = one.due.astimezone(zone)
    facts = [f"{local:%Y-%m-%d %H:%M} ({one.due:%Y-%m-%d %H:%M} UTC)"]
    if one.rescheduled:
        facts.append("rescheduled")
    if one.held:
        facts.append("held")
    facts.append(_ITEM_STATUS_LABELS.get(one.status, ""))
    return " · ".join(filter(None, facts))


def scheduled_item_to_json(one: ScheduledItem, zone: ZoneInfo) -> dict[str, object]:
    """An appointment, for scripts."""
    return {
        "issue": one.record.id,
        "path": one.record.path,
        "channel": one.key.channel,
        "due": one.due.astimezone(zone).isoformat(timespec="seconds"),
        "utc": one.due.isoformat(timespec="seconds"),
        "rescheduled": one.rescheduled,
        "held": one.held,
        "outlook": one.status.value,
        "detail": one.detail,
    }
