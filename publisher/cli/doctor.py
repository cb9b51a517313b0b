"""`publish doctor`: check the setup and say how to fix what is wrong."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from publisher.channel import Finding, FindingLevel
from publisher.cli.actions import open_run
from publisher.cli.output import Output, plural
from publisher.cli.parser import CommandParser
from publisher.errors import ConfigError

if TYPE_CHECKING:
    from publisher.reports.doctor import SubjectFindings

_LEVEL_SYMBOLS = {
    FindingLevel.OK: ("✓", "green"),
    FindingLevel.WARNING: ("!", "magenta"),
    FindingLevel.ERROR: ("✗", "red"),
}


def define(parser: CommandParser) -> None:
    parser.options.add_argument("-v", "--verbose", action="store_true", help="Show everything that was checked")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Print the findings; return 2 if one is an error, else 0."""
    from publisher.reports.doctor import diagnose

    with open_run(output, now) as run:
        sections = [*diagnose(run)]
    findings = [(section.subject, finding) for section in sections for finding in section.findings]
    _print_findings(sections, output, shows_all=arguments.verbose)
    counts = {level: sum(finding.level is level for _, finding in findings) for level in FindingLevel}
    _print_summary(counts[FindingLevel.ERROR], counts[FindingLevel.WARNING], output, shows_all=arguments.verbose)
    return output.finish(
        ConfigError.exit_code if counts[FindingLevel.ERROR] else 0,
        findings=[
            {"subject": subject, "level": finding.level.value, "message": finding.message, "hint": finding.hint}
            for subject, finding in findings
        ],
    )


def _print_findings(sections: Sequence[SubjectFindings], output: Output, *, shows_all: bool) -> None:
    """Print a line for each finding; without `shows_all`, one line for all subjects that need nothing."""
    shown: dict[Finding, list[str]] = {}
    fine: list[str] = []
    for section in sections:
        findings = [finding for finding in section.findings if shows_all or _is_worth_a_line(finding)]
        for finding in findings:
            shown.setdefault(finding, []).append(section.subject)
        if not findings:
            fine.append(section.subject)
    labels = [", ".join(dict.fromkeys(subjects)) for subjects in shown.values()]
    width = max(map(len, labels), default=0)
    for label, finding in zip(labels, shown, strict=True):
        symbol, style = _LEVEL_SYMBOLS[finding.level]
        hint = f" · {finding.hint}" if finding.hint else ""
        output.line(f"{symbol} {label.ljust(width)}  {finding.message}{hint}", style)
    if fine:
        symbol, style = _LEVEL_SYMBOLS[FindingLevel.OK]
        output.line(f"{symbol} {', '.join(fine)}: fine", style)


def _is_worth_a_line(finding: Finding) -> bool:
    """Return whether a finding asks for something, or says what could be done."""
    from publisher.reports.doctor import ONLY_FILES

    return finding.level is not FindingLevel.OK or bool(finding.hint) or finding.message == ONLY_FILES


def _print_summary(errors: int, warnings: int, output: Output, *, shows_all: bool) -> None:
    counts = ((errors, "error"), (warnings, "warning"))
    found = ", ".join(f"{number} {plural(number, noun)}" for number, noun in counts if number)
    rest = "" if shows_all else " · -v shows everything that was checked"
    output.info(f"{found or 'nothing to fix'}{rest}")
