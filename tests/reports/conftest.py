"""A newsletter that can be published, and one with an unknown outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.newsletter import Letter, begun


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Letter:
    return begun(tmp_path, monkeypatch, capsys)


@pytest.fixture
def unknown(letter: Letter) -> Letter:
    letter.orders("2 vanish")
    letter.run("--yes")
    letter.orders()
    return letter
