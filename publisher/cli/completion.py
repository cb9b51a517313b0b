"""`publish completion`: print a completion script for a shell."""

from __future__ import annotations

import argparse
import datetime as dt

from publisher.cli.completion_scripts import SCRIPTS
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    shells = tuple(SCRIPTS)
    listed = f"{', '.join(shells[:-1])} or {shells[-1]}"
    parser.arguments.add_argument(
        "shell", choices=shells, metavar="SHELL", help=f"{listed}; the script says how to load it"
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    script = SCRIPTS[arguments.shell]
    output.line(script.rstrip("\n"))
    return output.finish(0, shell=arguments.shell, script=script)
