"""`publish completion`: print a completion script for a shell."""

from __future__ import annotations

import argparse
import datetime as dt

from publisher.cli.output import Output
from publisher.cli.parser import CommandParser, build_full_parser


def define(parser: CommandParser) -> None:
    parser.arguments.add_argument("shell", choices=("bash", "zsh", "tcsh"), metavar="SHELL", help="bash, zsh or tcsh")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    import shtab

    script = shtab.complete(build_full_parser(), arguments.shell)
    output.line(script.rstrip("\n"))
    return output.finish(0, shell=arguments.shell, script=script)
