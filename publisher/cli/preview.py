"""`publish preview`: show an issue in all channels in the browser, and render it again while it is written."""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import webbrowser
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event

from publisher.cli.actions import load_project, resolve_issue_argument
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.clock import Clock
from publisher.errors import ConfigError
from publisher.installation import install_command
from publisher.project import find_config

_MAX_PORT = 65_535

_SIGNAL_SECONDS = 0.5
"""A wait without an end is not ended by a signal that arrives just before it begins."""


def define(parser: CommandParser) -> None:
    parser.add_issue_argument(default="changed one")
    parser.options.add_argument(
        "--port", metavar="PORT", type=_parse_port, default=0, help="Port on this machine [default: any that is free]"
    )
    parser.options.add_argument("--no-open", action="store_true", help="Print the address; do not open the browser")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Show the preview until Ctrl+C or SIGTERM, then return 0. Raises ConfigError."""
    path = find_config(Path.cwd())
    name = resolve_issue_argument(arguments.issue)
    try:
        from publisher.preview.previewer import Previewer
        from publisher.preview.server import run_preview
    except ModuleNotFoundError:
        needed = "starlette, uvicorn, watchfiles and nh3"
        raise ConfigError(f"publish preview needs {needed}", install_command("preview")) from None
    previewer = Previewer(partial(load_project, path, cache_templates=True), Clock.running(now).time)
    issue = previewer.find_path(name)
    handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), run_preview(previewer, issue, arguments.port) as url:
        output.line(f"{issue} · {url}")
        output.next_step("save the issue and watch it change; Ctrl+C ends the preview")
        if output.json:
            output.finish(0, issue=issue, url=url)
        if not arguments.no_open:
            webbrowser.open(url)
        stop = Event()
        while not stop.wait(_SIGNAL_SECONDS):
            pass
    signal.signal(signal.SIGTERM, handler)
    return 0


def _parse_port(argument: str) -> int:
    if not (argument.isdecimal() and int(argument) <= _MAX_PORT):
        raise ConfigError(f"{argument} is not a port", "like --port 8000")
    return int(argument)
