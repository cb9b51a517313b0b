"""Folders of Markdown, and commands as a new user types them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from publisher import config, registry
from publisher.config import Config

Write = Callable[[Mapping[str, str]], Path]
Commit = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, as the current one, in which git finds no repository but its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "harbour"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def write(folder: Path) -> Write:
    """Write files below the folder, by path."""

    def write_files(texts: Mapping[str, str]) -> Path:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return folder

    return write_files


@pytest.fixture
def commit(folder: Path) -> Commit:
    """Commit everything in the folder, as of a day."""

    def commit_all(day: str) -> None:
        moment = f"{day}T12:00:00+00:00"
        env = os.environ | {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment, "HOME": str(folder.parent)}
        if not (folder / ".git").exists():
            subprocess.run(["git", "init", "-q"], cwd=folder, env=env, check=True)
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@e.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "add", "-A"], cwd=folder, env=env, check=True)
        subprocess.run(["git", *identity, "commit", "-qm", day], cwd=folder, env=env, check=True)

    return commit_all


def load(folder: Path) -> Config:
    return config.load_config(folder / "publisher.toml", registry.load_channel)
