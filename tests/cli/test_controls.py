"""Control characters of file names, texts and settings reach no terminal, in any command."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

from publisher.cli.controls import dump_json, replace_controls
from publisher.cli.log import DaemonLog
from publisher.cli.main import main
from publisher.cli.output import Output
from publisher.daemon.alerts import DaemonEvent
from tests.cli.conftest import NOW
from tests.cli.test_lost_output import WORDS, WRONG

EVIL = "\x1b[2J\x1b]8;;https://evil.example/\x07x\x1b]8;;\x07\x9b31m\r\b\x7f\u202e\u2066"
EVIL_LINE = EVIL.replace("\r", "")
"""As a setting: one that breaks the line is refused."""
NAME = "2021-07-17-\x1b[31m\x9b1m\u202e\r\x07"
OURS = re.compile("\x1b\\[(?:0|1|1;31|32|1;35)m")
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def hostile(letter: Path) -> Path:
    """A newsletter whose names, texts and settings are full of control characters."""
    settings = (letter / "publisher.toml").read_text("utf-8").replace('"慢刊"', json.dumps(f"慢刊{EVIL_LINE}"))
    (letter / "publisher.toml").write_text(settings, "utf-8")
    for path in (*(letter / "issues").glob("*.md"), letter / "issues" / f"{NAME}.md"):
        date = path.name[:10]
        text = f"# 慢{EVIL}刊 ({date})：题{EVIL}目\n\n## 新{EVIL}闻\n\n- [条{EVIL}目](https://e.org/{date})\n摘要：正{EVIL}文，，\n"
        path.write_bytes(text.encode())
        os.utime(path, ns=(1, 1_600_000_000_000_000_001))
    return letter


MORE = {
    "no issue": (f"issues/{EVIL}.md",),
    "no command": (EVIL,),
    "no option": (f"--{EVIL}",),
    "no channel": ("--channel", EVIL),
    "no date": ("new", EVIL),
    "no time": ("reschedule", "2021-08-01", EVIL),
    "no code": ("check", "--explain", EVIL),
    "that file": (f"issues/{NAME}.md", "--force", "--yes"),
    "that file, dry": (f"issues/{NAME}.md", "--force", "--dry-run"),
    "check that file": ("check", f"issues/{NAME}.md"),
    "concise": ("check", "--format", "concise"),
    "force": ("--force", "--yes"),
    "force json": ("--force", "--yes", "--json"),
    "out": ("--force", "--out", f"out{NAME}"),
    "status of one": ("status", "2021-07-18"),
}


@pytest.mark.parametrize("name", [*WORDS, *MORE])
@pytest.mark.parametrize("json_too", [False, True], ids=["", "json"])
def test_no_command_prints_them(hostile: Path, monkeypatch: pytest.MonkeyPatch, name: str, json_too: bool) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    words = (WORDS | MORE)[name]
    for stream in (io.StringIO, Terminal):
        out, err = stream(), stream()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        code = main((*words, "--json") if json_too else words, NOW)
        shown = out.getvalue() + err.getvalue()
        assert not UNSAFE.findall(OURS.sub("", shown) if stream is Terminal else shown), shown
        if stream is io.StringIO:  # the second time, some have nothing to do
            assert shown
            assert (code == 2) == (name.startswith("no ") or name in WRONG), shown


def test_json_keeps_the_data(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    main(("check", "--json"), NOW)
    paths = [one["path"] for one in json.loads(out.getvalue())["issues"]]
    assert f"issues/{NAME}.md" in paths


@pytest.mark.parametrize("value", [EVIL, {"a": [EVIL, "\udc9b"]}, "\x00\n\t\u2028"])
def test_json_is_exact(value: object) -> None:
    text = dump_json(value)
    assert json.loads(text) == value
    assert not UNSAFE.search(text)


def test_each_is_replaced_by_one_character() -> None:
    assert replace_controls("a\x1b[31m\x9b\u202eb\n\tc\r") == "a\ufffd[31m\ufffd\ufffdb\n\tc\ufffd"
    assert replace_controls("👩\u200d👧 é\u0301") == "👩\u200d👧 é\u0301"


def test_only_our_own_styles_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Terminal()
    output = Output(screen, screen)
    output.line("a\x1b[32mb" + output.styled("c\x1b[0m", "green"), "red")
    assert screen.getvalue() == "\x1b[1;31ma\ufffd[32mb\x1b[32mc\ufffd[0m\x1b[0m\x1b[0m\n"


def test_an_error_is_one_line() -> None:
    err = io.StringIO()
    Output(io.StringIO(), err).finish_with_error("no file a\nb", "look\r\n::error::x", 2)
    assert err.getvalue() == "error: no file a b · look ::error::x\n"


@pytest.mark.parametrize("structured", [False, True])
def test_a_line_of_the_log_is_one_line(structured: bool) -> None:
    out = io.StringIO()
    log = DaemonLog(Output(out, io.StringIO()), structured=structured)
    log.log_event(DaemonEvent("failed", "2021-07-18", message=f"550 no\n2021-07-18 published{EVIL}"))
    assert out.getvalue().count("\n") == 1
    assert not UNSAFE.search(out.getvalue())


def test_a_patch_keeps_its_line_ends(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (letter / "issues" / "2021-07-18.md").write_bytes("# 慢刊 (2021-07-18)\r\n\r\n好\x1b[2J，，\r\n".encode())
    out = io.StringIO(newline="")
    monkeypatch.setattr(sys, "stdout", out)
    main(("check", "--diff", "2021-07-18"), NOW)
    assert "-好\ufffd[2J，，\r\n+好[2J，\r\n" in out.getvalue()


def test_fixed_text_is_exact_but_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "好\x1b[2J\r\n".encode()
    paper = io.TextIOWrapper(io.BytesIO(), "utf-8")
    Output(paper, io.StringIO()).write_bytes(body)
    assert paper.buffer.getvalue() == body  # type: ignore[attr-defined]
    screen = Terminal()
    Output(screen, io.StringIO()).write_bytes(body)
    assert screen.getvalue() == "好\ufffd[2J\ufffd\n"
