"""What the tests of deliveries share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.delivery.mailing import Mailing
from tests.support.newsletter import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One issue of three messages, at noon of its day."""
    project = Project(tmp_path / "letter")
    project.write("2021-07-18", "一", "二", "三")
    return project


@pytest.fixture(params=["sqlite", "postgres"])
def mailing(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mailing:
    database = request.getfixturevalue("postgres").address() if request.param == "postgres" else ""
    monkeypatch.setenv("LEDGER", database)
    return Mailing(tmp_path / "letter", database)
