"""`publish serve`: the daemon, which publishes every issue when it is due."""

from __future__ import annotations

import argparse
import datetime as dt
import gc
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publisher.cli.acting import load
from publisher.cli.journal import Journal
from publisher.cli.output import Output
from publisher.errors import PublisherError, StorageError
from publisher.pipeline.clock import Clock
from publisher.pipeline.notices import Notice
from publisher.project import find

if TYPE_CHECKING:
    from publisher.cli.parser import Parser
    from publisher.config import Config
    from publisher.server.state import State
    from publisher.theme import Theme


def define(parser: Parser) -> None:
    """Add the arguments."""
    define_log(parser)


def define_log(parser: Parser) -> None:
    """Add the choice of how the journal is written."""
    parser.options.add_argument(
        "--log", choices=["text", "json"], default="text", help="how each line of the journal is written"
    )


def run(arguments: argparse.Namespace, output: Output, _: dt.datetime) -> int:
    """Serve until SIGTERM or SIGINT; 0. What is wrong with publisher.toml at the start is raised."""
    from publisher.schedule import wake
    from publisher.schedule.systemd import notify

    gc.enable()  # which a single run does without
    daemon = _Daemon(find(Path.cwd()), Journal(output, structured=arguments.log == "json"))
    config, _theme = daemon.load()

    def tick() -> dt.datetime | None:
        notify("WATCHDOG=1")
        return daemon.tick(dt.datetime.now(dt.UTC))

    def tell(text: str, alarm: bool) -> None:
        notify("WATCHDOG=1")
        if alarm:
            daemon.journal.tell(Notice("failed", message=text, alarm=True))
        else:
            daemon.note(dt.datetime.now(dt.UTC))

    def ready() -> None:
        daemon.journal.tell(Notice("started"))
        notify("READY=1")

    with _shown(config, daemon):
        wake(tick, daemon.stop, tell, ready)
    notify("STOPPING=1")
    daemon.note(dt.datetime.now(dt.UTC), leaving=True)
    daemon.journal.tell(Notice("stopped"))
    output.finish({"exit": 0})
    return 0


@contextmanager
def _shown(config: Config, daemon: _Daemon) -> Iterator[None]:
    """The site and the state of the daemon over HTTP, where `[serve] listen` asks for it."""
    if config.listen is None:
        yield
        return
    from publisher.server import exposed, serving

    if warning := exposed(config.listen):
        daemon.journal.tell(Notice("warning", message=warning))
    with serving(config.listen, config.root / config.publication.site, daemon.state) as address:
        daemon.journal.tell(Notice("listening", message=address))
        yield


class _Daemon:
    """A ticker with its journal. Settings and templates are read anew for each tick."""

    def __init__(self, path: Path, journal: Journal) -> None:
        from publisher.pipeline.tick import Ticker

        self.journal = journal
        self.stop = Event()
        self._path = path
        self._ticker = Ticker(journal.tell, self.stop, daemon=True)
        self._fault = ""
        self._next: dt.datetime | None = None
        self._last: tuple[dt.datetime, Mapping[str, int]] | None = None
        self._ledger_errors = 0

    def load(self) -> tuple[Config, Theme]:
        """The settings and the theme."""
        config, theme = load(self._path, keep=True)
        self.journal.hear(config)
        return config, theme

    def tick(self, now: dt.datetime) -> dt.datetime | None:
        """A tick; when the next has to be. What keeps it from its work is told once."""
        try:
            config, theme = self.load()
            done = self._ticker.tick(config, theme, Clock.running(now))
        except PublisherError as error:
            self._ledger_errors += isinstance(error, StorageError)
            if error.message != self._fault:
                self.journal.tell(Notice("failed", "", (), error.message, error.hint, alarm=True))
            self._fault = error.message
            return None
        kinds = {(one.record.path, one.outlook.value) for one in done.to_come}
        self._last = now, Counter(kind for _, kind in kinds)
        if self._fault:
            self.journal.tell(Notice("mended"))
        self._fault = ""
        if done.next and done.next != self._next:
            local = done.next.astimezone(ZoneInfo(config.publication.timezone))
            self.journal.tell(Notice("next", message=f"{local:%Y-%m-%d %H:%M} ({done.next:%H:%M} UTC)"))
        self._next = done.next
        return done.next

    def state(self) -> State:
        """How it is, for those who watch it. An issue counts once for each way it stands on its channels."""
        from publisher.server.state import State

        tick, issues = self._last or (None, {})
        return State(dt.datetime.now(dt.UTC), tick, self._next, issues, ledger_errors=self._ledger_errors)

    def note(self, now: dt.datetime, *, leaving: bool = False) -> None:
        """Note in the ledger that it is alive, or that it leaves."""
        from publisher.pipeline.tick import note_alive

        try:
            note_alive(*self.load(), Clock.running(now), leaving=leaving)
        except PublisherError as error:
            self.journal.tell(Notice("warning", "", (), error.message, error.hint))
