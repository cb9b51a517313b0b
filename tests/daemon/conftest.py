"""What the tests of the daemon share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.newsletter import Project, due_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One issue of one message, due right now."""
    return due_project(tmp_path / "letter")
