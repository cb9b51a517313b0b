"""`publish doctor`: whether everything is set up to publish, and how to mend it."""

from __future__ import annotations

import argparse
import datetime as dt
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.channel import Level
from publisher.cli.actions import load, warnings_on
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.project import find

if TYPE_CHECKING:
    from publisher.cli.parser import Parser

_MARKS = {Level.GOOD: ("✓", "green"), Level.DOUBTFUL: ("!", "yellow"), Level.BAD: ("✗", "red")}


def define(parser: Parser) -> None:
    """Add no arguments: there are none."""


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """Print what was found; 2 when something has to be mended, else 0."""
    from publisher.clock import Clock
    from publisher.events import Request
    from publisher.reports.doctor import examine
    from publisher.run import Run

    config, theme = load(find(Path.cwd()))
    request, report = Request(dry_run=True), warnings_on(output)
    with closing(Run(config, theme, request, config.channels, now, report, Clock.running(now))) as run:
        examined = [*examine(run)]
    width = max(len(one.subject) for one in examined)
    for one in examined:
        for finding in one.findings:
            mark, style = _MARKS[finding.level]
            hint = f" · {finding.hint}" if finding.hint else ""
            output.line(f"{mark} {one.subject.ljust(width)}  {finding.message}{hint}", style)
    bad = any(finding.level is Level.BAD for one in examined for finding in one.findings)
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
