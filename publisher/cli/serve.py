"""`publish serve`: the daemon, which publishes every issue when it is due."""

from __future__ import annotations

import argparse
import datetime as dt
import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publisher.calendar.calendar import Appointment, Outlook
from publisher.cli.actions import load
from publisher.cli.log import Journal
from publisher.cli.output import Output
from publisher.clock import Clock
from publisher.daemon.alerts import News
from publisher.errors import PublisherError, StorageError
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
    from publisher.daemon.alarm import wake
    from publisher.daemon.systemd import notify

    gc.enable()  # which a single run does without
    daemon = _Daemon(find(Path.cwd()), Journal(output, structured=arguments.log == "json"))

    def tick() -> dt.datetime | None:
        notify("WATCHDOG=1")
        return daemon.tick(dt.datetime.now(dt.UTC))

    def at_work() -> None:
        if daemon.gets_on(dt.datetime.now(dt.UTC)):
            notify("WATCHDOG=1")

    def ready() -> None:
        daemon.journal.tell(News("started"))
        notify("READY=1")

    with _shown(daemon):
        wake(tick, daemon.stop, daemon.fail, at_work, ready)
    notify("STOPPING=1")
    daemon.leave(dt.datetime.now(dt.UTC))
    daemon.journal.tell(News("stopped"))
    output.finish({"exit": 0})
    return 0


@contextmanager
def _shown(daemon: _Daemon) -> Iterator[None]:
    """The site and the state of the daemon over HTTP, where `[serve] listen` asks for it."""
    config, _ = daemon.loaded
    if config.listen is None:
        yield
        return
    from publisher.server import exposed, serving

    if warning := exposed(config.listen):
        daemon.journal.tell(News("warning", message=warning))
    with serving(config.listen, config.root / config.publication.site, daemon.state) as address:
        daemon.journal.tell(News("listening", message=address))
        yield


class _Daemon:
    """A ticker with its journal. Settings and templates are read anew for each tick."""

    def __init__(self, path: Path, journal: Journal) -> None:
        from publisher.daemon.heartbeat import Vigil
        from publisher.daemon.scheduler import Ticker

        self.journal = journal
        self.stop = Event()
        self._path = path
        self._vigil = Vigil()
        self._ticker = Ticker(journal.tell, self.stop, self._vigil)
        self.loaded = self.load()
        self._fault = ""
        self._hangs = False
        self._due: dt.datetime | None = None
        self._issues: Mapping[str, int] = {}
        self._ledger_errors = 0

    def load(self) -> tuple[Config, Theme]:
        """The settings and the theme."""
        self.loaded = load(self._path, keep=True)
        self.journal.hear(self.loaded[0])
        return self.loaded

    def tick(self, now: dt.datetime) -> dt.datetime | None:
        """A tick; when the next has to be. What keeps it from its work is told once."""
        try:
            config, theme = self.load()
            done = self._ticker.tick(config, theme, Clock.running(now))
        except PublisherError as error:
            self._fail(error)
            return None
        kinds = {(one.record.path, one.outlook.value) for one in done.to_come}
        self._issues = Counter(kind for _, kind in kinds)
        if self._fault:
            self.journal.tell(News("mended"))
        self._fault = ""
        waiting = [one for one in done.to_come if one.outlook is Outlook.WAITING]
        due = min((one.next for one in waiting), default=None)
        if due and due != self._due:
            those = [one for one in waiting if one.next == due]
            self.journal.tell(_announced(those, ZoneInfo(config.publication.timezone)))
        self._due = due
        return done.next

    def state(self) -> State:
        """How it is, for those who watch it. An issue counts once for each way it stands on its channels."""
        from publisher.server.state import State

        return State(
            dt.datetime.now(dt.UTC),
            self._vigil.heartbeat,
            self._due,
            self._issues,
            *self._vigil.figures,
            ledger_errors=self._ledger_errors,
        )

    def gets_on(self, now: dt.datetime) -> bool:
        """Whether the tick at work moves; that it does not is told once."""
        try:
            moves = self._vigil.gets_on(*self.loaded, now)
        except PublisherError as error:
            self._fail(error)
            return False
        if not (moves or self._hangs):
            what = "what is at work does not end, and nothing is heard of it"
            hint = "start publish serve anew, if systemd does not; then look at publish status"
            self.journal.tell(News("hangs", message=what, hint=hint, alarm=True))
        self._hangs = not moves
        return moves

    def fail(self, message: str, hint: str = "") -> None:
        """Tell, once, what keeps it from its work."""
        if message != self._fault:
            self.journal.tell(News("failed", message=message, hint=hint, alarm=True))
        self._fault = message

    def _fail(self, error: PublisherError) -> None:
        self._ledger_errors += isinstance(error, StorageError)
        self.fail(error.message, error.hint)

    def leave(self, now: dt.datetime) -> None:
        """Note in the ledger that it leaves."""
        try:
            self._vigil.leave(*self.loaded, now)
        except PublisherError as error:
            self.journal.tell(News("warning", message=error.message, hint=error.hint))


def _announced(those: Sequence[Appointment], zone: ZoneInfo) -> News:
    """What is next, and when; all of it at the same time."""
    issues = dict.fromkeys(one.record.id for one in those)
    channels = dict.fromkeys(one.key.channel for one in those)
    due = those[0].next
    when = f"{due.astimezone(zone):%Y-%m-%d %H:%M} ({due:%Y-%m-%d %H:%M} UTC)"
    return News("next", ",".join(issues), tuple(channels), when)
