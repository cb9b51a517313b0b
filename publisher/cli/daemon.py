"""`publish daemon`: the daemon, which publishes every issue when it is due."""

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

from publisher.calendar.calendar import ItemStatus, ScheduledItem
from publisher.cli.actions import load_project
from publisher.cli.log import DaemonLog
from publisher.cli.output import Output
from publisher.clock import Clock
from publisher.daemon.alerts import DaemonEvent
from publisher.errors import PublisherError, StorageError
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser
    from publisher.config import Config
    from publisher.server.state import DaemonState
    from publisher.theme import Theme


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    add_log_option(parser)


def add_log_option(parser: CommandParser) -> None:
    """Add the choice of how the journal is written."""
    parser.options.add_argument(
        "--log", choices=["text", "json"], default="text", help="how each line of the journal is written"
    )


def run(arguments: argparse.Namespace, output: Output, _: dt.datetime) -> int:
    """Serve until SIGTERM or SIGINT; 0. What is wrong with publisher.toml at the start is raised."""
    from publisher.daemon.alarm import run_alarm
    from publisher.daemon.systemd import notify_systemd

    gc.enable()  # which a single run does without
    daemon = _DaemonRunner(find_config(Path.cwd()), DaemonLog(output, structured=arguments.log == "json"))

    def tick() -> dt.datetime | None:
        notify_systemd("WATCHDOG=1")
        return daemon.tick(dt.datetime.now(dt.UTC))

    def at_work() -> None:
        if daemon.is_alive(dt.datetime.now(dt.UTC)):
            notify_systemd("WATCHDOG=1")

    def ready() -> None:
        daemon.log.log_event(DaemonEvent("started"))
        notify_systemd("READY=1")

    with _serve_http(daemon):
        run_alarm(tick, daemon.stop, daemon.report_failure, at_work, ready)
    notify_systemd("STOPPING=1")
    daemon.record_stop(dt.datetime.now(dt.UTC))
    daemon.log.log_event(DaemonEvent("stopped"))
    output.finish({"exit": 0})
    return 0


@contextmanager
def _serve_http(daemon: _DaemonRunner) -> Iterator[None]:
    """The site and the state of the daemon over HTTP, where `[server] listen` asks for it."""
    config, _ = daemon.project
    if config.listen is None:
        yield
        return
    from publisher.server import build_exposure_warning, run_server

    if warning := build_exposure_warning(config.listen):
        daemon.log.log_event(DaemonEvent("warning", message=warning))
    with run_server(config.listen, config.root / config.newsletter.site, daemon.state) as address:
        daemon.log.log_event(DaemonEvent("listening", message=address))
        yield


class _DaemonRunner:
    """A ticker with its journal. Settings and templates are read anew for each tick."""

    def __init__(self, path: Path, journal: DaemonLog) -> None:
        from publisher.daemon.heartbeat import Heartbeat
        from publisher.daemon.scheduler import Scheduler

        self.log = journal
        self.stop = Event()
        self._path = path
        self._heartbeat = Heartbeat()
        self._scheduler = Scheduler(journal.log_event, self.stop, self._heartbeat)
        self.project = self.reload_project()
        self._last_failure = ""
        self._is_stuck = False
        self._next_due: dt.datetime | None = None
        self._issue_counts: Mapping[str, int] = {}
        self._ledger_errors = 0

    def reload_project(self) -> tuple[Config, Theme]:
        """The settings and the theme."""
        self.project = load_project(self._path, cache_templates=True)
        self.log.set_config(self.project[0])
        return self.project

    def tick(self, now: dt.datetime) -> dt.datetime | None:
        """A tick; when the next has to be. What keeps it from its work is told once."""
        try:
            config, theme = self.reload_project()
            done = self._scheduler.run_pass(config, theme, Clock.running(now))
        except PublisherError as error:
            self._report_error(error)
            return None
        kinds = {(one.record.path, one.status.value) for one in done.upcoming}
        self._issue_counts = Counter(kind for _, kind in kinds)
        if self._last_failure:
            self.log.log_event(DaemonEvent("mended"))
        self._last_failure = ""
        waiting = [one for one in done.upcoming if one.status is ItemStatus.WAITING]
        due = min((one.next_check for one in waiting), default=None)
        if due and due != self._next_due:
            those = [one for one in waiting if one.next_check == due]
            self.log.log_event(_build_next_event(those, ZoneInfo(config.newsletter.timezone)))
        self._next_due = due
        return done.next_due

    def state(self) -> DaemonState:
        """How it is, for those who watch it. An issue counts once for each way it stands on its channels."""
        from publisher.server.state import DaemonState

        return DaemonState(
            dt.datetime.now(dt.UTC),
            self._heartbeat.last_alive,
            self._next_due,
            self._issue_counts,
            *self._heartbeat.metrics,
            ledger_errors=self._ledger_errors,
        )

    def is_alive(self, now: dt.datetime) -> bool:
        """Whether the tick at work moves; that it does not is told once."""
        try:
            moves = self._heartbeat.is_alive(*self.project, now)
        except PublisherError as error:
            self._report_error(error)
            return False
        if not (moves or self._is_stuck):
            what = "what is at work does not end, and nothing is heard of it"
            hint = "start publish daemon anew, if systemd does not; then look at publish status"
            self.log.log_event(DaemonEvent("hangs", message=what, hint=hint, alarm=True))
        self._is_stuck = not moves
        return moves

    def report_failure(self, message: str, hint: str = "") -> None:
        """Tell, once, what keeps it from its work."""
        if message != self._last_failure:
            self.log.log_event(DaemonEvent("failed", message=message, hint=hint, alarm=True))
        self._last_failure = message

    def _report_error(self, error: PublisherError) -> None:
        self._ledger_errors += isinstance(error, StorageError)
        self.report_failure(error.message, error.hint)

    def record_stop(self, now: dt.datetime) -> None:
        """Note in the ledger that it leaves."""
        try:
            self._heartbeat.stop(*self.project, now)
        except PublisherError as error:
            self.log.log_event(DaemonEvent("warning", message=error.message, hint=error.hint))


def _build_next_event(those: Sequence[ScheduledItem], zone: ZoneInfo) -> DaemonEvent:
    """What is next, and when; all of it at the same time."""
    issues = dict.fromkeys(one.record.id for one in those)
    channels = dict.fromkeys(one.key.channel for one in those)
    due = those[0].next_check
    when = f"{due.astimezone(zone):%Y-%m-%d %H:%M} ({due:%Y-%m-%d %H:%M} UTC)"
    return DaemonEvent("next", ",".join(issues), tuple(channels), when)
