"""`publish retry`: send what failed once more, and what was put off."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import carry_out, request_of
from publisher.cli.output import Output
from publisher.project import find

if TYPE_CHECKING:
    from publisher.cli.parser import Parser


def define(parser: Parser) -> None:
    """Add the arguments."""
    parser.define_issue()
    parser.define_channels()
    parser.define_sending()


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish; the exit code."""
    path = find(Path.cwd())
    request = request_of(arguments, path.parent, output)._replace(retry=True)
    return carry_out(path, request, output, now)
