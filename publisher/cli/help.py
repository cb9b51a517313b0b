"""`publish help`: show the help of `publish` or of a command."""

from __future__ import annotations

import argparse
import datetime as dt

from publisher.cli import mistakes
from publisher.cli.output import Output
from publisher.cli.parser import COMMANDS, CommandParser, build_command_parser, build_main_parser


def define(parser: CommandParser) -> None:
    parser.arguments.add_argument("command", nargs="?", default="", metavar="COMMAND", help="One of the commands")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    name = arguments.command
    if name and name not in COMMANDS:
        raise mistakes.build_unknown_command_error(name, COMMANDS)
    text = (build_command_parser(name) if name else build_main_parser()).format_help()
    output.line(text.rstrip("\n"))
    return output.finish(0, help=text)
