"""`publish doctor`: check the setup and say how to fix what is wrong."""

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
    """Add no arguments."""


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """Print the findings; return 2 if one is an error, else 0."""
    from publisher.reports.doctor import diagnose
    from publisher.run import RunContext

    config, theme = load_project(find_config(Path.cwd()))
    with closing(RunContext.open(config, theme, now, build_warning_handler(output))) as run:
        sections = [*diagnose(run)]
    width = max(len(section.subject) for section in sections)
    for section in sections:
        for finding in section.findings:
            symbol, style = _LEVEL_SYMBOLS[finding.level]
            hint = f" · {finding.hint}" if finding.hint else ""
            output.line(f"{symbol} {section.subject.ljust(width)}  {finding.message}{hint}", style)
    has_errors = any(
        finding.level is FindingLevel.ERROR for section in sections for finding in section.findings
    )
    exit_code = ConfigError.exit_code if has_errors else 0
    output.finish(
        {
            "findings": [
                {
                    "subject": section.subject,
                    "level": finding.level.value,
                    "message": finding.message,
                    "hint": finding.hint,
                }
                for section in sections
                for finding in section.findings
            ],
            "exit": exit_code,
        }
    )
    return exit_code
