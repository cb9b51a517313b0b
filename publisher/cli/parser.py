"""The words of the command: what may follow `publish`, and which part of the program it means."""

from __future__ import annotations

import argparse
import datetime as dt
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from publisher import __version__
from publisher.errors import ConfigError

if TYPE_CHECKING:
    from publisher.cli.output import Output

Command = Callable[[argparse.Namespace, "Output", dt.datetime], int]

COMMANDS = {
    "init": "Set up a newsletter in this folder",
    "new": "Create the next issue",
    "check": "Check issues for problems (and fix them with --fix)",
    "status": "Show what has been published where, and what to do next",
    "diff": "Show unpublished changes",
    "retry": "Send failed messages again",
    "resolve": "Resolve deliveries with an unknown outcome",
    "correct": "Send an edited issue: change, add and delete messages",
    "daemon": "Run the scheduler: publish each issue when it is due",
    "tick": "Publish what is due now, for cron and systemd timers",
    "hold": "Keep an issue from being published automatically",
    "reschedule": "Publish an issue at another time",
    "adopt": "Mark old issues as published, without sending them",
    "trust-ledger": "Allow sending with a ledger that was moved or restored",
    "doctor": "Check your setup",
    "channels": "List channels, and which are enabled",
    "completion": "Generate shell completions",
}
"""The commands; each has a module of its name, with `define` and `run`."""

_RENAMED = {
    "publish serve": "publish daemon",
    "--patience": "--max-wait SECONDS",
    "publish adopt --archive": "publish adopt",
    "publish status --url": "publish resolve ISSUE --url CHANNEL URL",
}
"""Words that had another name before the first release, by the word, or by the command and the word."""

_INTRODUCTION = """\
Publish a Markdown newsletter to web, RSS, WeChat, Telegram and email.

  publish                        Publish the latest due issue to all enabled channels
  publish --channel rss          Update the feeds only
  publish 2021-07-18 --dry-run   Show what publishing that issue would change; writes nothing
  publish 2021-08-01 --to-me     Send an issue to yourself as a test

"""

_EXIT_CODES = """\
exit codes: 0 done, or nothing to do; 1 the issue has errors; 2 usage or configuration;
3 a delivery failed; 4 an outcome is unknown; 5 another publish is at work; 6 storage"""


def parse_arguments(words: Sequence[str]) -> tuple[Command, argparse.Namespace]:
    """What to run, and with which arguments.

    Raises ConfigError for words that mean nothing, SystemExit when help or the version was printed.
    """
    if words and words[0] in COMMANDS:
        name, parser, rest = words[0], build_command_parser(words[0]), words[1:]
    else:
        name, parser, rest = "publish", build_main_parser(), words
        parser.add_argument("word", nargs="?", help=argparse.SUPPRESS)
    arguments, unknown = parser.parse_known_intermixed_args(rest)
    if unknown:
        raise _unknown_word_error(unknown[0], parser)
    if name == "publish" and arguments.word:
        _set_issue_from_word(arguments)
    run: Command = import_module(f"publisher.cli.{name.replace('-', '_')}").run
    return run, arguments


class CommandParser(argparse.ArgumentParser):
    """A parser that raises instead of printing; its help is the description, then the options."""

    def __init__(self, prog: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog,
            usage=argparse.SUPPRESS,
            description=description,
            epilog=epilog,
            add_help=False,
            allow_abbrev=False,
            formatter_class=_HelpFormatter,
        )
        self.arguments = self.add_argument_group("arguments")
        self.options = self.add_argument_group("options")

    def add_common_options(self) -> None:
        """Add the options that every command has, behind its own."""
        self.options.add_argument("--json", action="store_true", help="Print one JSON object, for scripts")
        self.options.add_argument(
            "--debug", action="store_true", help="Print the traceback of an internal error"
        )
        self.options.add_argument("-h", "--help", action="help", help="Show this help")

    def add_issue_argument(self, *, required: bool = False) -> None:
        """Add the issue as an argument."""
        latest = "" if required else " [default: the latest due one]"
        self.arguments.add_argument(
            "issue",
            nargs=None if required else "?",
            default="",
            metavar="ISSUE",
            help=f"The issue: its date, file or id{latest}",
        )

    def add_channel_option(self) -> None:
        """Add the choice of channels."""
        self.options.add_argument(
            "-c",
            "--channel",
            metavar="NAME",
            action="append",
            default=[],
            help="Only these channels, separated by commas (all: every one)",
        )

    def add_sending_options(self) -> None:
        """Add what all that send have in common."""
        option = self.options.add_argument
        option("-n", "--dry-run", action="store_true", help="Show what would change; write and send nothing")
        option("-y", "--yes", action="store_true", help="Send without confirmation")
        option("--force", action="store_true", help="Publish the issue even if it has errors")
        option(
            "--max-wait",
            metavar="SECONDS",
            type=_parse_seconds,
            default=60.0,
            help="Maximum seconds to wait for rate limits [default: 60]",
        )

    def error(self, message: str) -> NoReturn:
        """Raise ConfigError."""
        raise ConfigError(message, f"{self.prog} --help")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=100)


def build_main_parser() -> CommandParser:
    """The parser of `publish` itself."""
    listed = "".join(f"  publish {name:<23}{what}\n" for name, what in COMMANDS.items())
    parser = CommandParser("publish", f"{_INTRODUCTION}{listed}", _EXIT_CODES)
    option = parser.options.add_argument
    parser.add_channel_option()
    option(
        "-i",
        "--issue",
        metavar="ISSUE",
        default="",
        help="The issue: its date, file or id (latest: the latest due one)",
    )
    parser.add_sending_options()
    option("--to-me", action="store_true", help="Send the issue to yourself as a test; drafts work too")
    option(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        help="Write files below DIR instead of the newsletter's folder",
    )
    parser.add_common_options()
    option("--version", action="version", version=f"publish {__version__}", help="Show the version")
    return parser


def build_command_parser(name: str) -> CommandParser:
    """The parser of a command."""
    parser = CommandParser(f"publish {name}", "")
    import_module(f"publisher.cli.{name.replace('-', '_')}").define(parser)
    parser.add_common_options()
    words = [parser.prog, *map(_format_argument, parser.arguments._group_actions)]
    parser.description = f"{' '.join(words)}: {COMMANDS[name]}"
    return parser


def _format_argument(argument: argparse.Action) -> str:
    """An argument as the first line of the help has it: ISSUE, or [ISSUE] when it may be left out."""
    return f"[{argument.metavar}]" if argument.nargs in ("?", "*") else str(argument.metavar)


def build_full_parser() -> CommandParser:
    """A parser that knows every word, for those who list them."""
    parser = build_main_parser()
    commands = parser.add_subparsers(prog="publish")
    for name, what in COMMANDS.items():
        one = commands.add_parser(name, description=what, help=what)
        import_module(f"publisher.cli.{name.replace('-', '_')}").define(one)
        one.add_common_options()
    return parser


def _parse_seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"{word} is not a number of seconds", "like --max-wait 60")
    return seconds


def _set_issue_from_word(arguments: argparse.Namespace) -> None:
    """Take the word behind `publish` for an issue if it looks like one."""
    word = arguments.word
    if not (re.fullmatch(r"latest|\d{4}-\d{2}-[\dxX]{2}", word) or "/" in word or Path(word).suffix):
        raise _unknown_word_error(word, None)
    if arguments.issue:
        raise ConfigError(f"two issues are named: {word} and {arguments.issue}", "one at a time")
    arguments.issue = word


def _unknown_word_error(word: str, parser: CommandParser | None) -> ConfigError:
    """What to say about a word nobody knows."""
    from publisher import registry
    from publisher.errors import format_suggestion

    option = word.partition("=")[0]
    new = _RENAMED.get(option) or _RENAMED.get(f"{parser.prog if parser else 'publish'} {option}")
    if new:
        return ConfigError(f"{option} has another name now", new)
    if word == "help":
        return ConfigError("help is an option", f"{parser.prog if parser else 'publish'} --help")
    if parser and word.startswith("-"):
        return ConfigError(
            f"there is no option {word}", format_suggestion(word, parser._option_string_actions)
        )
    if word in COMMANDS:
        return ConfigError(f"{word} must come first", f"publish {word}")
    if word in registry.channel_names():
        return ConfigError(f"{word} is a channel", f"publish --channel {word}")
    if parser:
        return ConfigError(f"{word} is one word too many", f"{parser.prog} --help")
    return ConfigError(f"there is no command {word}", format_suggestion(word, COMMANDS))
