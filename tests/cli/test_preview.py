"""`publish preview`: which issue it shows, what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command


class Stop:
    """In place of the wait for Ctrl+C: looks at the preview, then presses it."""

    def __init__(self) -> None:
        self.address = ""
        self.state: Any = None

    def open(self, address: str) -> bool:
        self.address = address
        return True

    def wait(self, _seconds: float) -> None:
        if self.address:
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
            opener.open(self.address, timeout=300).close()
            with opener.open(self.address.partition("?")[0] + "state", timeout=300) as answer:
                self.state = json.load(answer)
        raise KeyboardInterrupt


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    stop = Stop()
    monkeypatch.setattr("publisher.cli.preview.Event", lambda: stop)
    monkeypatch.setattr("webbrowser.open", stop.open)
    return stop


@pytest.mark.parametrize(
    ("words", "date"),
    [
        ((), "2021-07-04"),
        (("2021-07-18",), "2021-07-18"),
        (("issues/2021-08-01.md",), "2021-08-01"),
        (("latest",), "2021-07-18"),
        (("next",), "2021-08-01"),
    ],
    ids=str,
)
def test_the_issue_that_is_named_or_was_changed_last(
    letter: Path, run: Command, stop: Stop, words: tuple[str, ...], date: str
) -> None:
    os.utime(letter / "issues" / "2021-07-04.md")
    said = run("preview", *words)
    assert said.code == 0
    assert stop.state["issue"]["path"] == f"issues/{date}.md"
    assert said.out == f"issues/{date}.md · {stop.address}\n"
    assert "next: save the issue" in said.err


def test_the_browser_is_not_opened_with_no_open(letter: Path, run: Command, stop: Stop) -> None:
    assert run("preview", "--no-open").code == 0
    assert stop.address == ""


def test_json_is_printed_while_it_runs(letter: Path, run: Command, stop: Stop) -> None:
    said = run("preview", "2021-07-18", "--json")
    assert json.loads(said.out) == {"issue": "issues/2021-07-18.md", "url": stop.address, "exit": 0}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("2021-01-01",), "there is no issue 2021-01-01"),
        (("--port", "x"), "x is not a port · like --port 8000"),
        (("--port", "65536"), "65536 is not a port"),
        (("--port", "-1"), "-1 is not a port"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line(letter: Path, run: Command, stop: Stop, words: tuple[str, ...], error: str) -> None:
    said = run("preview", *words)
    assert said.code == 2
    assert said.err.startswith(f"error: {error}")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("module", ["starlette", "uvicorn", "watchfiles", "nh3"])
def test_without_the_extra_the_error_names_it(letter: Path, module: str) -> None:
    """In a process of its own: modules that are imported again would be others than those that tests patch."""
    code = (
        f"import sys; sys.modules[{module!r}] = None; sys.argv[1:] = ['preview']; "
        "from publisher.cli.main import run_and_exit; run_and_exit()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=letter, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: publish preview needs starlette, uvicorn, watchfiles and nh3 · ")
    assert "preview" in done.stderr.partition(" · ")[2]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_at_once(letter: Path, end: signal.Signals) -> None:
    command = [sys.executable, "-m", "publisher", "preview", "--no-open", "--json"]
    process = subprocess.Popen(command, cwd=letter, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    printed = process.stdout.readline()
    while not printed.endswith("}\n"):
        printed += process.stdout.readline()
    assert json.loads(printed)["url"].startswith("http://127.0.0.1:")
    process.send_signal(end)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
