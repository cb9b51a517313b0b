"""What is to come, as people read it."""

from __future__ import annotations

from itertools import groupby
from zoneinfo import ZoneInfo

from publisher.calendar.calendar import Appointment, Outlook
from publisher.cli.output import Output

_STOPS = {
    Outlook.DRAFT: "a draft",
    Outlook.BROKEN: "cannot go out",
    Outlook.UNSOUND: "held by its errors",
    Outlook.MISSED: "too late to go out by itself",
    Outlook.OPEN: "stopped",
    Outlook.BUSY: "being published",
    Outlook.DONE: "out",
}
_BAD = (Outlook.BROKEN, Outlook.UNSOUND, Outlook.MISSED, Outlook.OPEN)


def show(found: list[Appointment], zone: ZoneInfo, output: Output) -> None:
    """A heading for each issue, a line for each of its channels, and the errors that hold it."""
    width = max((len(one.key.channel) for one in found), default=0)
    for path, group in groupby(found, key=lambda one: one.record.path):
        listed = [*group]
        output.line(f"{listed[0].record.id or path}  to come", "bold")
        for one in listed:
            style = "red" if one.outlook in _BAD else ""
            output.line(f"  {one.key.channel.ljust(width)}  {in_words(one, zone)}", style)
            if one.outlook in (Outlook.BROKEN, Outlook.OPEN):
                output.line(f"  {' ' * width}  {one.detail}")
        errors = [f"{one.detail} · {one.hint}" for one in listed if one.outlook is Outlook.UNSOUND]
        for said in dict.fromkeys(errors):  # mostly the same for all channels
            output.line(f"  {said}")


def in_words(one: Appointment, zone: ZoneInfo) -> str:
    """When it is due, local and UTC, and what would stop it."""
    local = one.due.astimezone(zone)
    facts = [f"{local:%Y-%m-%d %H:%M} ({one.due:%Y-%m-%d %H:%M} UTC)"]
    if one.moved:
        facts.append("rescheduled")
    if one.held:
        facts.append("held")
    facts.append(_STOPS.get(one.outlook, ""))
    return " · ".join(filter(None, facts))


def as_json(one: Appointment, zone: ZoneInfo) -> dict[str, object]:
    """An appointment, for scripts."""
    return {
        "issue": one.record.id,
        "path": one.record.path,
        "channel": one.key.channel,
        "due": one.due.astimezone(zone).isoformat(timespec="seconds"),
        "utc": one.due.isoformat(timespec="seconds"),
        "rescheduled": one.moved,
        "held": one.held,
        "outlook": one.outlook.value,
        "detail": one.detail,
    }
