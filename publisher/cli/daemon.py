"""`publish daemon`: run the scheduler, which publishes every issue when it is due."""

from __future__ import annotations

import argparse
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publisher.calendar.calendar import ItemStatus, ScheduledItem
from publisher.cli.actions import load_project
from publisher.cli.log import DaemonLog
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.cli.upcoming import format_due_time
from publisher.clock import Clock
from publisher.daemon.alerts import DaemonEvent
from publisher.errors import PublisherError, StorageError
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.bounces.effects import Effect
    from publisher.bounces.receiver import WebhookReceiver
    from publisher.config import Config
    from publisher.server.state import DaemonState
    from publisher.server.subscriber_pages import SubscriberPages
    from publisher.subscriber_settings import SubscriberSettings
    from publisher.theme import Theme


def define(parser: CommandParser) -> None:
    add_log_option(parser)


def add_log_option(parser: CommandParser) -> None:
    parser.options.add_argument(
        "--log",
        metavar="FORMAT",
        choices=["text", "json"],
        default="text",
        help="Log format, text or json [default: text]",
    )


def run(arguments: argparse.Namespace, output: Output, _: dt.datetime) -> int:
    """Run until SIGTERM or SIGINT, then return 0. Raises ConfigError if publisher.toml is invalid."""
    from publisher.daemon.alarm import run_alarm
    from publisher.daemon.systemd import notify_systemd

    daemon = _DaemonRunner(find_config(Path.cwd()), DaemonLog(output, structured=arguments.log == "json"))

    def tick() -> dt.datetime | None:
        notify_systemd("WATCHDOG=1")
        return daemon.tick(dt.datetime.now(dt.UTC))

    def pet_watchdog() -> None:
        if daemon.is_alive(dt.datetime.now(dt.UTC)):
            notify_systemd("WATCHDOG=1")

    def ready() -> None:
        daemon.log.log_event(DaemonEvent("started"))
        notify_systemd("READY=1")

    with _serve_http(daemon):
        run_alarm(tick, daemon.stop, daemon.report_failure, pet_watchdog, ready)
    notify_systemd("STOPPING=1")
    daemon.record_stop(dt.datetime.now(dt.UTC))
    daemon.log.log_event(DaemonEvent("stopped"))
    return output.finish(0)


@contextmanager
def _serve_http(daemon: _DaemonRunner) -> Iterator[None]:
    """Serve the site, health and metrics over HTTP if `[server] listen` is set."""
    config, _ = daemon.project
    from publisher.server import build_exposure_warning, require_private_pages, run_server

    require_private_pages(config)
    if config.listen is None:
        yield
        return

    if warning := build_exposure_warning(config.listen):
        daemon.log.log_event(DaemonEvent("warning", message=warning))
    site = config.root / config.newsletter.site
    with ExitStack() as stack:
        pages = _build_pages(daemon, config.subscribers, stack) if config.subscribers else None
        webhooks = _build_receiver(daemon) if config.bounces.webhooks else None
        server = run_server(config.listen, site, daemon.state, config.proxies, pages, webhooks)
        address = stack.enter_context(server)
        daemon.log.log_event(DaemonEvent("listening", message=address))
        if config.subscribers:
            daemon.log.log_event(DaemonEvent("listening", message=f"{config.subscribers.base}/subscribe"))
        yield


def _build_pages(daemon: _DaemonRunner, settings: SubscriberSettings, stack: ExitStack) -> SubscriberPages:
    """Build the pages for subscribers. Confirmations are sent until the end of `stack`. Raises ConfigError for a key
    that cannot be read, which would only show on the pages otherwise."""
    from publisher.server.confirmations import ConfirmationSender
    from publisher.server.subscriber_pages import SubscriberPages

    def report(message: str, hint: str) -> None:
        daemon.log.log_event(DaemonEvent("sign-ups", message=message, hint=hint, alarm=True))

    settings.load_keys()
    confirmations = stack.enter_context(closing(ConfirmationSender(report)))
    return SubscriberPages(lambda: daemon.project, lambda: dt.datetime.now(dt.UTC), confirmations)


def _build_receiver(daemon: _DaemonRunner) -> WebhookReceiver:
    """Build what takes the webhooks of providers, and logs what they led to."""
    from publisher.bounces.receiver import WebhookReceiver
    from publisher.daemon.bounces import report_effects

    def report(effects: tuple[Effect, ...], error: PublisherError | None) -> None:
        report_effects(effects, daemon.log.log_event)
        if error:
            daemon.log.log_event(DaemonEvent("bounces", "", ("email",), error.message, error.hint))

    return WebhookReceiver(lambda: daemon.project, lambda: dt.datetime.now(dt.UTC), report)


class _DaemonRunner:
    """The scheduler with its log. publisher.toml and templates are loaded again for each tick."""

    def __init__(self, path: Path, log: DaemonLog) -> None:
        from publisher.daemon.heartbeat import Heartbeat
        from publisher.daemon.scheduler import Scheduler

        self.log = log
        self.stop = Event()
        self._path = path
        self._heartbeat = Heartbeat()
        self._scheduler = Scheduler(log.log_event, self.stop, self._heartbeat)
        self.project = self.reload_project()
        self._last_failure = ""
        self._is_stuck = False
        self._next_due: dt.datetime | None = None
        self._issue_counts: Mapping[str, int] = {}
        self._ledger_errors = 0

    def reload_project(self) -> tuple[Config, Theme]:
        self.project = load_project(self._path, cache_templates=True)
        self.log.config = self.project[0]
        return self.project

    def tick(self, now: dt.datetime) -> dt.datetime | None:
        """Run one pass; return when the next one is due. An error that stops it is logged once."""
        try:
            config, theme = self.reload_project()
            result = self._scheduler.run_pass(config, theme, Clock.running(now))
        except PublisherError as error:
            self._report_error(error)
            return None
        statuses = {(item.record.path, item.status.value) for item in result.upcoming}
        self._issue_counts = Counter(status for _, status in statuses)
        if self._last_failure:
            self.log.log_event(DaemonEvent("recovered"))
        self._last_failure = ""
        waiting_items = [item for item in result.upcoming if item.status is ItemStatus.WAITING]
        due = min((item.next_check for item in waiting_items), default=None)
        if due and due != self._next_due:
            next_items = [item for item in waiting_items if item.next_check == due]
            self.log.log_event(_build_next_event(next_items, ZoneInfo(config.newsletter.timezone)))
        self._next_due = due
        return result.next_due

    def state(self) -> DaemonState:
        """Return the state for health and metrics. An issue counts once for each status that it has."""
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
        """Return whether the running tick makes progress. If it does not, that is logged once, as an alarm."""
        try:
            is_alive = self._heartbeat.is_alive(*self.project, now)
        except PublisherError as error:
            self._report_error(error)
            return False
        if not (is_alive or self._is_stuck):
            message = "the daemon is stuck: the current run makes no progress"
            hint = "restart publish daemon if systemd does not, then run publish status"
            self.log.log_event(DaemonEvent("hangs", message=message, hint=hint, alarm=True))
        self._is_stuck = not is_alive
        return is_alive

    def report_failure(self, message: str, hint: str = "") -> None:
        """Log, once, an error that keeps the daemon from working."""
        if message != self._last_failure:
            self.log.log_event(DaemonEvent("failed", message=message, hint=hint, alarm=True))
        self._last_failure = message

    def _report_error(self, error: PublisherError) -> None:
        self._ledger_errors += isinstance(error, StorageError)
        self.report_failure(error.message, error.hint)

    def record_stop(self, now: dt.datetime) -> None:
        try:
            self._heartbeat.stop(*self.project, now)
        except PublisherError as error:
            self.log.log_event(DaemonEvent("warning", message=error.message, hint=error.hint))


def _build_next_event(items: Sequence[ScheduledItem], zone: ZoneInfo) -> DaemonEvent:
    """Build the event that names the next issues, which are due at the same time."""
    issues = dict.fromkeys(item.record.id for item in items)
    channels = dict.fromkeys(item.key.channel for item in items)
    return DaemonEvent("next", ",".join(issues), tuple(channels), format_due_time(items[0].next_check, zone))
