"""`publish doctor`, and the words all commands use."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher import config, registry
from publisher.channel import Finding, FindingLevel
from publisher.reports.doctor import diagnose
from publisher.run import RunContext
from publisher.theme import Theme
from tests.support.fake_channel import Chat
from tests.support.newsletter import CHAT_SETTINGS, NOON, CommandProject

# ---------------------------------------------------------------------- doctor


def test_a_healthy_newsletter(letter: CommandProject) -> None:
    letter.run("--yes")
    lines = letter.lines("doctor")
    assert {line[0] for line in lines} == {"✓"}
    assert "✓ chat      may write to @readers" in lines
    assert "✓ folders   public/ is writable" in lines
    assert "✓ ledger    its pages are intact" in lines
    assert any(re.match(r"✓ clock     2021-07-18 12:00:\d\d \+0800 in Asia/Shanghai", line) for line in lines)
    assert any("mistune 3" in line and "feedgen 1" in line for line in lines)
    assert len(letter.world.calls) == 3


def test_what_is_ill_and_what_mends_it(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "✓ ledger    none yet, created by the first publish" in letter.lines("doctor")
    letter.orders("2 vanish")
    letter.run("--yes")
    letter.orders("deaf")
    letter.place.chmod(0o644)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "public")
    assert [line for line in letter.lines("doctor", code=2) if line[0] != "✓"] == [
        f"✗ folders   public/ is not writable · grant write access: chmod u+wx {letter.root}/public",
        "! ledger    its mode is 644 · run chmod 600 on the file",
        "! ledger    unknown: deliveries of 2021-07-18 · publish status",
        "✗ chat      the chat does not answer · look at the network",
    ]
    found = json.loads(letter.run("doctor", "--json").out)
    assert found["exit"] == 2
    assert found["findings"][-1] == {
        "subject": "chat",
        "level": "bad",
        "message": "the chat does not answer",
        "hint": "look at the network",
    }


def test_a_template_that_replaces_none(letter: CommandProject) -> None:
    folder = letter.root / "templates"
    folder.mkdir()
    (folder / "isue.html").write_text("")
    (folder / "our-footer.html").write_text("")  # for a template of the user's own to include
    assert [line for line in letter.lines("doctor") if "templates/" in line] == [
        "! folders   templates/isue.html does not replace any built-in template · did you mean issue.html?"
    ]


def test_warnings_are_no_failure(letter: CommandProject) -> None:
    (letter.root / "publisher.toml").write_text(CHAT_SETTINGS.replace('me = "@me"', ""))
    assert '! chat      no proofs can be sent · add me = "…"' in letter.lines("doctor")
    (letter.root / "publisher.toml").write_text(CHAT_SETTINGS.replace('room = "@readers"', ""))
    assert "✓ chat      not set up to send, only writes files" in letter.lines("doctor")


def test_a_clock_that_was_set_back(letter: CommandProject) -> None:
    letter.run("--yes")
    said = letter.run("doctor", now=NOON - dt.timedelta(days=1))
    assert said.code == 2
    assert re.search(r"✗ ledger    the last publication, at 2021-07-18 12:00:\d\d \+0800, lies in the future", said.out)
    assert "if the clock is behind, correct it" in said.out
    assert "future" not in letter.run("doctor").out


def test_one_who_does_not_answer_is_not_waited_for(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(self: Chat) -> Iterator[Finding]:
        released.wait(60)
        yield Finding(FindingLevel.OK, "too late")

    monkeypatch.setattr(Chat, "diagnose", hang)
    found = config.load_config(letter.root / "publisher.toml", registry.load_channel)
    run = RunContext.open(found, Theme.load(), NOON)
    examined = {one.subject: one.findings for one in diagnose(run, timeout=0.2)}
    released.set()
    assert [finding.message for finding in examined["chat"]] == ["no answer within 0.2 seconds"]


# ----------------------------------------------------------------- their words


@pytest.mark.parametrize("name", ["status", "retry", "resolve", "correct", "diff", "doctor"])
def test_help_fits_the_screen(letter: CommandProject, name: str) -> None:
    shown = letter.lines(name, "--help")
    assert shown[0].startswith((f"publish {name} ", f"publish {name}: "))
    assert "--json" in "".join(shown)
    assert max(map(len, shown)) <= 100


def test_nothing_is_wider_than_the_screen(letter: CommandProject) -> None:
    letter.orders("2 refuse")
    letter.run("--yes")
    assert max(map(len, letter.lines("status", code=3))) <= 80
