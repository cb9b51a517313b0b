"""What comes next is said in one line at the end, on stderr, and only where something comes next."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from publisher.cli.main import main
from tests.cli.conftest import Command
from tests.support.newsletter import CommandProject, command_project, write_settled


@pytest.fixture
def chatty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandProject:
    return command_project(tmp_path, monkeypatch, capsys)


OPEN = "next: open public/2021-07-18/index.html\n"
NO_SCHEDULER = "next: start publish daemon, or run publish when it is due\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--yes",), OPEN),
        (("--channel", "chat", "--yes"), ""),
        (("--yes", "--json"), ""),
        (("--dry-run", "--channel", "web"), "next: look at outbox/dry-run/2021-07-18/web/index.html\n"),
        (("2021-07-18", "--to-me"), "next: if it is right, publish 2021-07-18\n"),
        (("2021-07-18", "--to-me", "--dry-run"), ""),
        (("hold", "2021-08-01"), "next: publish hold 2021-08-01 --release lets it go\n"),
        (("hold", "next", "-c", "chat"), "next: publish hold 2021-08-01 --channel chat --release lets it go\n"),
        (("hold", "2021-08-01", "--release"), NO_SCHEDULER),
        (("reschedule", "2021-08-01", "10:30"), NO_SCHEDULER),
        (("adopt",), "next: open public/2021-07-04/index.html\n"),
        (("trust-ledger",), "next: publish --dry-run shows what would be sent\n"),
        (("new", "2021-08-15"), "next: write it, and look at it with publish issues/2021-08-15.md --dry-run\n"),
        (("config",), ""),
        (("channels",), ""),
    ],
    ids=" ".join,
)
def test_the_last_line(chatty: CommandProject, words: tuple[str, ...], said: str) -> None:
    result = chatty.run(*words)
    assert result.code == 0, result
    lines = [line for line in result.err.splitlines(keepends=True) if line.startswith("next: ")]
    assert "".join(lines) == said
    if said:
        assert result.err.endswith(said)


def test_what_to_open_lies_in_the_other_folder(letter: Path, run: Command, tmp_path: Path) -> None:
    assert run("--out", "../elsewhere").err == f"next: open {letter}/../elsewhere/public/2021-07-18/index.html\n"


def test_messages_that_are_files_are_opened_too(letter: Path, run: Command) -> None:
    with (letter / "publisher.toml").open("a") as settings:
        settings.write('[channels.telegram]\n[channels.email]\nfrom = "lin@e.org"\n')
    assert run().err == "next: open public/2021-07-18/index.html, outbox/2021-07-18/\n"
    path = letter / "issues" / "2021-07-18.md"
    write_settled(path, path.read_text("utf-8").replace("正文", "改过"))
    assert run("-c", "telegram").err == "next: open outbox/2021-07-18/telegram/preview.html\n"


def test_fixes_that_are_only_shown(letter: Path, run: Command) -> None:
    path = letter / "issues" / "2021-07-18.md"
    path.write_text(path.read_text("utf-8").replace("摘要：", "摘要:"), "utf-8")
    assert run("check", "--fix", "--diff").err.endswith("next: publish check --fix\n")
    one = run("check", "issues/2021-07-18.md", "--diff")
    assert one.err.endswith("next: publish check --fix issues/2021-07-18.md\n")


def test_a_running_scheduler_needs_no_other(chatty: CommandProject) -> None:
    with (chatty.root / "publisher.toml").open("a") as settings:
        settings.write('\n[schedule]\nat = "09:45"\n')
    chatty.path("2021-07-04").unlink()
    chatty.run("tick")
    assert "next: " not in chatty.run("reschedule", "2021-08-01", "10:30").err


@pytest.mark.parametrize("words", [("check",), (), ("status",), ("diff",)], ids=" ".join)
def test_a_setting_that_matches_nothing(letter: Path, run: Command, words: tuple[str, ...]) -> None:
    settings = letter / "publisher.toml"
    settings.write_text(f'{settings.read_text()}issues = ["posts/*.md", "!posts/x.md"]\n')
    said = run(*words)
    assert said.code == 2
    assert said.err == (
        f'error: no file matches issues = "posts/*.md", "!posts/x.md" of {settings}'
        " · correct `issues`, or start an issue: publish new\n"
    )
    assert json.loads(run(*words, "--json").out)["exit"] == 2


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("2021-08-01", "the next one, issues/2021-08-01.md, is dated 2021-08-01, in 14 days"),
        ("2021-07-04", "issues/2021-07-04.md is a draft; remove `draft: true` when it is ready"),
    ],
)
def test_why_there_is_nothing_to_do(letter: Path, run: Command, kept: str, said: str) -> None:
    for path in (letter / "issues").iterdir():
        if path.stem != kept:
            path.unlink()
    if kept < "2021-08":
        path = letter / "issues" / f"{kept}.md"
        path.write_text(f"---\ndraft: true\n---\n{path.read_text('utf-8')}", "utf-8")
    line = f"nothing to do: no issue is due; {said}\n"
    assert (run().out, run("--dry-run").out) == (line, line)


def test_a_tick_is_silent_where_nobody_looks(chatty: CommandProject) -> None:
    chatty.path("2021-07-04").unlink()
    chatty.run("tick")
    later = dt.datetime(2021, 7, 18, 5, tzinfo=dt.UTC)
    assert chatty.run("tick", now=later)[1:] == ("", "")


def test_init_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "here", "--sample", "--lang", "en"], dt.datetime(2021, 7, 18, tzinfo=dt.UTC)) == 0
    assert capsys.readouterr().err.endswith("next: cd here && publish\n")
