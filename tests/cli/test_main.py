"""The other commands, the help, and what goes to which stream."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from publisher import registry
from publisher.cli.console import RunConsole
from publisher.cli.output import Output
from publisher.cli.parser import COMMANDS, build_main_parser
from publisher.events import Progress, Request
from tests.cli.conftest import SETTINGS, Command

# -------------------------------------------------------------------- other commands


def test_init_and_new(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    said = run("init", "--lang", "zh", "letter")
    assert said.code == 0
    assert said.out.splitlines()[0] == "created letter/publisher.toml"
    assert said.err == "next: cd letter && publish\n"
    monkeypatch.chdir(tmp_path / "letter")
    assert run().code == 0
    said = run("new")
    assert said.code == 0
    assert re.fullmatch(
        r"created issues/\S+\.md  \(next date by your schedule: every 14 days; last issue \S+\)\n", said.out
    )
    said = run("new", "2031-01-01")
    assert said.out.startswith("created issues/2031-01-01.md  (last issue ")
    again = run("new", "2031-01-01")
    assert again.code == 2
    assert "issues/2031-01-01.md already exists" in again.err
    assert json.loads(run("new", "2032-02-02", "--json").out) == {
        "created": "issues/2032-02-02.md",
        "date": "2032-02-02",
        "exit": 0,
    }


def test_new_of_a_daily_newsletter(letter: Path, run: Command) -> None:
    for path in (letter / "issues").iterdir():
        path.unlink()
    for day in (16, 17, 18):
        (letter / "issues" / f"2021-07-{day}.md").write_text(f"# Tides (2021-07-{day})\n\n- one\n", "utf-8")
    assert "(next date by your schedule: every day; last issue 2021-07-18)" in run("new").out


def test_channels(letter: Path, run: Command) -> None:
    (letter / "publisher.toml").write_text(SETTINGS + "[channels.web]\nenabled = false\n")
    lines = {line.split()[0]: line.split(None, 2)[1:] for line in run("channels").out.splitlines()}
    assert list(lines) == list(registry.channel_names())
    assert lines.pop("rss") == ["enabled", 'path = "public/feed.xml"  entries = 20']
    assert all(rest == ["disabled"] for rest in lines.values())
    listed = json.loads(run("channels", "--json").out)["channels"]
    assert listed["web"] == {"on": False, "settings": {}}
    assert listed["rss"]["settings"]["entries"] == 20


def test_channels_outside_of_a_newsletter(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [line.split() for line in run("channels").out.splitlines()] == [
        [n, "disabled"] for n in registry.channel_names()
    ]


def test_channels_shows_only_real_keys(letter: Path, run: Command) -> None:
    (letter / "publisher.toml").write_text(
        SETTINGS + '[channels.telegram]\ntoken = "env:TOKEN"\nchat = "@my_channel"\n[channels.wechat]\n'
    )
    lines = {line.split()[0]: line.split(None, 2)[1:] for line in run("channels").out.splitlines()}
    assert lines["telegram"][1].startswith('token = "env:TOKEN"  chat = "@my_channel"  detail = "summaries"')
    assert "button = true" in lines["telegram"][1]
    assert "_root" not in lines["wechat"][1]


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("new", "--help"), ("2021-07-04", "--help"), ("help", "new")])
def test_help(run: Command, words: tuple[str, ...]) -> None:
    said = run(*words)
    assert (said.code, said.err) == (0, "")
    assert said.out.lower().startswith("publish")
    assert max(map(len, said.out.splitlines())) <= 96


def test_help_names_every_command_and_option(run: Command) -> None:
    shown = run("--help").out
    for word in (*COMMANDS, *build_main_parser()._option_string_actions):
        assert re.search(rf"(?<![\w-]){re.escape(word)}\b", shown), word


def test_help_is_a_command_too(run: Command) -> None:
    assert run("help") == run("--help")
    for name in COMMANDS:
        assert run("help", name) == run(name, "help") == run(name, "--help")
    assert json.loads(run("help", "new", "--json").out) == {"help": run("help", "new").out, "exit": 0}


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(run: Command, option: str) -> None:
    assert re.fullmatch(r"publish \d+\.\d+\.\d+\n", run(option).out)


# ---------------------------------------------------------------------------- streams


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    def shown() -> str:
        screen = Terminal()
        Output(screen, screen).finish_with_error("no", "why not", 2)
        return screen.getvalue()

    assert shown() == "\x1b[1;31merror:\x1b[0m no · why not\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown() == "error: no · why not\n"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert shown() == "error: no · why not\n"


def test_progress_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    with closing(RunConsole(Output(io.StringIO(), screen), Request())) as story:
        for done in range(1, 101):
            story.print_event(Progress("reading", done, 100))
    assert "reading issues" in screen.getvalue()
    assert "100/100" in screen.getvalue()


def test_progress_is_one_line_without_a_terminal() -> None:
    paper = io.StringIO()
    with closing(RunConsole(Output(io.StringIO(), paper), Request())) as story:
        for stage in ("reading", "writing"):
            for done in range(1, 101):
                story.print_event(Progress(stage, done, 100))
        story.print_event(Progress("reading", 1, 3))
    assert paper.getvalue() == "reading 100 issues\nwriting 100 issues\n"


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "publisher", *words]


def test_as_a_process(letter: Path) -> None:
    done = subprocess.run(command("--issue", "2099-01-01"), capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no issue 2099-01-01")
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_does_not_stop_the_work(letter: Path) -> None:
    with subprocess.Popen(command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b"next: open public/2021-08-01/index.html\n"
        assert process.wait() == 0
    assert (letter / "public" / "feed.xml").exists()


def test_a_terminal_without_unicode_symbols(letter: Path) -> None:
    plain = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command("--channel", "web"), capture_output=True, env=plain)
    assert done.returncode == 0
    assert done.stdout.startswith(b"issue 2")
    assert b"\n? web " in done.stdout
