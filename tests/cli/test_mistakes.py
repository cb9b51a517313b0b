"""Mistakes that people make on the command line, and the line each gets: what is wrong and what to type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from publisher import registry
from publisher.cli.parser import (
    COMMANDS,
    CommandParser,
    HelpRequest,
    build_command_parser,
    build_main_parser,
    parse_arguments,
)
from publisher.errors import ConfigError
from tests.cli.conftest import SETTINGS, Command, Said, files

CHANNELS = registry.channel_names()
LISTED = ", ".join(CHANNELS)

WORDS = {
    # a command that is misspelt, or named as in other programs
    "publish": "unknown command publish · type publish once",
    "statsu": "unknown command statsu · did you mean status?",
    "Status": "unknown command Status · did you mean status?",
    "rescedule": "unknown command rescedule · did you mean reschedule?",
    "hlep": "unknown command hlep · did you mean help?",
    "help chek": "unknown command chek · did you mean check?",
    "prevew": "unknown command prevew · did you mean preview?",
    "view": "unknown command view · did you mean publish preview?",
    "ls": "unknown command ls · did you mean publish status?",
    "send": "unknown command send · did you mean publish?",
    "lint": "unknown command lint · did you mean publish check?",
    "version": "unknown command version · did you mean publish --version?",
    "xyzzy": "unknown command xyzzy · publish help shows the commands",
    "serve": "serve was renamed · publish daemon",
    "statsu --help": "unknown command statsu · did you mean status?",
    "xyzzy -n -h": "unknown command xyzzy · publish help shows the commands",
    "serve --help": "serve was renamed · publish daemon",
    "rss --help": "rss is a channel · publish --channel rss",
    "--dry-run check": "check must come first · publish check",
    # an issue by a word
    "last": "unknown command last · did you mean publish latest?",
    "check last": "there is no issue last · did you mean latest?",
    "yesterday": "unknown command yesterday · name an issue by its date, or as latest or next",
    "tomorrow": "unknown command tomorrow · name an issue by its date, or as latest or next",
    "2021-07-19": "there is no issue 2021-07-19 · did you mean 2021-07-18?",
    "2021-07-18 2021-07-04": "unexpected argument 2021-07-04 · publish --help",
    # channels
    "rss": "rss is a channel · publish --channel rss",
    "doctor rss": "rss is a channel · publish --channel rss",
    "--channel rs": f"there is no channel rs · did you mean rss? channels: {LISTED}",
    "--chanel rss": "unknown option --chanel · did you mean --channel?",
    "--chanel=rss": "unknown option --chanel · did you mean --channel?",
    "--channel": f"--channel needs a value · --channel {'|'.join(CHANNELS)}",
    "--channel --dry-run": f"--channel needs a value · --channel {'|'.join(CHANNELS)}",
    # options and arguments
    "--quiet": "unknown option --quiet · publish --help shows the options",
    "--dryrun": "unknown option --dryrun · did you mean --dry-run?",
    "-x": "unknown option -x · publish --help shows the options",
    "--json=1": "--json takes no value · write it alone: --json",
    "--max-wait": "--max-wait needs a value · --max-wait SECONDS",
    "--max-wait soon": "soon is not a number of seconds · like --max-wait 60",
    "--issue": "--issue needs a value · --issue ISSUE",
    "hold": "ISSUE is missing · publish hold ISSUE",
    "reschedule": "ISSUE and WHEN are missing · publish reschedule ISSUE WHEN …",
    "reschedule next": "WHEN is missing · publish reschedule ISSUE WHEN …",
    "check --format xml": "unknown format xml · known here: full, concise, github, sarif",
    "check --format sarf": "unknown format sarf · did you mean sarif?",
    "check --format": "--format needs a value · --format full|concise|github|sarif",
    "check --explain empty-ur": "unknown code empty-ur · did you mean empty-url?",
    "resolve next --drop --resend": "--drop and --resend cannot be combined · use one or the other",
    "resolve next --url web": "--url needs a value · --url CHANNEL URL",
    "completion": "SHELL is missing · publish completion SHELL",
    "completion tcsh": "unknown shell tcsh · known here: bash, zsh, fish, powershell",
    "adopt now": "unexpected argument now · publish adopt --help",
    "new 18.7.2021": "18.7.2021 is not a date · like 2021-08-01",
}


@pytest.mark.parametrize("words", WORDS)
def test_a_mistake_on_the_command_line(letter: Path, run: Command, words: str) -> None:
    before = files(letter)
    assert run(*words.split()) == Said(2, "", f"error: {WORDS[words]}\n")
    assert files(letter) - before <= {".publisher/lock"}


TEXTS = {
    'name = "慢刊"': {
        "name = Harbour Notes": 'quote it: name = "Harbour Notes"',
        'taglin = "x"\nname = "慢刊"': "did you mean tagline?",
        'lang = "cz"\nname = "慢刊"': 'did you mean lang = "cs"?',
    },
    'timezone = "Asia/Shanghai"\n': {
        'timezone = "PST"\n': "America/Los_Angeles",
        'timezone = "CST"\n': "Asia/Shanghai",
        'timezone = "UTC+8"\n': "Asia/Shanghai",
        'timezone = "Asia/Beijing"\n': "Asia/Shanghai",
        'timezone = "Asia/Shanghai"\n[channel.rss]\n': "did you mean channels?",
        'timezone = "Asia/Shanghai"\n[channels.mastodon]\n': f"channels: {LISTED}",
        'timezone = "Asia/Shanghai"\n[channels.rss]\nenabled = yes\n': "write it as: enabled = true",
        'timezone = "Asia/Shanghai"\n[channels.telegram]\nchat = "@x"\ntoken = "12:ab"\n': "env:",
    },
}


@pytest.mark.parametrize(("old", "new"), [(old, new) for old, texts in TEXTS.items() for new in texts])
def test_a_mistake_in_the_settings(letter: Path, run: Command, old: str, new: str) -> None:
    assert SETTINGS.count(old) == 1
    (letter / "publisher.toml").write_text(SETTINGS.replace(old, new))
    said = run("check")
    assert (said.code, said.out) == (2, "")
    assert re.match(r"error: publisher\.toml:\d+:\d+: ", said.err)
    assert TEXTS[old][new] in said.err
    assert "12:ab" not in said.err
    assert said.err.count("\n") == 1


def test_a_date_finds_the_file_that_begins_with_it(letter: Path, run: Command) -> None:
    (letter / "issues" / "2021-07-18.md").rename(letter / "issues" / "2021-07-18-boats.md")
    assert run("check", "2021-07-18").code == 0


def test_a_missing_image_is_reported_by_check_as_by_publish(letter: Path, run: Command) -> None:
    with (letter / "issues" / "2021-07-18.md").open("a") as file:
        file.write("\n![船](boat.png)\n")
    assert "boat.png" in run("check", "latest").out
    assert "boat.png" in run().err


def test_a_mistake_with_json(letter: Path, run: Command) -> None:
    said = run("statsu", "--json")
    assert said.code == 2
    assert '"hint": "did you mean status?"' in said.out
    assert said.err == "error: unknown command statsu · did you mean status?\n"


# ------------------------------------------------------------------ nothing of argparse

PARSERS = {"": build_main_parser, **{name: lambda name=name: build_command_parser(name) for name in COMMANDS}}
ARGPARSE = re.compile(
    r"argument|expected|invalid choice|invalid \w+ value|unrecognized|required|not allowed|positional|usage:"
)


def list_wrong_calls(parser: CommandParser) -> list[list[str]]:
    """Every option without its value, with one it does not take, with one too few; too few and too many arguments."""
    calls = [[], ["a", "b", "c", "d"], ["--nothing"], ["--nothing=1"], ["-q"]]
    for option, action in parser._option_string_actions.items():
        calls += [[option], [f"{option}=x" if option.startswith("--") else f"{option}x"], [option, "--json"]]
        if isinstance(action.nargs, int) and action.nargs:
            calls.append([option, "x"])
    return calls


@pytest.mark.parametrize("name", PARSERS)
def test_no_phrase_of_argparse_is_shown(name: str) -> None:
    errors = []
    for call in list_wrong_calls(PARSERS[name]()):
        try:
            parse_arguments([name, *call] if name else call)
        except ConfigError as error:
            errors.append((call, error.message, error.hint))
        except HelpRequest:
            pass
    assert len(errors) > 3
    for call, message, hint in errors:
        assert hint, call
        assert not ARGPARSE.search(f"{message.removeprefix('unexpected argument ')} {hint}"), (call, message)
