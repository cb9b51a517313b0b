"""The journal of the daemon: one line per change of state, and a word to the editor about trouble."""

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
    """Writes news on an output, each as a line or, with `structured`, as a JSON object on a line. The last
    ones are in `told`."""

    def __init__(self, output: Output, *, structured: bool = False) -> None:
        self._output = output
        self._structured = structured
        self._config: Config | None = None
        self.recent: deque[DaemonEvent] = deque(maxlen=_MAX_RECENT)

    def set_config(self, config: Config) -> None:
        """Take note of the settings, which say who hears of trouble."""
        self._config = config

    def log_event(self, news: DaemonEvent) -> None:
        """Write news, and pass it on when it is an alarm."""
        self._write_line(news)
        config = self._config
        if news.alarm and config and config.schedule.on_failure:
            from publisher.daemon.hook import run_hook

            name = config.newsletter.name
            facts = {**_event_fields(news), "newsletter": name, "text": f"{name}: {format_event(news)}"}
            if fault := run_hook(config.schedule.on_failure, facts, config.root):
                self._write_line(DaemonEvent("warning", message=f"nobody heard of it: on_failure: {fault}"))

    def _write_line(self, news: DaemonEvent) -> None:
        self.recent.append(news)
        if self._structured:
            from json import dumps

            self._output.line(dumps(_event_fields(news), ensure_ascii=False))
        else:
            style = "red" if news.alarm else "green" if news.what == "published" else ""
            self._output.line(format_event(news), style)


def format_event(news: DaemonEvent) -> str:
    """News as a line."""
    subject = " ".join(filter(None, (news.issue, news.what, ",".join(news.channels))))
    return f"{subject}{news.message and f': {news.message}'}{news.hint and f' · {news.hint}'}"


def _event_fields(news: DaemonEvent) -> dict[str, object]:
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "what": news.what,
        "issue": news.issue,
        "channels": news.channels,
        "message": news.message,
        "hint": news.hint,
        "alarm": news.alarm,
    }
