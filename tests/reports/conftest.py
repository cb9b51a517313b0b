"""A newsletter that can be published, and one with an unknown outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.newsletter import CommandProject, command_project


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandProject:
    return command_project(tmp_path, monkeypatch, capsys)


@pytest.fixture
def unknown(letter: CommandProject) -> CommandProject:
    letter.orders("2 vanish")
    letter.run("--yes")
    letter.orders()
    return letter
