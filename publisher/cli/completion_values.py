"""What may be typed next, for the completion scripts: commands, options, channels, issues and codes.

It runs at each press of the tab key, so it reads no issue, and of publisher.toml only where the issues are.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from publisher.cli.parser import COMMANDS, CommandParser, build_command_parser, build_main_parser
from publisher.errors import PublisherError
from publisher.named_tuple import NamedTuple

_DATE = r"\d{4}-\d{2}-\d{2}"
_LISTS = ("CHANNEL", "CODES")
"""Values that may be several, with commas between."""


class Candidate(NamedTuple):
    """A word that may be typed, and what it means."""

    value: str
    description: str = ""


class _Position(NamedTuple):
    """What the word at the cursor is: a value of the kind `kind` or one of `choices`; else an option or argument."""

    kind: str
    choices: tuple[str, ...] = ()
    may_be_option: bool = False
    may_be_command: bool = False


def complete_words(words: Sequence[str], folder: Path) -> str:
    """Return the lines that `publish __complete CURSOR WORD …` prints in `folder`, for the words after it.

    Nothing is an error: where nothing fits, nothing is returned, and the shell offers files.
    """
    try:
        cursor = int(words[0])
    except (IndexError, ValueError):
        return ""
    typed = words[cursor] if cursor < len(words) else ""
    before = [word for word in words[1:cursor] if word != "="]  # bash separates --channel=rss
    found = find_candidates(before, "" if typed == "=" else typed, folder)
    return "".join(f"{candidate.value}\t{candidate.description}\n" for candidate in found)


def find_candidates(before: Sequence[str], typed: str, folder: Path) -> list[Candidate]:
    """Return what `typed`, the beginning of a word, may become after the words `before`."""
    name = before[0] if before and before[0] in COMMANDS else ""
    parser = build_command_parser(name) if name else build_main_parser()
    option, separator, value = typed.partition("=")
    if separator and option in parser._option_string_actions:
        found = find_candidates([*before, option], value, folder)
        return [candidate._replace(value=f"{option}={candidate.value}") for candidate in found]
    position = _find_position(parser, before[1:] if name else before, is_main=not name)
    candidates: list[Candidate] = []
    if position.may_be_option and typed.startswith("-"):
        candidates += _list_options(parser)
    if position.may_be_command:
        candidates += _list_commands()
    head = typed[: typed.rfind(",") + 1] if position.kind in _LISTS else ""
    given = head.split(",")
    candidates += [
        candidate._replace(value=head + candidate.value)
        for candidate in _list_values(position, folder)
        if candidate.value not in given
    ]
    return [candidate for candidate in candidates if candidate.value.startswith(typed)]


def _find_position(parser: CommandParser, before: Sequence[str], *, is_main: bool) -> _Position:
    waiting: list[_Position] = []
    count = 0  # of the arguments that are no options
    for word in before:
        if waiting:
            waiting.pop(0)
        elif word in parser._option_string_actions:
            waiting = _list_option_values(parser._option_string_actions[word])
        elif not word.startswith("-"):
            count += 1
    if waiting:
        return waiting[0]
    if is_main:
        return _Position("" if count else "ISSUE", may_be_option=True, may_be_command=not before)
    arguments = parser.arguments._group_actions
    if count < len(arguments):
        argument = arguments[count]
    elif arguments and arguments[-1].nargs == "*":
        argument = arguments[-1]
    else:
        return _Position("", may_be_option=True)
    return _Position(str(argument.metavar), _list_choices(argument), may_be_option=True)


def _list_option_values(option: argparse.Action) -> list[_Position]:
    if option.nargs in (0, "?"):
        return []
    names = option.metavar if isinstance(option.metavar, tuple) else (str(option.metavar),)
    return [_Position(name, _list_choices(option)) for name in names]


def _list_choices(action: argparse.Action) -> tuple[str, ...]:
    return tuple(map(str, action.choices or ()))


def _list_options(parser: CommandParser) -> Iterator[Candidate]:
    for option, action in parser._option_string_actions.items():
        if option.startswith("--") and action.help != argparse.SUPPRESS:
            yield Candidate(option, str(action.help))


def _list_commands() -> Iterator[Candidate]:
    return (Candidate(name, summary) for name, summary in COMMANDS.items())


def _list_values(position: _Position, folder: Path) -> Iterable[Candidate]:
    if position.choices:
        return map(Candidate, position.choices)
    match position.kind:
        case "ISSUE":
            return _list_issues(folder)
        case "CHANNEL":
            return _list_channels()
        case "COMMAND":
            return _list_commands()
        case "CODE" | "CODES":
            from publisher.checks.codes import CODES

            return (Candidate(code, kind.severity.value) for code, kind in CODES.items())
    return ()


def _list_channels() -> Iterator[Candidate]:
    from publisher import registry

    yield from map(Candidate, registry.channel_names())
    yield Candidate("all", "all enabled channels")


def _list_issues(folder: Path) -> list[Candidate]:
    """Return the issues, the newest first: each by the date at the beginning of its file name, or else by that name."""
    paths = {path: _find_stem(path) for path in _find_issue_files(folder)}
    names = {path: match[0] if (match := re.match(_DATE, stem)) else stem for path, stem in paths.items()}
    used = Counter(names.values())
    keywords = [Candidate("latest", "the newest issue that is due"), Candidate("next", "the first issue after it")]
    newest_first = sorted(names.items(), key=lambda pair: _split_numbers(pair[1]), reverse=True)
    return [*keywords, *(Candidate(name if used[name] == 1 else path, path) for path, name in newest_first)]


def _find_stem(path: str) -> str:
    """Return the file name without its suffix, or that of the folder of an index.md."""
    return path.rpartition(".")[0].removesuffix("/index").rpartition("/")[2]


def _split_numbers(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts issue-9 before issue-10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part]


def _find_issue_files(folder: Path) -> list[str]:
    import tomllib

    from publisher.archive.sources import scan_issues
    from publisher.project import find_config

    try:
        path = find_config(folder)
        table = tomllib.loads(path.read_text("utf-8-sig")).get("newsletter", {})
        patterns = table.get("issues", "issues/*.md") if isinstance(table, dict) else ()
        patterns = [patterns] if isinstance(patterns, str) else patterns
        return [file.path for file in scan_issues(path.parent, patterns) if file.size >= 0]
    except (PublisherError, OSError, ValueError, TypeError, AttributeError):  # it is for `publish` to report that
        return []
