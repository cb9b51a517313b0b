"""`publish doctor`: whether everything is set up to publish, and how to mend it."""

from __future__ import annotations

import argparse
import datetime as dt
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.channel import FindingLevel
from publisher.cli.actions import build_warning_handler, load_project
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser

_LEVEL_SYMBOLS = {
    FindingLevel.OK: ("✓", "green"),
    FindingLevel.WARNING: ("!", "yellow"),
    FindingLevel.ERROR: ("✗", "red"),
}


def define(parser: CommandParser) -> None:
    """Add no arguments: there are none."""


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """Print what was found; 2 when something has to be mended, else 0."""
    from publisher.clock import Clock
    from publisher.events import Request
    from publisher.reports.doctor import diagnose
    from publisher.run import RunContext

    config, theme = load_project(find_config(Path.cwd()))
    request, report = Request(dry_run=True), build_warning_handler(output)
    with closing(RunContext(config, theme, request, config.channels, now, report, Clock.running(now))) as run:
        examined = [*diagnose(run)]
    width = max(len(one.subject) for one in examined)
    for one in examined:
        for finding in one.findings:
            mark, style = _LEVEL_SYMBOLS[finding.level]
            hint = f" · {finding.hint}" if finding.hint else ""
            output.line(f"{mark} {one.subject.ljust(width)}  {finding.message}{hint}", style)
    bad = any(finding.level is FindingLevel.ERROR for one in examined for finding in one.findings)
    code = ConfigError.exit_code if bad else 0
    output.finish(
        {
            "findings": [
                {
                    "subject": one.subject,
                    "level": finding.level.value,
                    "message": finding.message,
                    "hint": finding.hint,
                }
                for one in examined
                for finding in one.findings
            ],
            "exit": code,
        }
    )
    return code
