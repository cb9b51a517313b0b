"""The daemon's log: one line per change of state, and `on_failure` for alarms.

By hand: importing structlog takes eight times as long as starting Python.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from typing import TYPE_CHECKING

from publisher.cli.controls import dump_json, flatten_lines
from publisher.cli.output import Output
from publisher.daemon.alerts import DaemonEvent

if TYPE_CHECKING:
    from publisher.config import Config


class DaemonLog:
    """Writes each event as a line of text or, if `structured`, a line of JSON.

    `recent` has the last ones. `config` has `on_failure`, and changes while the daemon runs.
    """

    def __init__(self, output: Output, *, structured: bool = False) -> None:
        self._output = output
        self._structured = structured
        self.config: Config | None = None
        self.recent: deque[DaemonEvent] = deque(maxlen=100)

    def log_event(self, event: DaemonEvent) -> None:
        """Write an event, and run `on_failure` if it is an alarm."""
        self._write_line(event)
        config = self.config
        if event.alarm and config and config.schedule.on_failure:
            from publisher.daemon.hook import run_hook

            name = config.newsletter.name
            payload = {**_event_fields(event), "newsletter": name, "text": f"{name}: {_format_event(event)}"}
            if error := run_hook(config.schedule.on_failure, payload, config.root):
                self._write_line(DaemonEvent("warning", message=f"on_failure did not work: {error}"))

    def _write_line(self, event: DaemonEvent) -> None:
        self.recent.append(event)
        if self._structured:
            self._output.line(dump_json(_event_fields(event)))
        else:
            style = "red" if event.alarm else "green" if event.what == "published" else ""
            self._output.line(flatten_lines(_format_event(event)), style)


def _format_event(event: DaemonEvent) -> str:
    subject = " ".join(filter(None, (event.issue, event.what, ",".join(event.channels))))
    return f"{subject}{event.message and f': {event.message}'}{event.hint and f' · {event.hint}'}"


def _event_fields(event: DaemonEvent) -> dict[str, object]:
    return {"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), **event._asdict()}
