"""The confirmation before messages are sent, and test sends."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.newsletter import CHAT_SETTINGS, CommandProject, Said

ROOT = Path(__file__).parents[2]


# ---------------------------------------------------------------- the question


def test_nothing_leaves_unasked(letter: CommandProject) -> None:
    assert letter.lines("--channel", "web,chat", code=2)[1:] == [
        "✓ web       public/index.html · 2 issues · 7 files written, 0 unchanged",
        "✗ chat      not sent: confirmation required (no terminal): chat: @readers · 3 messages that cannot be unsent",
        "  = fix: use --yes",
        "1 of 2 channels done · exit 2",
    ]
    assert letter.world.calls == []


def test_yes_is_an_answer(letter: CommandProject) -> None:
    assert letter.lines("--channel", "chat", "--yes") == [
        "issue 2021-07-18 · latest due",
        "✓ chat      @readers · 3 sent · https://chat.example/89",
    ]
    assert letter.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert letter.lines("--channel", "chat", "-y")[1] == (
        "nothing to do: published 2021-07-18 12:00 and unchanged since"
    )


def test_a_change_is_no_departure(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    assert "✓ chat      @readers · 1 changed · https://chat.example/89" in letter.lines()
    assert letter.world.calls[3:] == ["update 2 贰"]


def test_a_dry_run_says_what_would_be_sent(letter: CommandProject) -> None:
    assert letter.lines("--channel", "chat", "--dry-run")[1:] == ["✓ chat      3 messages to @readers"]
    assert not letter.place.exists()
    letter.run("--channel", "chat", "--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    line = "✓ chat      1 message changed in @readers · https://chat.example/89"
    assert letter.lines("--channel", "chat", "--dry-run")[1:] == [line]


def test_json_tells_what_was_sent(letter: CommandProject) -> None:
    found = json.loads(letter.run("--yes", "--json").out)["channels"]
    assert found["chat"] == {
        "written": [],
        "unchanged": 0,
        "gone": [],
        "destination": "@readers",
        "sent": 3,
        "changed": 0,
        "unlisted": 0,
        "refused": 0,
        "queued": 0,
        "url": "https://chat.example/89",
        "held": "",
        "error": None,
    }
    assert (found["web"]["destination"], found["web"]["sent"]) == ("", 0)


def test_max_wait_has_an_end(letter: CommandProject) -> None:
    letter.orders("1 rest")
    lines = letter.lines("--channel", "chat", "--yes", "--max-wait", "0", code=3)
    assert re.fullmatch(
        r"✗ chat      3 of 3 not sent yet, next attempt 2021-07-18 05:00:\d\d UTC: the chat is tired", lines[1]
    )


@pytest.mark.parametrize("word", ["soon", "-1", "inf", "nan"])
def test_max_wait_is_in_seconds(letter: CommandProject, word: str) -> None:
    assert letter.run(f"--max-wait={word}") == Said(
        2, "", f"error: {word} is not a number of seconds · like --max-wait 60\n"
    )


@pytest.fixture
def terminal(letter: CommandProject, tmp_path: Path) -> Callable[[str], tuple[int, str]]:
    """Publish on a real terminal, answering the question: the exit code, and all that was on the screen."""
    package = tmp_path / "site" / "chat-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: chat\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[publisher.channels]\nchat = tests.support.fake_channel:Chat\n")
    paths = os.pathsep.join([str(package.parent), str(ROOT)])
    words = [sys.executable, "-m", "publisher", "2021-07-18", "--channel", "chat"]

    def publish(answer: str) -> tuple[int, str]:
        child, screen = pty.fork()
        if not child:
            os.execve(words[0], words, os.environ | {"PYTHONPATH": paths, "NO_COLOR": "1"})
        shown = b""
        with suppress(OSError):  # Linux says so when nobody has the other end open any more
            while data := os.read(screen, 1024):
                shown += data
                if shown.endswith(b"[y/N] "):
                    os.write(screen, answer.encode())
        os.close(screen)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode().replace("\r\n", "\n")

    return publish


def test_a_terminal_is_asked(letter: CommandProject, terminal: Callable[[str], tuple[int, str]]) -> None:
    code, shown = terminal("n\n")
    assert code == 2
    age = re.search(r" · the issue is ([\d,]+) days old", shown)
    assert age
    today = (dt.date.today() - dt.date(2021, 7, 18)).days
    assert int(age[1].replace(",", "")) in (today - 1, today), "whatever time of the day it is"
    assert shown.replace(age[0], "").startswith(
        "issue 2021-07-18 · issues/2021-07-18.md\n"
        "chat  @readers · 3 messages that cannot be unsent\n"
        "Send? [y/N] n\n"
        "✗ chat      not sent: you answered no\n"
    )
    assert letter.world.calls == []
    code, shown = terminal("y\n")
    assert code == 0
    assert "✓ chat      @readers · 3 sent" in shown
    assert len(letter.world.calls) == 3


# ---------------------------------------------------------------------- proofs


def test_a_test_send_goes_to_the_editor_alone(letter: CommandProject) -> None:
    assert letter.lines("2021-08-01", "--to-me") == [
        "issue 2021-08-01 · issues/2021-08-01.md",
        "✓ chat      @me · 2 sent · https://chat.example/84",
    ]
    assert [(call.recipient, call.text) for call in letter.world] == [("@me", "草"), ("@me", "稿")]
    assert not (letter.root / ".publisher").exists()
    assert not (letter.root / "public").exists()
    assert letter.lines("--to-me", "--dry-run")[1:] == ["✓ chat      3 messages to @me"]
    assert json.loads(letter.run("--to-me", "--json").out)["proof"] is True
    assert letter.lines("--yes", "-c", "chat")[1].startswith("✓ chat      @readers · 3 sent")


def test_a_test_send_that_is_not_possible(letter: CommandProject) -> None:
    toml = letter.root / "publisher.toml"
    toml.write_text(CHAT_SETTINGS.replace('me = "@me"', ""))
    assert letter.lines("--to-me", code=2)[1:3] == [
        "✗ chat      no test recipient is configured",
        '  = fix: add me = "…" to [channels.chat] of publisher.toml',
    ]
    toml.write_text(CHAT_SETTINGS.replace('room = "@readers"', ""))
    assert letter.lines("--to-me", code=2)[1:3] == [
        "✗ chat      not set up to send, only writes files",
        "  = fix: complete [channels.chat] of publisher.toml",
    ]
    assert letter.world.calls == []
    assert letter.run("--to-me", "--out", "x").err.startswith("error: --to-me sends a test and writes no files · ")
    assert letter.run("--to-me", "-c", "web").err.startswith(
        "error: no test send is possible: web only writes files · "
    )


@pytest.mark.parametrize(
    ("order", "code", "said"), [("refuse", 3, "the chat said no"), ("vanish", 4, "TimeoutError: no answer")]
)
def test_a_test_send_that_fails(letter: CommandProject, order: str, code: int, said: str) -> None:
    letter.orders(f"2 {order}")
    assert letter.lines("--to-me", code=code)[1] == f"✗ chat      {said}"
