"""`publish doctor`: check the setup and say how to fix what is wrong."""

from __future__ import annotations

import argparse
import datetime as dt

from publisher.channel import FindingLevel
from publisher.cli.actions import open_run
from publisher.cli.output import Output
from publisher.errors import ConfigError

_LEVEL_SYMBOLS = {
    FindingLevel.OK: ("✓", "green"),
    FindingLevel.WARNING: ("!", "yellow"),
    FindingLevel.ERROR: ("✗", "red"),
}


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """Print the findings; return 2 if one is an error, else 0."""
    from publisher.reports.doctor import diagnose

    with open_run(output, now) as run:
        sections = [*diagnose(run)]
    width = max(len(section.subject) for section in sections)
    findings = [(section.subject, finding) for section in sections for finding in section.findings]
    for subject, finding in findings:
        symbol, style = _LEVEL_SYMBOLS[finding.level]
        hint = f" · {finding.hint}" if finding.hint else ""
        output.line(f"{symbol} {subject.ljust(width)}  {finding.message}{hint}", style)
    has_errors = any(finding.level is FindingLevel.ERROR for _, finding in findings)
    return output.finish(
        ConfigError.exit_code if has_errors else 0,
        findings=[
            {"subject": subject, "level": finding.level.value, "message": finding.message, "hint": finding.hint}
            for subject, finding in findings
        ],
    )
