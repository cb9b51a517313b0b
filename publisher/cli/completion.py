"""`publish completion`: print a completion script for a shell."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING

from publisher.cli.output import Output

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.arguments.add_argument(
        "shell", choices=("bash", "zsh", "tcsh"), metavar="SHELL", help="bash, zsh or tcsh"
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """Print the script and return 0."""
    import shtab

    from publisher.cli.parser import build_full_parser

    script = shtab.complete(build_full_parser(), arguments.shell)
    output.line(script.rstrip("\n"))
    output.finish({"shell": arguments.shell, "script": script, "exit": 0})
    return 0
