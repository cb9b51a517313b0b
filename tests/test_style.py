"""The source is clean under ruff and under mypy --strict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def findings(tool: str, *arguments: str, folder: Path) -> str:
    """What a tool says, empty when it is content. Paths are those of the source tree."""
    command = [sys.executable, "-m", tool, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    said = done.stdout + done.stderr
    for moved in ("channels", "templates"):
        said = said.replace(f"publisher/{moved}/", f"{moved}/")
    return said if done.returncode else ""


def type_findings(source: Path, stage: Path, config: Path) -> str:
    """mypy reads folders, so it is shown the packages where they stand once installed."""
    package = stage / "publisher"
    package.mkdir(parents=True, exist_ok=True)
    for old in package.iterdir():
        old.unlink()
    for part in (source / "publisher").iterdir():
        if part.name != "__pycache__":
            (package / part.name).symlink_to(part)
    (package / "channels").symlink_to(source / "channels")
    (package / "templates").symlink_to(source / "templates")
    packages = ["publisher"]
    if (simulation := source / "tests" / "simulate").is_dir():  # which takes too long to be run with the tests
        (stage / "tests").unlink(missing_ok=True)
        (stage / "tests").symlink_to(simulation.parent)
        packages.append("tests.simulate")
    of_packages = [word for name in packages for word in ("--package", name)]
    return findings("mypy", "--config-file", str(config), *of_packages, folder=stage)


@pytest.mark.parametrize("arguments", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff(arguments: tuple[str, ...], root: Path) -> None:
    if said := findings("ruff", *arguments, "--quiet", ".", folder=root):
        pytest.fail(said, pytrace=False)


def test_types(root: Path) -> None:
    if said := type_findings(root, root / "build" / "types", root / "pyproject.toml"):
        pytest.fail(said, pytrace=False)


def test_a_wrong_type_in_a_channel_is_found(root: Path, tmp_path: Path) -> None:
    for name in ("publisher", "channels", "templates"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "channels" / "pigeon.py").write_text("wings: int = 'two'\n", "utf-8")
    said = type_findings(tmp_path, tmp_path / "stage", root / "pyproject.toml")
    assert said.startswith("channels/pigeon.py:1: error: Incompatible types")
