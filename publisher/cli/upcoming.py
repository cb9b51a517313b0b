"""Formats upcoming issues for people and as JSON."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Sequence
from itertools import groupby

from publisher.calendar.calendar import ItemStatus, ScheduledItem
from publisher.cli.output import Output, format_iso_time, format_time
from publisher.cli.times import format_next_time, format_utc_beside

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
BLOCKED_STATUSES = (
    ItemStatus.BROKEN,
    ItemStatus.HAS_ERRORS,
    ItemStatus.MISSED,
    ItemStatus.UNRESOLVED,
    ItemStatus.REPEAT,
)
_DETAILED_STATUSES = (ItemStatus.BROKEN, ItemStatus.UNRESOLVED, ItemStatus.REPEAT, ItemStatus.TOO_LONG)


def print_upcoming(
    items: list[ScheduledItem], zone: dt.tzinfo | None, output: Output, now: dt.datetime | None = None
) -> None:
    """Print a heading for each issue, a line for each of its channels, and the errors that hold it.

    With `now` it is also said how far ahead a time is.
    """
    for path, group in groupby(items, key=lambda item: item.record.path):
        issue_items = [*group]
        width = max(len(item.key.channel) for item in issue_items)
        output.line(f"{issue_items[0].record.id or path}  upcoming", "bold")
        for item in issue_items:
            style = "red" if item.status in BLOCKED_STATUSES else ""
            facts = (
                format_next_time(item.due, now, zone) if now else format_due_time(item.due, zone),
                "rescheduled" if item.rescheduled else "",
                "held" if item.held else "",
                _ITEM_STATUS_LABELS.get(item.status),
            )
            output.line(f"  {item.key.channel.ljust(width)}  {' · '.join(filter(None, facts))}", style)
            if item.status in _DETAILED_STATUSES:
                output.line(f"  {' ' * width}  {item.detail}")
        _print_errors(issue_items, output)


def print_blocked(items: Sequence[ScheduledItem], output: Output) -> None:
    """Print what keeps issues from being published, each issue after an empty line."""
    blocked = [item for item in items if item.status in (*BLOCKED_STATUSES, ItemStatus.TOO_LONG)]
    for path, group in groupby(blocked, key=lambda item: item.record.path):
        issue_items = [*group]
        output.line("")
        output.line(f"{issue_items[0].record.id or path}  upcoming", "bold")
        reasons: dict[tuple[str, str], list[str]] = {}
        for item in issue_items:
            detail = item.detail if item.status in _DETAILED_STATUSES else ""
            reasons.setdefault((_ITEM_STATUS_LABELS[item.status], detail), []).append(item.key.channel)
        width = max(len(", ".join(channels)) for channels in reasons.values())
        for (label, detail), channels in reasons.items():
            output.line(f"  {', '.join(channels).ljust(width)}  {label}", "red")
            if detail:
                output.line(f"  {' ' * width}  {detail}")
        _print_errors(issue_items, output)


def _print_errors(items: Sequence[ScheduledItem], output: Output) -> None:
    """Print the errors of an issue, which are usually the same for all channels."""
    errors = [f"{item.detail} · {item.hint}" for item in items if item.status is ItemStatus.HAS_ERRORS]
    for error in dict.fromkeys(errors):
        output.line(f"  {error}")


def suggest_check(items: Sequence[ScheduledItem]) -> str:
    """Return the command that shows what is wrong with the first issue that has errors; empty if none has."""
    wrong = (ItemStatus.HAS_ERRORS, ItemStatus.BROKEN)
    return next((f"publish check {shlex.quote(item.record.path)}" for item in items if item.status in wrong), "")


def format_due_time(due: dt.datetime, zone: dt.tzinfo | None) -> str:
    """Return a time as local time, and in UTC if that differs."""
    return f"{format_time(due, zone)}{format_utc_beside(due, zone)}"


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
