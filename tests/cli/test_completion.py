"""Completion: what may be typed next, and that each shell offers it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher import registry
from publisher.checks.codes import CODES
from publisher.cli.completion_scripts import SCRIPTS
from publisher.cli.completion_values import find_candidates
from publisher.cli.parser import COMMANDS, build_main_parser
from tests.cli.conftest import SETTINGS, Command

ISSUES = ["latest", "next", "2021-08-01", "2021-07-18", "2021-07-04"]
CHANNELS = [*registry.channel_names(), "all"]


def offered(*words: str) -> list[str]:
    *before, typed = words
    return [candidate.value for candidate in find_candidates(before, typed, Path.cwd())]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("",), [*COMMANDS, *ISSUES]),
        (("st",), ["status"]),
        (("re",), ["retry", "resolve", "reschedule"]),
        (("2021-07",), ["2021-07-18", "2021-07-04"]),
        (("status", ""), ISSUES),
        (("check", "latest", "n"), ["next"]),
        (("hold", "next", ""), []),
        (("reschedule", "next", ""), []),
        (("--issue", "la"), ["latest"]),
        (("--dry-run", "la"), ["latest"]),
        (("--dry-run", "ne"), ["next"]),  # `new` must come first
        (("2021-07-18", "--dr"), ["--dry-run"]),
        (("diff", "--ch"), ["--channel"]),
        (("diff", "--channel", ""), CHANNELS),
        (("diff", "-c", "w"), ["web", "wechat"]),
        (("diff", "--channel=w"), ["--channel=web", "--channel=wechat"]),
        (("--channel", "web,r"), ["web,rss"]),
        (("--channel", "web,"), [f"web,{name}" for name in CHANNELS if name != "web"]),
        (("--channel", "rss", "la"), ["latest"]),
        (("check", "--explain", ""), list(CODES)),
        (("check", "--ignore", "empty-url,empty-i"), ["empty-url,empty-item"]),
        (("check", "--format", ""), ["full", "concise", "github", "sarif"]),
        (("tick", "--log", "j"), ["json"]),
        (("resolve", "latest", "--url", "te"), ["telegram"]),
        (("resolve", "latest", "--url", "telegram", ""), []),
        (("resolve", "--part", "x", "la"), ["latest"]),
        (("correct", "--max-wait", ""), []),
        (("completion", ""), list(SCRIPTS)),
        (("subscribers", "e"), ["export", "erase"]),
        (("subscribers", "import", ""), []),
        (("subscribers", "list", "--state", "c"), ["confirmed", "complained"]),
        (("help", "he"), ["help"]),
        (("chanels", "x"), []),
    ],
)
def test_what_may_be_typed_next(letter: Path, words: tuple[str, ...], values: list[str]) -> None:
    assert offered(*words) == values


def test_every_option_of_every_command_is_offered(letter: Path) -> None:
    shown = build_main_parser().format_help().partition("\noptions:\n")[2]
    assert offered("x", "--") == re.findall(r"(?m)^  (?:-.*)?(--[\w-]+)", shown)
    for name in COMMANDS:
        assert {"--json", "--debug", "--help"} <= set(offered(name, "-"))


def test_issues_are_named_so_that_each_is_found(letter: Path) -> None:
    """By date; by file name, without one; by file, where two have one date."""
    for name in ("2021-07-18-boats", "issue-9", "issue-10", "my letter"):
        (letter / "issues" / f"{name}.md").write_text("# X\n")
    assert offered("status", "") == [
        "latest",
        "next",
        "2021-08-01",
        "issues/2021-07-18-boats.md",
        "issues/2021-07-18.md",
        "2021-07-04",
        "my letter",
        "issue-10",
        "issue-9",
    ]


@pytest.mark.parametrize(
    "text", ["", "[newsletter", "newsletter = 1", "[newsletter]\nissues = 3", SETTINGS + 'issues = ["a/*.md", 4]']
)
def test_a_newsletter_that_cannot_be_read_has_no_issues_to_offer(letter: Path, run: Command, text: str) -> None:
    (letter / "publisher.toml").write_text(text)
    (letter / "issues").rename(letter / "texts")
    assert run("__complete", "2", "status") == (0, ISSUES_OF_NONE, "")


ISSUES_OF_NONE = "latest\tthe newest issue that is due\nnext\tthe first issue after it\n"


@pytest.mark.parametrize("words", [(), ("x",), ("-1",), ("0",), ("99", "status"), ("1", "--channel=", "")])
def test_a_call_that_makes_no_sense_prints_no_error(letter: Path, run: Command, words: tuple[str, ...]) -> None:
    said = run("__complete", *words)
    assert (said.code, said.err) == (0, "")


def test_the_hidden_command_is_in_no_help(run: Command) -> None:
    assert "__complete" not in run("help").out
    assert "__complete" not in offered("")


# ------------------------------------------------------------------------ in the shells

Shell = Callable[[str], list[str]]


def run_shell(program: str, *arguments: str, home: Path) -> list[str]:
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    done = subprocess.run([program, *arguments], capture_output=True, encoding="utf-8", env=environment, timeout=1800)
    assert done.stderr == ""
    return done.stdout.splitlines()


BASH = r"""
source <(publish completion bash)
line=$1
read -ra COMP_WORDS <<<"${line//=/ = }"
[[ $line == *[\ =] ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_publish
printf '%s\n' "${COMPREPLY[@]}"
"""

# What zsh offers goes into the file $2: on the terminal it would stand between other things. The backslashes keep what
# is typed apart from what is printed.
ZSH = r"""
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'PS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D'
zpty -w shell 'source <(publish completion zsh)'
zpty -w shell 'compadd() { if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  typeset -a __hits; builtin compadd -A __hits "$@"; print -rl -- $__hits >>'"${(q)2}"'; builtin compadd "$@" }'
zpty -w shell 'complete_all() { _main_complete; print -r -- DO\NE }'
zpty -w shell 'bindkey "^I" complete-word; zle -C complete-word complete-word complete_all; echo RE\ADY'
zpty -r shell output '*READY*'
zpty -w -n shell "$1"$'\t'
zpty -r shell output '*DONE*'
[[ ! -e $2 ]] || cat $2
"""


# no package of PowerShell is in the archives of Debian, so that CI cannot ask for it
@pytest.fixture(params=["bash", "zsh", "fish", *(["pwsh"] if shutil.which("pwsh") else [])])
def complete(request: pytest.FixtureRequest, need: Callable[..., str], letter: Path, tmp_path: Path) -> Shell:
    """What the shell offers at the end of a line, run in the folder of the newsletter."""
    name: str = request.param
    program = need(name)

    def call(line: str) -> list[str]:
        match name:
            case "bash":
                return run_shell(program, "--norc", "-c", BASH, "bash", line, home=tmp_path)
            case "zsh":
                return run_shell(program, "-f", "-c", ZSH, "zsh", line, str(tmp_path / "offered"), home=tmp_path)
            case "fish":
                script = "publish completion fish | source; complete -C $argv[1]"
                lines = run_shell(program, "--no-config", "-c", script, line, home=tmp_path)
                return [shown.partition("\t")[0] for shown in lines]
        script = (
            "publish completion powershell | Out-String | Invoke-Expression; "
            f"(TabExpansion2 '{line}' {len(line)}).CompletionMatches.CompletionText"
        )
        return run_shell(program, "-NoProfile", "-Command", script, home=tmp_path)

    return call


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("publish re", ["retry", "resolve", "reschedule"]),
        ("publish hold ", ISSUES),
        ("publish hold 2021-07", ["2021-07-18", "2021-07-04"]),
        ("publish diff --channel ", CHANNELS),
        ("publish --channel w", ["web", "wechat"]),
        ("publish --channel web,r", ["web,rss"]),
        ("publish check --explain empty-u", ["empty-url"]),
        ("publish check --format ", ["full", "concise", "github", "sarif"]),
        ("publish help rescue", []),
    ],
)
def test_each_shell_offers_it(complete: Shell, line: str, values: list[str]) -> None:
    assert sorted(filter(None, complete(line))) == sorted(values)  # zsh shows those without a description as it likes


def test_bash_completes_the_value_after_an_equals_sign(letter: Path, tmp_path: Path, need: Callable[..., str]) -> None:
    for line, values in {"publish --channel=": CHANNELS, "publish --channel=w": ["web", "wechat"]}.items():
        assert run_shell(need("bash"), "--norc", "-c", BASH, "bash", line, home=tmp_path) == values


def test_a_name_with_a_space_is_quoted_in_bash(letter: Path, tmp_path: Path, need: Callable[..., str]) -> None:
    (letter / "issues" / "my letter.md").write_text("# X\n")
    assert run_shell(need("bash"), "--norc", "-c", BASH, "bash", "publish hold m", home=tmp_path) == [r"my\ letter"]
