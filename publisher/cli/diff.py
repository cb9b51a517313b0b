"""`publish diff`: what is live against what the sources make now."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import channels_named, issue_named, load, warnings_on
from publisher.cli.output import Output
from publisher.events import Request
from publisher.project import find

if TYPE_CHECKING:
    from publisher.cli.parser import Parser
    from publisher.reports.diff import Difference

_STYLES = {"-": "red", "+": "green", "@": "cyan"}


def define(parser: Parser) -> None:
    """Add the arguments."""
    parser.define_issue()
    parser.define_channels()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Show the differences; 0 whether there are any or not."""
    from publisher.reports.diff import differences

    path = find(Path.cwd())
    request = Request(
        issue=issue_named(arguments.issue, path.parent), channels=channels_named(arguments.channel)
    )
    issue, found = differences(*load(path), request, now, warnings_on(output))
    for one in found:
        _show(one, output)
    if issue is None:
        output.talk("no issue is due")
    elif not found:
        output.talk(f"what is live is what {issue.path} makes now")
    output.finish({"issue": issue and issue.id, "differences": [one._asdict() for one in found], "exit": 0})
    return 0


def _show(one: Difference, output: Output) -> None:
    where = f"{one.channel} · {one.destination}" if one.destination else one.channel
    kind = one.kind if one.lines or one.kind == "new" else f"{one.kind}, in nothing that can be read"
    output.line(f"{where} · {one.part} · {kind}", "bold")
    for line in one.lines:
        output.line(line, _STYLES.get(line[0], ""))
