"""`publish worker`: send what other processes have planned, on this machine or another."""

from __future__ import annotations

import argparse
import datetime as dt
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import load_project
from publisher.cli.daemon import add_log_option
from publisher.cli.log import DaemonLog
from publisher.cli.output import Output, plural
from publisher.cli.parser import CommandParser
from publisher.cli.tick import stop_on_signals
from publisher.errors import ConfigError
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.theme import Theme


def define(parser: CommandParser) -> None:
    option = parser.options.add_argument
    option("--setup", action="store_true", help="Create or upgrade the tables of the queue in the ledger's database")
    option(
        "--lanes",
        metavar="LANES",
        type=_parse_lanes,
        action="append",
        default=[],
        help="Comma-separated lanes [default: all]",
    )
    option(
        "--threads",
        metavar="N",
        type=_parse_threads,
        default=0,
        help="How many messages to send at the same time [default: connections of the channel]",
    )
    add_log_option(parser)


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Set up the tables and return; or work until SIGTERM or SIGINT, then return 0. Raises ConfigError without
    `[ledger] workers`, or if the tables are missing."""
    path = find_config(Path.cwd())
    config, theme = load_project(path)
    if not config.workers:
        raise ConfigError("this newsletter has no workers", "set workers = true in [ledger] of publisher.toml")
    if arguments.setup:
        return _set_up(config, theme, output, now)
    from publisher.daemon.alerts import DaemonEvent
    from publisher.daemon.shard_worker import ShardWorker
    from publisher.daemon.systemd import notify_systemd

    log = DaemonLog(output, structured=arguments.log == "json")
    log.config = config
    lanes = set[str]().union(*arguments.lanes)
    with stop_on_signals() as stop:
        worker = ShardWorker(partial(load_project, path), log.log_event, stop, lanes, arguments.threads)
        worker.check()
        log.log_event(DaemonEvent("started"))
        notify_systemd("READY=1")
        worker.run()
    notify_systemd("STOPPING=1")
    log.log_event(DaemonEvent("stopped"))
    return output.finish(0)


def _set_up(config: Config, theme: Theme, output: Output, now: dt.datetime) -> int:
    from publisher.delivery.engine_tables import set_up_tables
    from publisher.run import RunContext

    with closing(RunContext.open(config, theme, now)) as run_context:
        done = set_up_tables(run_context.ledger)
    scripts = f"{len(done)} {plural(len(done), 'script')} run, up to {done[-1]}" if done else "nothing to do"
    output.line(f"the tables of the queue are there: {scripts}")
    return output.finish(0, scripts=done)


def _parse_lanes(argument: str) -> set[str]:
    if lanes := {name.strip() for name in argument.split(",")} - {""}:
        return lanes
    raise ConfigError("--lanes names no lane", "like --lanes qq.com,163.com")


def _parse_threads(argument: str) -> int:
    if not (argument.isdecimal() and int(argument) > 0):
        raise ConfigError(f"{argument} is not a number of threads", "like --threads 4")
    return int(argument)
