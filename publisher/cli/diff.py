"""`publish diff`: show the differences between what is published and the current sources."""

from __future__ import annotations

import argparse
import datetime as dt

from publisher.cli.actions import build_request, open_run
from publisher.cli.output import DIFF_STYLES, Output
from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    parser.add_issue_argument()
    parser.add_channel_option()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    from publisher.reports.diff import find_differences

    with open_run(output, now) as run:
        issue, differences = find_differences(run, build_request(arguments))
    for difference in differences:
        heading = " · ".join(filter(None, (difference.channel, difference.destination, difference.part)))
        is_invisible = not difference.lines and difference.kind != "new"
        note = ", no difference in the text" if is_invisible else ""
        output.line(f"{heading} · {difference.kind}{note}", "bold")
        for line in difference.lines:
            output.line(line, DIFF_STYLES.get(line[0], ""))
    if issue is None:
        output.info("no issue is due")
    elif not differences:
        output.info(f"no unpublished changes in {issue.path}")
    return output.finish(0, issue=issue and issue.id, differences=[difference._asdict() for difference in differences])
