"""What is said of a wrong command line: one line, with what to type instead."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping

from publisher.errors import ConfigError, find_nearest, format_suggestion

_RENAMED = {
    "publish serve": "publish daemon",
    "--patience": "--max-wait SECONDS",
    "publish adopt --archive": "publish adopt",
    "publish status --url": "publish resolve ISSUE --url CHANNEL URL",
}
"""Commands and options renamed before the first release: old (with its command, if not unique) to new."""

_MEANT_COMMANDS = {
    "init": "setup",
    "new": "create add draft",
    "check": "lint validate verify",
    "check --fix": "fix format fmt",
    "status": "list ls log history show queue",
    "retry": "resend",
    "correct": "edit update amend",
    "daemon": "start run watch",
    "hold": "pause stop cancel skip",
    "reschedule": "schedule postpone delay move",
    "adopt": "import migrate",
    "subscribers": "readers recipients people members unsubscribe",
    "config": "settings configure",
    "latest": "last newest current",
    "preview": "live view browse",
    "ISSUE --to-me": "test",
    "--version": "version",
    "": "build send deploy push release",
}
"""What follows `publish`, and what other programs call it."""

_WORDS_FOR_DAYS = ("today", "yesterday", "tomorrow")


class UnknownCommandError(ConfigError):
    """A word is no command. It may still be the name of an issue."""


def translate_error(message: str, usage: str, options: Mapping[str, argparse.Action]) -> ConfigError:
    """Return the error for a message of argparse: what is missing, and where. `usage` is the command as typed."""
    missing = re.fullmatch(r"the following arguments are required: (.*)", message)
    if missing:
        names = missing[1].split(", ")
        return ConfigError(f"{' and '.join(names)} {'are' if names[1:] else 'is'} missing", usage)
    about = re.fullmatch(
        r"argument (\S+): (expected|ignored explicit|not allowed with argument (\S+)).*", message, re.S
    )
    if not about:  # the other errors that argparse knows cannot occur here
        return ConfigError(f"cannot read the arguments: {message}", f"{usage} --help")
    name = _find_long_name(about[1])
    if about[3]:
        return ConfigError(f"{_find_long_name(about[3])} and {name} cannot be combined", "use one or the other")
    if about[2] == "expected":
        return ConfigError(f"{name} needs a value", _format_values(options[name]))
    return ConfigError(f"{name} takes no value", f"write it alone: {name}")


def build_choice_error(action: argparse.Action, value: str) -> ConfigError:
    """Return the error for a value that is not one of the choices."""
    choices = [str(choice) for choice in action.choices or ()]
    return ConfigError(f"unknown {str(action.metavar).lower()} {value}", format_suggestion(value, choices))


def build_unknown_argument_error(
    word: str, program: str, options: Iterable[str], commands: Iterable[str]
) -> ConfigError:
    """Return the error for an option or argument that `program`, `publish` or `publish COMMAND`, does not take."""
    name = word.partition("=")[0]
    if renamed := _RENAMED.get(name) or _RENAMED.get(f"{program} {name}"):
        return ConfigError(f"{name} was renamed", renamed)
    if word.startswith("-"):
        return ConfigError(f"unknown option {name}", _suggest_option(name, program, options))
    if word in commands:
        return ConfigError(f"{word} must come first", f"publish {word}")
    return _find_channel_error(word) or ConfigError(f"unexpected argument {word}", f"{program} --help")


def build_unknown_command_error(word: str, commands: Iterable[str]) -> ConfigError:
    """Return the error for the word after `publish`: UnknownCommandError if it may be the name of an issue."""
    if renamed := _RENAMED.get(f"publish {word}"):
        return ConfigError(f"{word} was renamed", renamed)
    if word in commands:
        return ConfigError(f"{word} must come first", f"publish {word}")
    return _find_channel_error(word) or UnknownCommandError(f"unknown command {word}", _suggest_word(word, commands))


def _suggest_word(word: str, commands: Iterable[str]) -> str:
    if word == "publish":
        return "type publish once"
    meant = {name: typed for typed, names in _MEANT_COMMANDS.items() for name in names.split()}
    nearest = find_nearest(word, [*commands, *meant, *_WORDS_FOR_DAYS])
    if nearest in _WORDS_FOR_DAYS:
        return "name an issue by its date, or as latest or next"
    if nearest in meant:
        return f"did you mean {f'publish {meant[nearest]}'.rstrip()}?"
    return f"did you mean {nearest}?" if nearest else "publish help shows the commands"


def _find_channel_error(word: str) -> ConfigError | None:
    from publisher import registry

    if word not in registry.channel_names():
        return None
    return ConfigError(f"{word} is a channel", f"publish --channel {word}")


def _suggest_option(name: str, program: str, options: Iterable[str]) -> str:
    """Return the option most like `name`. The dashes at its beginning are not likeness."""
    known = {option.lstrip("-"): option for option in options if option.startswith("--")}
    nearest = find_nearest(name.lstrip("-"), known)
    return f"did you mean {known[nearest]}?" if nearest else f"{program} --help shows the options"


def _find_long_name(name: str) -> str:
    """Return `--channel` for `-c/--channel`."""
    return name.rpartition("/")[2] if name.startswith("-") else name


def _format_values(action: argparse.Action) -> str:
    """Return how the option is typed, with its choices or the names of its values."""
    names = action.metavar if isinstance(action.metavar, tuple) else (str(action.metavar),)
    if action.choices:
        names = ("|".join(map(str, action.choices)),)
    elif names == ("CHANNEL",):
        from publisher import registry

        names = ("|".join(registry.channel_names()),)
    return " ".join([action.option_strings[-1], *names])
