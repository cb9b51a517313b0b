"""Command line parser: the commands, their arguments and options, and errors with suggestions.

With argparse: importing click would add the time of another start of Python, typer that of four.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module

from publisher import __version__
from publisher.cli import mistakes
from publisher.cli.output import Output
from publisher.errors import ConfigError

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    import datetime as dt
    from types import ModuleType
    from typing import NoReturn

    Command = Callable[[argparse.Namespace, Output, dt.datetime], int]

COMMANDS = {
    "init": "Set up a newsletter in this folder",
    "new": "Create the next issue as a draft",
    "check": "Check issues for problems (and fix them with --fix)",
    "preview": "Show an issue on all channels in the browser while you write it",
    "status": "Show what has been published where, and what to do next",
    "diff": "Show unpublished changes",
    "search": "Find issues and items by their words, drafts too",
    "retry": "Send failed messages again",
    "resolve": "Show deliveries with an unknown outcome, and resolve them",
    "correct": "Publish an edited issue: edit, add and delete messages",
    "daemon": "Keep running and publish each issue when it is due",
    "tick": "Publish what is due now, for cron and systemd timers",
    "worker": "Send to subscribers from this machine, too, until stopped",
    "hold": "Keep an issue from being published automatically",
    "reschedule": "Publish an issue at another time",
    "adopt": "Mark all issues before today as published; sends nothing",
    "subscribers": "Show and change your list of subscribers",
    "bounces": "Record a bounce or complaint from an email, for mail servers",
    "trust-ledger": "Allow sending after the ledger was moved or restored",
    "doctor": "Check your setup",
    "channels": "List channels, and which are enabled",
    "config": "Show every key of publisher.toml and its value",
    "completion": "Generate shell completions",
    "help": "Show help, also of a command",
}
"""The commands. Each has a module of the same name with `run`, which returns the exit code, and with `define`
if the command has arguments."""

ISSUE_NAMES = "Issue by date, file, slug, number or id, or latest, next"
"""What `publisher.archive.naming.find_issue` understands."""

_INTRODUCTION = """\
Publish a Markdown newsletter to web, RSS, WeChat, Telegram and email.

  publish                        Publish the latest due issue to all enabled channels
  publish --channel rss          Update the feeds only
  publish 2021-07-18 --dry-run   Show what publishing that issue would change, with previews
  publish 2021-08-01 --to-me     Send an issue to yourself as a test

"""

_EXIT_CODES = """\
exit codes: 0 done, or nothing to do; 1 the issue has errors; 2 usage or configuration error;
3 a delivery failed; 4 an outcome is unknown; 5 another publish is running; 6 storage error"""


def parse_arguments(argv: Sequence[str]) -> tuple[Command, argparse.Namespace]:
    """Return the command to run and its parsed arguments.

    Raises ConfigError for unknown commands and options, HelpRequest for help and the version. Nothing is known of
    issues here, so help with a word that may only be the name of one is asked for an unknown command.
    """
    if argv and argv[0] in COMMANDS:
        name, parser, rest = argv[0], build_command_parser(argv[0]), argv[1:]
    else:
        name, parser, rest = "publish", build_main_parser(), argv
        parser.add_argument("word", nargs="?", help=argparse.SUPPRESS)
        parser.set_defaults(word_error=None)
    if name != "publish" and list(rest) == ["help"]:
        raise HelpRequest(parser.format_help())
    try:
        arguments, unknown = parser.parse_known_intermixed_args(rest)
    except HelpRequest:
        if name == "publish" and not rest[0].startswith("-") and (error := _find_word_error(rest[0])):
            raise error from None
        raise
    if unknown:
        raise _build_unknown_argument_error(unknown[0], parser)
    if name == "publish" and arguments.word:
        _set_issue_from_word(arguments)
    run: Command = _load_command(name).run
    return run, arguments


def _load_command(name: str) -> ModuleType:
    return import_module(f"publisher.cli.{name.replace('-', '_')}")


class HelpRequest(Exception):  # noqa: N818 - not an error
    """Help or the version was asked for; `text` is what to print."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class CommandParser(argparse.ArgumentParser):
    """Parser that raises ConfigError instead of printing usage; help is the description, then the options."""

    def __init__(self, prog: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog,
            usage=argparse.SUPPRESS,
            description=description,
            epilog=epilog,
            add_help=False,
            allow_abbrev=False,
            formatter_class=partial(argparse.RawDescriptionHelpFormatter, max_help_position=32, width=96),
        )
        self.arguments = self.add_argument_group("arguments")
        self.options = self.add_argument_group("options")

    def define_command(self, name: str) -> None:
        """Add the arguments of a command, and the options that every command has."""
        if define := getattr(_load_command(name), "define", None):
            define(self)
        self.add_common_options()

    def add_common_options(self) -> None:
        self.options.add_argument("--json", action="store_true", help="Print the result as JSON")
        self.options.add_argument("--debug", action="store_true", help="Print the traceback of an internal error")
        self.options.add_argument("-h", "--help", action="help", help="Show help")

    def add_issue_argument(self, *, required: bool = False, default: str = "due one") -> None:
        latest = "" if required else f" [default: the latest {default}]"
        self.arguments.add_argument(
            "issue", nargs=None if required else "?", default="", metavar="ISSUE", help=f"{ISSUE_NAMES}{latest}"
        )

    def add_channel_option(self) -> None:
        self.options.add_argument(
            "-c",
            "--channel",
            metavar="CHANNEL",
            action="append",
            default=[],
            help="Comma-separated channels, or all [default: all enabled]",
        )

    def add_sending_options(self) -> None:
        option = self.options.add_argument
        option("-n", "--dry-run", action="store_true", help="Show what would change, with previews; publish nothing")
        option("-y", "--yes", action="store_true", help="Send without confirmation")
        option("--force", action="store_true", help="Publish the issue even if it has errors")
        option("--accept-recipients", action="store_true", help="Send even if many recipients left the list")
        option(
            "--max-wait",
            metavar="SECONDS",
            type=_parse_seconds,
            default=60.0,
            help="Maximum seconds to wait for rate limits [default: 60]",
        )

    def _print_message(self, message: str, file: object = None) -> None:  # noqa: ARG002 - as in the base class
        raise HelpRequest(message)  # only help and the version come here: `error` prints nothing

    @property
    def usage_line(self) -> str:
        """The command with its arguments, such as `publish hold ISSUE`."""
        return " ".join([self.prog, *map(_format_argument, self.arguments._group_actions)])

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            raise mistakes.build_choice_error(action, str(value))

    def error(self, message: str) -> NoReturn:
        raise mistakes.translate_error(message, self.usage_line, self._option_string_actions)


def build_main_parser() -> CommandParser:
    """Build the parser of `publish` without a command."""
    commands = "".join(f"  publish {name:<23}{summary}\n" for name, summary in COMMANDS.items())
    parser = CommandParser("publish", f"{_INTRODUCTION}{commands}", _EXIT_CODES)
    option = parser.options.add_argument
    parser.add_channel_option()
    option("-i", "--issue", metavar="ISSUE", default="", help=f"{ISSUE_NAMES} [default: latest]")
    parser.add_sending_options()
    option("--again", action="store_true", help="Send the issue although it went out before, under another name")
    option("--accept-new-id", action="store_true", help="Go on after the newsletter's id was changed")
    option("--to-me", action="store_true", help="Send the issue to yourself as a test, even a draft")
    option("-o", "--out", metavar="DIR", help="Write files below DIR instead of the newsletter's folder")
    parser.add_common_options()
    option("-V", "--version", action="version", version=f"publish {__version__}", help="Show version")
    return parser


def build_command_parser(name: str) -> CommandParser:
    parser = CommandParser(f"publish {name}", "")
    parser.define_command(name)
    parser.description = f"{parser.usage_line}: {COMMANDS[name]}"
    return parser


def _format_argument(argument: argparse.Action) -> str:
    """Return the argument as in the first line of help: ISSUE, [ISSUE] if it is optional, [ISSUE …], or WORD …."""
    if argument.nargs == "+":
        return f"{argument.metavar} …"
    if argument.nargs not in ("?", "*"):
        return str(argument.metavar)
    return f"[{argument.metavar}{' …' if argument.nargs == '*' else ''}]"


def _parse_seconds(argument: str) -> float:
    try:
        seconds = float(argument)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"{argument} is not a number of seconds", "like --max-wait 60")
    return seconds


def _set_issue_from_word(arguments: argparse.Namespace) -> None:
    """Use the argument after `publish` as the issue. If it does not look like one, `word_error` is the error to raise
    if there is none with that name. Raises ConfigError if two are given."""
    arguments.word_error = _find_word_error(arguments.word)
    if arguments.issue:
        raise arguments.word_error or ConfigError(
            f"two issues given: {arguments.word} and {arguments.issue}", "give only one"
        )
    arguments.issue = arguments.word


def _find_word_error(word: str) -> ConfigError | None:
    """Return the error for the word after `publish` if it does not look like an issue. Raises ConfigError if it cannot
    be the name of one either."""
    looks_like_issue = re.fullmatch(r"latest|next|#?\d+|\d{4}-\d{2}-[\dxX]{2}", word)
    if looks_like_issue or "/" in word or os.path.splitext(word)[1]:  # noqa: PTH122 - help shall not import pathlib
        return None
    error = mistakes.build_unknown_command_error(word, COMMANDS)
    if not isinstance(error, mistakes.UnknownCommandError):
        raise error
    return error


def _build_unknown_argument_error(word: str, parser: CommandParser) -> ConfigError:
    return mistakes.build_unknown_argument_error(word, parser.prog, parser._option_string_actions, COMMANDS)
