"""A newsletter that can be published, and one of which nobody knows what arrived."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher import registry
from tests.chat import Chat
from tests.commands.letter import Letter


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Letter:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda name: Chat if name == "chat" else load(name))
    made = Letter(tmp_path / "letter", capsys.readouterr)
    monkeypatch.chdir(made.root)
    return made


@pytest.fixture
def unknown(letter: Letter) -> Letter:
    letter.orders("2 vanish")
    letter.run("--yes")
    letter.orders()
    return letter
