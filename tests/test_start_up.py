"""A command imports only what it uses, because imports dominate its start-up time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCHEDULER_AND_NETWORK = {"PIL", "apscheduler", "httpx", "procrastinate", "starlette", "telegram", "uvicorn"}
HEAVY = SCHEDULER_AND_NETWORK | {"feedgen", "jinja2", "lxml", "mistune", "multiprocessing", "rich", "yaml"}
FEEDS = {"brotli", "feedgen", "lxml", "publisher.channels.rss.documents"}

# What a run for one channel must not load, besides the scheduler and what speaks to servers
UNUSED = {
    "rss": {"jinja2"},  # pages come from templates, feeds do not
    "telegram": {"asyncio", *FEEDS},
    "wechat": FEEDS,
    "email": {"jinja2", "smtplib", *FEEDS},
}
# … and whatever the channel: html.parser, which imports the first, is for tables in HTML; the rules that find only
# warnings are for `publish check`
UNUSED_BY_ALL = SCHEDULER_AND_NETWORK | {"_markupbase", "publisher.checks.check", "rich", "yaml"}
LIVE = {
    "telegram": 'chat = "@tide"\ntoken = "env:NO_TIDE_TOKEN"',
    "wechat": 'appid = "wx1"\nsecret = "env:NO_TIDE_SECRET"',
}


def imported(*arguments: str, folder: Path, options: tuple[str, ...] = (), code: int = 0) -> set[str]:
    """The modules that `publish ARGUMENTS` imports, its own start included."""
    command = [sys.executable, *options, "-X", "importtime", "-m", "publisher", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return set(re.findall(r"^import time:.*\| +([\w.]+)$", done.stderr, re.MULTILINE))


@pytest.fixture
def letter(tmp_path: Path, publish) -> Path:
    """The sample newsletter, not yet published."""
    publish("init", "--lang", "zh", "letter", folder=tmp_path)
    settings = tmp_path / "letter" / "publisher.toml"
    settings.write_text(settings.read_text("utf-8").replace("https://example.org", "https://e.org"), "utf-8")
    for path in (tmp_path / "letter" / "issues").iterdir():
        os.utime(path, (0, 1_600_000_000))  # one written a moment ago is read again
    return tmp_path / "letter"


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)], ids=" ".join)
def test_help(root: Path, arguments: tuple[str, ...]) -> None:
    # without `site`, which imports half of these for an editable install
    found = imported(*arguments, folder=root, options=("-S",))
    assert "publisher" in found
    assert found & (HEAVY | {"datetime", "hashlib", "json", "logging", "pathlib", "typing", "urllib"}) == set()


def test_nothing_to_do(letter: Path, publish) -> None:
    publish(folder=letter)
    # msgspec imports inspect, uuid and decimal: more than all the rest of this run; _hashlib is OpenSSL
    slow = {"_hashlib", "dataclasses", "inspect", "msgspec", "threading", "typing", "zoneinfo"}
    assert imported(folder=letter) & (HEAVY | slow) == set()


@pytest.mark.parametrize("channel", UNUSED)
def test_one_channel(letter: Path, channel: str) -> None:
    found = imported("--channel", channel, folder=letter)
    assert "mistune" in found, "the newest issue was not rendered"
    assert found & (UNUSED[channel] | UNUSED_BY_ALL) == set()


@pytest.mark.parametrize("channel", LIVE)
def test_one_channel_that_would_send(letter: Path, channel: str) -> None:
    settings, table = letter / "publisher.toml", f"[channels.{channel}]"
    settings.write_text(settings.read_text("utf-8").replace(table, f"{table}\n{LIVE[channel]}"), "utf-8")
    found = imported("--channel", channel, "--dry-run", folder=letter)
    assert "mistune" in found, "the newest issue was not rendered"
    assert found & (UNUSED[channel] | SCHEDULER_AND_NETWORK) == set()


def test_another_chat(letter: Path, publish) -> None:
    """Feeds cannot have changed, so that nothing of them is loaded, and the issue was parsed before."""
    settings, table = letter / "publisher.toml", "[channels.telegram]\n"
    with_table = settings.read_text("utf-8")
    settings.write_text(with_table.replace(table, f'{table}chat = "@tides"\n'), "utf-8")
    publish("--yes", folder=letter)
    settings.write_text(with_table.replace(table, f'{table}chat = "@river"\n'), "utf-8")
    found = imported("--yes", folder=letter)
    assert "publisher.channels.telegram.render" in found, "the message was not rendered"
    assert found & {"mistune", "publisher.reader", *FEEDS} == set()


@pytest.mark.parametrize("arguments", [("status",), ("tick",), ("hold", "2999-08-01", "--release")], ids=" ".join)
def test_upcoming_issues(letter: Path, arguments: tuple[str, ...], publish) -> None:
    publish("tick", folder=letter, code=1)  # which tells of the issues of long ago
    (letter / "issues" / "2999-08-01.md").write_text("# 慢工 (2999-08-01)：将来\n\n- 甲\n", "utf-8")
    assert imported(*arguments, folder=letter) & SCHEDULER_AND_NETWORK == set()


def test_an_issue_that_is_too_large_is_refused_without_the_reader(letter: Path) -> None:
    issue, *others = (letter / "issues").iterdir()
    for other in others:
        other.unlink()
    issue.write_text("word " * 2_000_000)
    found = imported("check", issue.stem, folder=letter, code=1)
    assert "publisher.checker" in found
    assert found & {"mistune", "publisher.contents", "publisher.reader"} == set()


def test_imports_are_seen(tmp_path: Path) -> None:
    """The tests above can fail: a program that imports a heavy module is detected."""
    (tmp_path / "publisher.py").write_text("import yaml", "utf-8")
    assert "yaml" in imported(folder=tmp_path) & HEAVY
