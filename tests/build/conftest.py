"""A newsletter of four issues, and what was done with its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher import reader
from tests.build.file_channels import file_project
from tests.support.newsletter import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = file_project(tmp_path / "letter")
    for date in ("2020-12-06", "2021-06-20", "2021-07-04", "2021-07-18"):
        made.write(date, f"第{date}题")
    return made


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were parsed, in order."""
    paths: list[str] = []
    read = reader.parse_issue
    monkeypatch.setattr(
        reader, "parse_issue", lambda text, path, *date: (paths.append(path), read(text, path, *date))[1]
    )
    return paths


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were put in place, in order."""
    names: list[str] = []
    replace_file = Path.replace

    def note(self: Path, target: Path) -> Path:
        names.append(Path(target).name)
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", note)
    return names
