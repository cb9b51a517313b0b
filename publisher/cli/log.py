"""The daemon's log: one line per change of state, and `on_failure` for alarms.

By hand: importing structlog takes eight times as long as starting Python.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from typing import TYPE_CHECKING

from publisher.cli.output import Output
from publisher.daemon.alerts import DaemonEvent

if TYPE_CHECKING:
    from publisher.config import Config

_MAX_RECENT = 100


class DaemonLog:
    """Writes each event as a line of text or, if `structured`, a line of JSON. `recent` has the last ones."""

    def __init__(self, output: Output, *, structured: bool = False) -> None:
        self._output = output
        self._structured = structured
        self._config: Config | None = None
        self.recent: deque[DaemonEvent] = deque(maxlen=_MAX_RECENT)

    def set_config(self, config: Config) -> None:
        """Set the configuration, which has `on_failure`."""
        self._config = config

    def log_event(self, event: DaemonEvent) -> None:
        """Write an event, and run `on_failure` if it is an alarm."""
        self._write_line(event)
        config = self._config
        if event.alarm and config and config.schedule.on_failure:
            from publisher.daemon.hook import run_hook

            name = config.newsletter.name
            payload = {**_event_fields(event), "newsletter": name, "text": f"{name}: {format_event(event)}"}
            if error := run_hook(config.schedule.on_failure, payload, config.root):
                self._write_line(DaemonEvent("warning", message=f"on_failure did not work: {error}"))

    def _write_line(self, event: DaemonEvent) -> None:
        self.recent.append(event)
        if self._structured:
            from json import dumps

            self._output.line(dumps(_event_fields(event), ensure_ascii=False))
        else:
            style = "red" if event.alarm else "green" if event.what == "published" else ""
            self._output.line(format_event(event), style)


def format_event(event: DaemonEvent) -> str:
    """Return an event as one line of text."""
    subject = " ".join(filter(None, (event.issue, event.what, ",".join(event.channels))))
    return f"{subject}{event.message and f': {event.message}'}{event.hint and f' · {event.hint}'}"


def _event_fields(event: DaemonEvent) -> dict[str, object]:
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "what": event.what,
        "issue": event.issue,
        "channels": event.channels,
        "message": event.message,
        "hint": event.hint,
        "alarm": event.alarm,
    }
