"""The journal of the daemon: one line per change of state, and a word to the editor about trouble."""

from __future__ import annotations

import datetime as dt
from collections import deque
from typing import TYPE_CHECKING

from publisher.cli.output import Output
from publisher.daemon.alerts import News

if TYPE_CHECKING:
    from publisher.config import Config

_KEPT = 100


class Journal:
    """Writes news on an output, each as a line or, with `structured`, as a JSON object on a line. The last
    ones are in `told`."""

    def __init__(self, output: Output, *, structured: bool = False) -> None:
        self._output = output
        self._structured = structured
        self._config: Config | None = None
        self.told: deque[News] = deque(maxlen=_KEPT)

    def hear(self, config: Config) -> None:
        """Take note of the settings, which say who hears of trouble."""
        self._config = config

    def tell(self, news: News) -> None:
        """Write news, and pass it on when it is an alarm."""
        self._write(news)
        config = self._config
        if news.alarm and config and config.schedule.on_failure:
            from publisher.daemon.hook import call

            name = config.publication.name
            facts = {**_facts(news), "newsletter": name, "text": f"{name}: {in_words(news)}"}
            if fault := call(config.schedule.on_failure, facts, config.root):
                self._write(News("warning", message=f"nobody heard of it: on_failure: {fault}"))

    def _write(self, news: News) -> None:
        self.told.append(news)
        if self._structured:
            from json import dumps

            self._output.line(dumps(_facts(news), ensure_ascii=False))
        else:
            style = "red" if news.alarm else "green" if news.what == "published" else ""
            self._output.line(in_words(news), style)


def in_words(news: News) -> str:
    """News as a line."""
    subject = " ".join(filter(None, (news.issue, news.what, ",".join(news.channels))))
    return f"{subject}{news.message and f': {news.message}'}{news.hint and f' · {news.hint}'}"


def _facts(news: News) -> dict[str, object]:
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "what": news.what,
        "issue": news.issue,
        "channels": news.channels,
        "message": news.message,
        "hint": news.hint,
        "alarm": news.alarm,
    }
