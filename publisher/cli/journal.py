"""The journal of the daemon: one line per change of state, and a word to the editor about trouble."""

from __future__ import annotations

import datetime as dt
from collections import deque
from typing import TYPE_CHECKING

from publisher.cli.output import Output
from publisher.pipeline.notices import Notice

if TYPE_CHECKING:
    from publisher.config import Config

_KEPT = 100


class Journal:
    """Writes notices on an output, each as a line or, with `structured`, as a JSON object on a line. The last
    ones are in `told`."""

    def __init__(self, output: Output, *, structured: bool = False) -> None:
        self._output = output
        self._structured = structured
        self._config: Config | None = None
        self.told: deque[Notice] = deque(maxlen=_KEPT)

    def hear(self, config: Config) -> None:
        """Take note of the settings, which say who hears of trouble."""
        self._config = config

    def tell(self, notice: Notice) -> None:
        """Write a notice, and pass it on when it is an alarm."""
        self._write(notice)
        config = self._config
        if notice.alarm and config and config.schedule.on_failure:
            from publisher.schedule.hook import call

            name = config.publication.name
            news = {**_facts(notice), "newsletter": name, "text": f"{name}: {in_words(notice)}"}
            if fault := call(config.schedule.on_failure, news, config.root):
                self._write(Notice("warning", message=f"nobody heard of it: on_failure: {fault}"))

    def _write(self, notice: Notice) -> None:
        self.told.append(notice)
        if self._structured:
            from json import dumps

            self._output.line(dumps(_facts(notice), ensure_ascii=False))
        else:
            style = "red" if notice.alarm else "green" if notice.what == "published" else ""
            self._output.line(in_words(notice), style)


def in_words(notice: Notice) -> str:
    """A notice as a line."""
    subject = " ".join(filter(None, (notice.issue, notice.what, ",".join(notice.channels))))
    return f"{subject}{notice.message and f': {notice.message}'}{notice.hint and f' · {notice.hint}'}"


def _facts(notice: Notice) -> dict[str, object]:
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "what": notice.what,
        "issue": notice.issue,
        "channels": notice.channels,
        "message": notice.message,
        "hint": notice.hint,
        "alarm": notice.alarm,
    }
