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

Run = Callable[[argparse.Namespace, "Output", dt.datetime], int]

COMMANDS = {
    "init": "begin a newsletter, with sample issues where there are none",
    "new": "begin the next issue, by the rhythm of the last ones",
    "check": "say what is wrong with issues, and mend what can be mended",
    "status": "what is out where, and what to type next",
    "diff": "what is live against what the sources make now",
    "retry": "send what failed once more",
    "resolve": "settle what nobody knows: whether it went out",
    "correct": "after an edit: change, add and take back messages",
    "serve": "the daemon: publish each issue when it is due",
    "tick": "publish what is due now, for timers and cron",
    "hold": "keep an issue from going out by itself",
    "reschedule": "have an issue go out at another time",
    "adopt": "trust this ledger here; or take old issues as published",
    "doctor": "whether everything is set up to publish, and how to mend it",
    "channels": "the channels there are, and which are on",
    "completion": "completion of these words, for bash, zsh or tcsh",
}
"""The commands; each has a module of its name, with `define` and `run`."""

_INTRODUCTION = """\
publish: one Markdown issue of a newsletter in, every channel out

  publish                        the newest issue due, on all channels that are on
  publish --channel rss          only the feeds
  publish 2021-07-18 --dry-run   what publishing that issue would change; writes nothing
  publish 2021-08-01 --to-me     a proof of an issue, to your own chat or mailbox

"""

_EXIT_CODES = """\
exit codes: 0 done, or nothing to do; 1 the issue has errors; 2 usage or configuration;
3 a delivery failed; 4 an outcome is unknown; 5 another publish is at work; 6 storage"""


def parse(words: Sequence[str]) -> tuple[Run, argparse.Namespace]:
    """What to run, and with which arguments.

    Raises ConfigError for words that mean nothing, SystemExit when help or the version was printed.
    """
    if words and words[0] in COMMANDS:
        name, parser, rest = words[0], command(words[0]), words[1:]
    else:
        name, parser, rest = "publish", act(), words
        parser.add_argument("word", nargs="?", help=argparse.SUPPRESS)
    arguments, unknown = parser.parse_known_intermixed_args(rest)
    if unknown:
        raise _unknown(unknown[0], parser)
    if name == "publish" and arguments.word:
        _take_as_issue(arguments)
    run: Run = import_module(f"publisher.cli.{name}").run
    return run, arguments


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing; its help is the description, then the options."""

    def __init__(self, prog: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog,
            usage=argparse.SUPPRESS,
            description=description,
            epilog=epilog,
            add_help=False,
            allow_abbrev=False,
            formatter_class=_Formatter,
        )
        self.arguments = self.add_argument_group("arguments")
        self.options = self.add_argument_group("options")

    def define_common(self) -> None:
        """Add the options that every command has, behind its own."""
        self.options.add_argument("--json", action="store_true", help="print one JSON object, for scripts")
        self.options.add_argument("--debug", action="store_true", help="show where an internal error arose")
        self.options.add_argument("-h", "--help", action="help", help="print this")

    def define_issue(self, *, needed: bool = False) -> None:
        """Add the issue as an argument."""
        newest = "" if needed else " (the newest one due)"
        self.arguments.add_argument(
            "issue",
            nargs=None if needed else "?",
            default="",
            metavar="ISSUE",
            help=f"the issue, by date, file or id{newest}",
        )

    def define_channels(self) -> None:
        """Add the choice of channels."""
        self.options.add_argument(
            "-c",
            "--channel",
            metavar="NAME",
            action="append",
            default=[],
            help="only this channel; more with commas (all: every one that is on)",
        )

    def define_sending(self) -> None:
        """Add what all that send have in common."""
        option = self.options.add_argument
        option("-n", "--dry-run", action="store_true", help="say what would change, and write nothing")
        option("-y", "--yes", action="store_true", help="send without asking")
        option("--force", action="store_true", help="publish an issue although it has errors")
        option(
            "--patience",
            metavar="SECONDS",
            type=_seconds,
            default=60.0,
            help="how long to wait for a platform that wants to be left alone (60)",
        )

    def error(self, message: str) -> NoReturn:
        """Raise ConfigError."""
        raise ConfigError(message, f"{self.prog} --help")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=100)


def act() -> Parser:
    """The parser of `publish` itself."""
    listed = "".join(f"  publish {name:<23}{what}\n" for name, what in COMMANDS.items())
    parser = Parser("publish", f"{_INTRODUCTION}{listed}", _EXIT_CODES)
    option = parser.options.add_argument
    parser.define_channels()
    option(
        "-i",
        "--issue",
        metavar="ISSUE",
        default="",
        help="the issue, by date, file or id (latest: the newest one due)",
    )
    parser.define_sending()
    option("--to-me", action="store_true", help="send a proof to yourself; a draft will do")
    option(
        "-o", "--out", metavar="DIR", type=Path, help="write below this folder instead of the newsletter's"
    )
    parser.define_common()
    option("--version", action="version", version=f"publish {__version__}", help="print the version")
    return parser


def command(name: str) -> Parser:
    """The parser of a command."""
    parser = Parser(f"publish {name}", "")
    import_module(f"publisher.cli.{name}").define(parser)
    parser.define_common()
    words = [parser.prog, *map(_shown, parser.arguments._group_actions)]
    parser.description = f"{' '.join(words)}: {COMMANDS[name]}"
    return parser


def _shown(argument: argparse.Action) -> str:
    """An argument as the first line of the help has it: ISSUE, or [ISSUE] when it may be left out."""
    return f"[{argument.metavar}]" if argument.nargs in ("?", "*") else str(argument.metavar)


def everything() -> Parser:
    """A parser that knows every word, for those who list them."""
    parser = act()
    commands = parser.add_subparsers(prog="publish")
    for name, what in COMMANDS.items():
        one = commands.add_parser(name, description=what, help=what)
        import_module(f"publisher.cli.{name}").define(one)
        one.define_common()
    return parser


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"{word} is not a number of seconds", "like --patience 60")
    return seconds


def _take_as_issue(arguments: argparse.Namespace) -> None:
    """Take the word behind `publish` for an issue if it looks like one."""
    word = arguments.word
    if not (re.fullmatch(r"latest|\d{4}-\d{2}-[\dxX]{2}", word) or "/" in word or Path(word).suffix):
        raise _unknown(word, None)
    if arguments.issue:
        raise ConfigError(f"two issues are named: {word} and {arguments.issue}", "one at a time")
    arguments.issue = word


def _unknown(word: str, parser: Parser | None) -> ConfigError:
    """What to say about a word nobody knows."""
    from publisher import registry
    from publisher.errors import did_you_mean

    if word == "help":
        return ConfigError("help is an option", f"{parser.prog if parser else 'publish'} --help")
    if parser and word.startswith("-"):
        return ConfigError(f"there is no option {word}", did_you_mean(word, parser._option_string_actions))
    if word in COMMANDS:
        return ConfigError(f"{word} must come first", f"publish {word}")
    if word in registry.names():
        return ConfigError(f"{word} is a channel", f"publish --channel {word}")
    if parser:
        return ConfigError(f"{word} is one word too many", f"{parser.prog} --help")
    return ConfigError(f"there is no command {word}", did_you_mean(word, COMMANDS))
