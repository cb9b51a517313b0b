"""The wheel: one package with its templates, and a command that runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that packaging reads, so that a build does not change the working tree."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("publisher", "channels", "templates"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, copy)
    return copy


def build(source: Path, kind: str) -> Path:
    """The wheel that pip would install: `kind` is wheel or editable."""
    hook = f"import setuptools.build_meta as backend; backend.build_{kind}({kind!r})"
    run(sys.executable, "-c", hook, folder=source)
    return next((source / kind).glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    return build(source, "wheel")


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of an empty environment without pip; packages are installed from outside."""
    venv.create(tmp_path / "env", with_pip=False)
    return tmp_path / "env" / "bin" / "python"


def lend_libraries(python: Path) -> None:
    """Let the environment import the dependencies through their path, which excludes editable installs."""
    line = "import site; print(site.getsitepackages()[0])"
    packages = Path(run(python, "-c", line, folder=python.parent).strip())
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"), "utf-8")


def inside(wheel: Path) -> set[PurePosixPath]:
    with ZipFile(wheel) as archive:
        return {PurePosixPath(name) for name in archive.namelist()}


def test_the_wheel_installs_one_package(wheel: Path) -> None:
    tops = {name.parts[0] for name in inside(wheel) if not name.parts[0].endswith(".dist-info")}
    assert tops == {"publisher"}, "channels and templates must go below publisher"


def test_the_wheel_holds_every_file_of_the_source(root: Path, wheel: Path) -> None:
    held = {name.as_posix() for name in inside(wheel)}
    for folder, package in (
        ("publisher", "publisher"),
        ("channels", "publisher/channels"),
        ("templates", "publisher/templates"),
    ):
        for file in (root / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts and file.name != "README.md":
                assert f"{package}/{file.relative_to(root / folder).as_posix()}" in held
    assert not any(name.endswith("README.md") for name in held)


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_installed_it_runs(kind: str, source: Path, python: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", python]
    run(*pip, "install", "--no-deps", "--no-index", build(source, kind), folder=tmp_path)
    lend_libraries(python)
    version = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert version in run(python.parent / "publish", "--version", folder=tmp_path)
    assert version in run(python, "-m", "publisher", "--version", folder=tmp_path)
    files = "import publisher.channels as c, publisher.templates as t; print(c.__file__, t.__file__)"
    for file in run(python, "-c", files, folder=tmp_path).split():
        assert Path(file).is_relative_to(source if kind == "editable" else tmp_path)
