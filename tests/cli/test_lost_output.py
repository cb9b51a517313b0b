"""Output that cannot be written: the work is done all the same, one line says what was lost, and the code is 6."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.cli.main import main
from publisher.cli.output import Output
from publisher.cli.parser import COMMANDS
from tests.cli.conftest import NOW

WORDS = {
    "publish": (),
    "publish dry": ("--dry-run",),
    "publish wrong": ("--channel", "nowhere"),
    "help": ("--help",),
    "version": ("--version",),
    "init": ("init", "--lang", "zh", "another"),
    "new": ("new",),
    "check": ("check",),
    "check github": ("check", "--format", "github"),
    "check sarif": ("check", "--format", "sarif"),
    "check diff": ("check", "--diff"),
    "check fix": ("check", "--fix"),
    "check explain": ("check", "--explain", "empty-url"),
    "status": ("status",),
    "diff": ("diff",),
    "search": ("search", "新闻"),
    "retry": ("retry", "--yes"),
    "resolve": ("resolve", "2021-07-18"),
    "correct": ("correct", "2021-07-18", "--yes"),
    "tick": ("tick",),
    "tick log": ("tick", "--log", "json"),
    "worker": ("worker",),
    "hold": ("hold", "2021-08-01"),
    "reschedule": ("reschedule", "2021-08-01", "23:30"),
    "adopt": ("adopt",),
    "subscribers": ("subscribers", "list"),
    "trust-ledger": ("trust-ledger",),
    "doctor": ("doctor",),
    "channels": ("channels",),
    "config": ("config",),
    "completion": ("completion", "bash"),
    "help check": ("help", "check"),
}
WRONG = ("publish wrong", "resolve", "correct", "worker", "subscribers")
"""They fail, so that without --json nothing is for stdout."""

FULL = os.strerror(errno.ENOSPC)
CLOSED = os.strerror(errno.EBADF)


class Full(io.StringIO):
    """A file on a disk that is full."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, FULL)


class FullLater(io.StringIO):
    """The same, noticed when the buffer is flushed, like /dev/full."""

    def flush(self) -> None:
        if self.getvalue():
            raise OSError(errno.ENOSPC, FULL)


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS: dict[str, Callable[[], io.StringIO | None]] = {
    "closed": lambda: None,
    "closed later": closed,
    "full": Full,
    "full later": FullLater,
}


@pytest.fixture
def broken(letter: Path) -> Path:
    """A newsletter in which every command has something to say."""
    (letter / "issues" / "2021-07-11.md").write_text(
        "# 慢刊 (2021-07-11)：题\n\n## 新闻\n\n- [条](https://e.org/9)\n摘要：好，，\n"
    )
    return letter


def call(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], out: io.StringIO | None, err: io.StringIO | None
) -> int:
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "stdin", None)
    return main(words, NOW)


def test_every_command_is_in_the_table() -> None:
    """Except for those that go on until they are stopped, and the one that reads standard input."""
    assert {words[0] for words in WORDS.values() if words} >= COMMANDS.keys() - {"daemon", "preview", "bounces"}


@pytest.mark.parametrize("stream", ["closed", "full later"])
@pytest.mark.parametrize("name", WORDS)
def test_stdout_that_cannot_be_written(broken: Path, monkeypatch: pytest.MonkeyPatch, name: str, stream: str) -> None:
    expected = 2 if name in WRONG else 6
    err = io.StringIO()
    assert call(monkeypatch, WORDS[name], STREAMS[stream](), err) == expected
    lines = err.getvalue().splitlines()
    assert sum(line.startswith("error: cannot write to stdout: ") for line in lines) == (expected == 6)
    assert "Traceback" not in err.getvalue()
    assert "error: internal error" not in err.getvalue()


@pytest.mark.parametrize("stream", ["full"])
@pytest.mark.parametrize("name", WORDS)
def test_the_json_that_cannot_be_written(broken: Path, monkeypatch: pytest.MonkeyPatch, name: str, stream: str) -> None:
    err = io.StringIO()
    assert call(monkeypatch, (*WORDS[name], "--json"), STREAMS[stream](), err) == 6
    assert sum(line.startswith("error: ") for line in err.getvalue().splitlines()) == 1 + (name in WRONG)
    assert "error: internal error" not in err.getvalue()


@pytest.mark.parametrize("stream", ["full"])
@pytest.mark.parametrize("name", WORDS)
def test_stderr_that_cannot_be_written(broken: Path, monkeypatch: pytest.MonkeyPatch, name: str, stream: str) -> None:
    """Commands that have nothing to say there are done; of the others, stdout says what is lost."""
    out = io.StringIO()
    code = call(monkeypatch, WORDS[name], out, STREAMS[stream]())
    lost = [line for line in out.getvalue().splitlines() if line.startswith("error: cannot write to stderr: ")]
    assert (code == 6) == (len(lost) == 1) == bool(lost), (code, out.getvalue())
    assert "error: internal error" not in out.getvalue()
    if name in ("publish wrong", "new", "init", "check diff"):
        assert code == 6


@pytest.mark.parametrize("stream", ["closed later"])
@pytest.mark.parametrize("name", WORDS)
def test_json_says_that_messages_are_lost(
    broken: Path, monkeypatch: pytest.MonkeyPatch, name: str, stream: str
) -> None:
    out = io.StringIO()
    code = call(monkeypatch, (*WORDS[name], "--json"), out, STREAMS[stream]())
    if out.getvalue().startswith("{"):
        result = json.loads(out.getvalue())
        assert result["exit"] == code
        assert code != 6 or result["error"]["message"]
    assert "error: internal error" not in out.getvalue()


@pytest.mark.parametrize("name", WORDS)
def test_no_stream_at_all(broken: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert call(monkeypatch, WORDS[name], None, None) == 6


def test_the_work_is_done(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    err = io.StringIO()
    assert call(monkeypatch, (), Full(), err) == 6
    assert err.getvalue() == (
        "next: open public/2021-07-18/index.html\n"
        f"error: cannot write to stdout: {FULL} · the work itself ended with exit code 0\n"
    )
    assert (broken / "public" / "feed.xml").exists()
    out = io.StringIO()
    assert call(monkeypatch, (), out, err) == 0
    assert "nothing to do" in out.getvalue()


def test_a_disk_that_has_room_again() -> None:
    out, err = Full(), io.StringIO()
    output = Output(out, err)
    output.line("one")
    out.write = lambda text: io.StringIO.write(out, text)  # type: ignore[method-assign]
    output.line("two")
    assert output.close(0) == 6
    assert out.getvalue() == "two\n"


def test_a_higher_exit_code_stays() -> None:
    assert Output(None, io.StringIO()).close(0) == 0  # nothing was to be printed
    output = Output(None, io.StringIO())
    output.line("one")
    assert output.close(130) == 130


def test_a_question_that_nobody_sees_is_not_agreed_to() -> None:
    class Terminal(Full):
        def isatty(self) -> bool:
            return True

    assert not Output(io.StringIO(), Terminal(), stdin=io.StringIO("y\n")).ask("Send?")


@pytest.mark.parametrize("words", [("check", "--stdin"), ("check", "--stdin", "--fix")])
def test_stdin_that_is_closed(letter: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    err = io.StringIO()
    assert call(monkeypatch, words, io.StringIO(), err) == 6
    assert err.getvalue() == "error: cannot read stdin: it is closed\n"


# ------------------------------------------------------------------- processes


def shell(redirections: str, *words: str) -> subprocess.CompletedProcess[str]:
    line = f'exec "$@" {redirections}'
    return subprocess.run(
        ["sh", "-c", line, "sh", sys.executable, "-m", "publisher", *words], capture_output=True, encoding="utf-8"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize(
    ("redirections", "words"),
    [
        (">&-", ()),
        (">&-", ("check",)),
        (">&-", ("--help",)),
        (">&- <&-", ("hold", "2021-08-01")),
        (">/dev/full", ()),
        (">/dev/full", ("--json",)),
        (">/dev/full", ("completion", "zsh")),
        (">/dev/full", ("--version",)),
        ("1</dev/null", ("status",)),
    ],
)
def test_streams_of_the_shell(letter: Path, redirections: str, words: tuple[str, ...]) -> None:
    if "/dev/full" in redirections and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = shell(redirections, *words)
    assert (done.returncode, done.stdout) == (6, "")
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith(("warning: ", "next: "))]
    assert line.startswith(f"error: cannot write to stdout: {FULL if 'full' in redirections else CLOSED}")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("redirections", [">&- 2>&-", ">&- 2>&- <&-", ">/dev/full 2>/dev/full"])
def test_files_do_not_take_the_numbers_of_closed_streams(letter: Path, redirections: str) -> None:
    """Else what is printed by anybody would be written into the ledger."""
    assert shell(redirections, "hold", "2021-08-01").returncode == 6
    done = shell("", "status", "2021-08-01")
    assert done.returncode == 0
    assert "held" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_the_daemon_goes_on_without_its_log(letter: Path) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        subprocess.Popen([sys.executable, "-m", "publisher", "daemon"], stdout=full, stderr=subprocess.PIPE) as process,
    ):
        assert process.stderr
        deadline = time.monotonic() + 300
        while not (letter / "public" / "feed.xml").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read().decode()
        assert process.wait() == 6
    assert said.count("error: cannot write to stdout") == 1
