"""A command imports only what it uses, because imports dominate its start-up time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCHEDULER_AND_NETWORK = {"PIL", "apscheduler", "httpx", "procrastinate", "starlette", "telegram", "uvicorn"}
HEAVY = SCHEDULER_AND_NETWORK | {"feedgen", "jinja2", "lxml", "mistune", "multiprocessing", "rich", "yaml"}


def imported(*arguments: str, folder: Path, options: tuple[str, ...] = ()) -> set[str]:
    """The modules that `publish ARGUMENTS` imports, its own start included."""
    command = [sys.executable, *options, "-X", "importtime", "-m", "publisher", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(re.findall(r"^import time:.*\| +([\w.]+)$", done.stderr, re.MULTILINE))


@pytest.fixture
def letter(tmp_path: Path, publish) -> Path:
    """The sample newsletter, not yet published."""
    publish("init", "--lang", "zh", "letter", folder=tmp_path)
    settings = tmp_path / "letter" / "publisher.toml"
    settings.write_text(settings.read_text("utf-8").replace("https://example.org", "https://e.org"), "utf-8")
    return tmp_path / "letter"


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)], ids=" ".join)
def test_help(root: Path, arguments: tuple[str, ...]) -> None:
    # without `site`, which imports half of these for an editable install
    found = imported(*arguments, folder=root, options=("-S",))
    assert "publisher" in found
    assert found & (HEAVY | {"datetime", "hashlib", "json", "logging", "pathlib", "typing", "urllib"}) == set()


def test_nothing_to_do(letter: Path, publish) -> None:
    publish(folder=letter)
    # msgspec imports inspect, uuid and decimal: more than all the rest of this run
    assert (
        imported(folder=letter) & (HEAVY | {"dataclasses", "inspect", "msgspec", "threading", "typing", "zoneinfo"})
        == set()
    )


def test_one_feed(letter: Path) -> None:
    found = imported("--channel", "rss", folder=letter)
    assert {"mistune", "feedgen"} <= found, "the newest issue was not built"
    assert found & SCHEDULER_AND_NETWORK == set()
    assert "jinja2" not in found, "pages come from templates, feeds do not"
    assert "_markupbase" not in found, "html.parser, which imports it, is for tables in HTML"
    assert "publisher.checks.check" not in found, "the rules that find only warnings are for `publish check`"


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)], ids=["files", "a bot, but dry"])
def test_telegram_that_sends_nothing(letter: Path, arguments: tuple[str, ...]) -> None:
    if arguments:
        settings = letter / "publisher.toml"
        live = '[channels.telegram]\nchat = "@tide"\ntoken = "env:NO_TIDE_TOKEN"'
        settings.write_text(settings.read_text("utf-8").replace("[channels.telegram]", live), "utf-8")
    found = imported("--channel", "telegram", *arguments, folder=letter)
    assert "mistune" in found, "the newest issue was not rendered"
    assert found & (SCHEDULER_AND_NETWORK | {"asyncio", "publisher.channels.rss.documents"}) == set()


@pytest.mark.parametrize("arguments", [("status",), ("tick",), ("hold", "2999-08-01", "--release")], ids=" ".join)
def test_upcoming_issues(letter: Path, arguments: tuple[str, ...], publish) -> None:
    publish("tick", folder=letter, code=1)  # which tells of the issues of long ago
    (letter / "issues" / "2999-08-01.md").write_text("# 慢工 (2999-08-01)：将来\n\n- 甲\n", "utf-8")
    assert imported(*arguments, folder=letter) & SCHEDULER_AND_NETWORK == set()


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)], ids=["files", "an account, but dry"])
def test_wechat_that_sends_nothing(letter: Path, arguments: tuple[str, ...]) -> None:
    if arguments:
        settings = letter / "publisher.toml"
        live = '[channels.wechat]\nappid = "wx1"\nsecret = "env:NO_TIDE_SECRET"'
        settings.write_text(settings.read_text("utf-8").replace("[channels.wechat]", live), "utf-8")
    found = imported("--channel", "wechat", *arguments, folder=letter)
    assert "mistune" in found, "the newest issue was not rendered"
    assert found & SCHEDULER_AND_NETWORK == set()


def test_imports_are_seen(tmp_path: Path) -> None:
    """The tests above can fail: a program that imports a heavy module is detected."""
    (tmp_path / "publisher.py").write_text("import yaml", "utf-8")
    assert "yaml" in imported(folder=tmp_path) & HEAVY
