"""The source is clean under ruff and under mypy --strict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHANNELS, TEMPLATES = "publisher/channels", "publisher/templates"


def run(tool: str, *arguments: str, folder: Path) -> None:
    command = [sys.executable, "-m", tool, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        told = (done.stdout + done.stderr).replace(CHANNELS, "channels").replace(TEMPLATES, "templates")
        pytest.fail(f"{tool} {' '.join(arguments)}\n{told}", pytrace=False)


def test_ruff_finds_nothing(root: Path) -> None:
    run("ruff", "check", "--quiet", ".", folder=root)


def test_ruff_would_format_nothing(root: Path) -> None:
    run("ruff", "format", "--check", "--quiet", ".", folder=root)


def test_types_hold(root: Path) -> None:
    """mypy reads folders, so it is shown the packages where they stand once installed."""
    stage = root / "build" / "types"
    package = stage / "publisher"
    package.mkdir(parents=True, exist_ok=True)
    for old in package.iterdir():
        old.unlink()
    for part in (root / "publisher").iterdir():
        if part.name != "__pycache__":
            (package / part.name).symlink_to(part)
    (package / "channels").symlink_to(root / "channels")
    (package / "templates").symlink_to(root / "templates")
    run("mypy", "--config-file", str(root / "pyproject.toml"), "--package", "publisher", folder=stage)
